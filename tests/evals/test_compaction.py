"""What was found survives a long conversation, and a first request stays small."""

from evals.runner import SHIPPED
from evals.suites import compaction
from evals.truth import cases_in


async def test_facts_survive_thirty_turns_within_a_small_window() -> None:
    result = await compaction.run(cases_in(SHIPPED[0]))
    assert [f"{one.case}: {one.why}" for one in result.failures] == []
    assert result.metrics["facts_looked_for"] >= 2 * result.cases
