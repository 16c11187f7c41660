"""Run suites over cases: the shipped ones, or a folder of somebody else's."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

from core.errors import Invalid
from evals.scoreboard import SuiteResult
from evals.suites import ask, rca
from evals.truth import Truth, cases_in

Suite = Callable[[Sequence[Truth]], Awaitable[SuiteResult]]
SUITES: dict[str, Suite] = {"rca": rca.run, "ask": ask.run}

ROOT = Path(__file__).parent.parent
SHIPPED = (ROOT / "sandbox" / "snapshots", ROOT / "evals" / "cases" / "rca")


async def run(suites: Sequence[str] = (), *, cases: Path | None = None) -> list[SuiteResult]:
    """The named suites, or all. Raises `Invalid` for an unknown suite or a folder without cases."""
    unknown = sorted(set(suites) - set(SUITES))
    if unknown:
        raise Invalid(f"There is no suite {unknown[0]!r}.", hint=f"Known: {', '.join(SUITES)}.")
    chosen = cases_in(cases) if cases else cases_in(*SHIPPED)
    if not chosen:
        raise Invalid(f"No case with a truth.yaml below {cases}.")
    return [await SUITES[name](chosen) for name in suites or SUITES]
