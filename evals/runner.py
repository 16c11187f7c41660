"""Run suites over cases: the shipped ones, or a folder of somebody else's."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

from core.errors import Invalid
from evals.generated.making import FAULTS, HELD_OUT_FROM, REPAIRS, make_cases
from evals.scoreboard import SuiteResult
from evals.suites import (
    ask,
    asked_again,
    autofix,
    compaction,
    forecasts,
    injections,
    plumbing,
    rca,
    retrieval,
    routing,
    spend_anomalies,
)
from evals.truth import Truth, cases_in

REPAIRING = "autofix"
Suite = Callable[[Sequence[Truth]], Awaitable[SuiteResult]]
SUITES: dict[str, Suite] = {
    "rca": rca.run,
    "ask": ask.run,
    REPAIRING: autofix.run,
    "compaction": compaction.run,
}
# Judged on sentences, which need no cluster.
ROUTING = "routing"
# Orders planted in a cluster of its own.
INJECTIONS = "injections"
# Faulty models over a cluster of its own.
PLUMBING = "plumbing"
# Questions to the knowledge base, which needs no cluster either.
RETRIEVAL = "retrieval"
# Pairs of questions to it.
ASKED_AGAIN = "asked-again"
# Made-up series with a known truth.
Series = Callable[[], Awaitable[list[SuiteResult]]]
SERIES: dict[str, Series] = {
    "spend_anomalies": spend_anomalies.run,
    "forecasts": forecasts.run,
}
KNOWN = (*SUITES, ROUTING, INJECTIONS, PLUMBING, RETRIEVAL, ASKED_AGAIN, *SERIES)

# Folders of cases whose name ends in one of these are read in totals alone.
HELD_OUT = ("held_out", "rca_seventh")
ROOT = Path(__file__).parent.parent
SHIPPED = (ROOT / "sandbox" / "snapshots", ROOT / "evals" / "cases" / "rca")


@dataclass(frozen=True, slots=True)
class Drawn:
    """Cases to be drawn from a seed instead of read."""

    count: int
    seed: int

    @property
    def held_out(self) -> bool:
        return self.seed >= HELD_OUT_FROM


async def run(
    suites: Sequence[str] = (), *, cases: Path | None = None, drawn: Drawn | None = None
) -> list[SuiteResult]:
    """The named suites, or all. Raises `Invalid` for an unknown suite or a folder without cases."""
    unknown = sorted(set(suites) - set(KNOWN))
    if unknown:
        raise Invalid(f"There is no suite {unknown[0]!r}.", hint=f"Known: {', '.join(KNOWN)}.")
    if drawn:
        return await _run_drawn(suites, drawn)
    worlds = [name for name in suites or KNOWN if name in SUITES]
    results = await _run_worlds(worlds, cases) if worlds else []
    for name, judged in _without_worlds(cases).items():
        # A folder of cases has sentences only when somebody says that it has.
        if name in suites or not (suites or cases):
            results += await judged()
    return results


def _without_worlds(cases: Path | None) -> dict[str, Series]:
    """The suites that need no folder of clusters."""

    async def sentences() -> list[SuiteResult]:
        return routing.run(cases)

    async def orders() -> list[SuiteResult]:
        return [await injections.run()]

    async def models() -> list[SuiteResult]:
        return [await plumbing.run()]

    async def pages() -> list[SuiteResult]:
        return await retrieval.run(cases)

    own: dict[str, Series] = {
        ROUTING: sentences,
        INJECTIONS: orders,
        PLUMBING: models,
        RETRIEVAL: pages,
        ASKED_AGAIN: asked_again.run,
    }
    return {**own, **SERIES}


async def _run_worlds(suites: Sequence[str], cases: Path | None) -> list[SuiteResult]:
    chosen = cases_in(cases) if cases else cases_in(*SHIPPED)
    if not chosen:
        raise Invalid(f"No case with a truth.yaml below {cases}.")
    totals_only = cases is not None and cases.name.endswith(HELD_OUT)
    return [replace(await SUITES[name](chosen), totals_only=totals_only) for name in suites]


async def _run_drawn(suites: Sequence[str], drawn: Drawn) -> list[SuiteResult]:
    with TemporaryDirectory() as folder:
        # Only repairs are judged on worlds of their own.
        faults = (*FAULTS, *REPAIRS) if set(suites) == {REPAIRING} else tuple(FAULTS)
        make_cases(Path(folder), count=drawn.count, seed=drawn.seed, faults=faults)
        results = await run(suites or ("rca",), cases=Path(folder))
    return [replace(one, totals_only=drawn.held_out) for one in results]
