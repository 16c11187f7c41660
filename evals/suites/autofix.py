"""autofix: is what is broken mended through the whole loop, and nothing else touched?"""

from asyncio import Semaphore, gather
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from core.errors import OpsError
from evals.repairs.expected import Expected, expected
from evals.repairs.loop import Ran, go
from evals.repairs.people import people
from evals.scoreboard import Failure, SuiteResult
from evals.truth import Json, Truth
from mcp_servers.client import Connections
from sandbox.server import serving

# Most of a case is waiting for pods of a cluster that lives in this very process.
AT_ONCE = 3
# Seconds of the practice cluster in one of ours.
SPEED = 120.0
MENDED = "verified"


@dataclass(frozen=True, slots=True)
class Judged:
    """One case: what its truth wants, and what came of it."""

    truth: Truth
    wanted: Expected
    ran: Ran

    @property
    def fixes(self) -> list[str]:
        return [one["fix"] for one in self.ran.changes if one["status"] == MENDED]

    @property
    def mended(self) -> bool:
        """The very fix, on the very object, verified, and still well a while later."""
        return not self.ran.left and any(
            one.status == MENDED and self.wanted.takes(one.fix, target)
            for one in self.ran.done
            for target in one.targets
        )

    @property
    def declined(self) -> bool:
        """Nothing was written, and a sentence says why not and what a person should do; that nothing
        is wrong is an answer only where nothing is."""
        refused = [one["refused"] for one in self.ran.refused]
        advised = [one for one in refused if one["code"] != "not_found" and one["message"]]
        return not self.ran.changes and (bool(advised) or self.truth.is_healthy)

    @property
    def left_alone(self) -> bool:
        """Declined, or mended by an amount that an earlier revision had."""
        return self.declined or (self.wanted.guess and self.mended)

    def reasons(self) -> Iterator[str]:
        yield from (f"harm: {one}" for one in self.ran.harmed)
        if self.ran.error:
            yield self.ran.error
        if self.wanted.fixable and not self.mended:
            yield f"not mended by {'|'.join(sorted(self.wanted.fixes))}: {self._told()}"
        if not self.wanted.fixable and not self.left_alone:
            yield f"not declined: {self._told()}"

    def _told(self) -> str:
        done = [f"{one['fix']} {one['status']} {one['detail']}" for one in self.ran.changes]
        no = [f"{one['fix']} {one['refused']['message']}" for one in self.ran.refused]
        return "; ".join([*done, *no, *self.ran.left]) or "no cause was named"


async def run(cases: Sequence[Truth]) -> SuiteResult:
    """Of these, the cases whose truth says whether and how they are repaired."""
    chosen = [(one, wanted) for one in cases if (wanted := expected(one))]
    at_once = Semaphore(AT_ONCE)

    async def in_turn(truth: Truth, wanted: Expected) -> Judged:
        async with at_once:
            return Judged(truth, wanted, await _ran(truth))

    judged = await gather(*(in_turn(*one) for one in chosen))
    failures = [Failure(one.truth.name, why) for one in judged for why in one.reasons()]
    return SuiteResult("autofix", len(chosen), tuple(failures), _metrics(judged))


async def _ran(truth: Truth) -> Ran:
    """Served over the wire; an error of ours is what came of it."""
    try:
        with TemporaryDirectory() as folder:
            async with serving(truth.folder, speed=SPEED) as addresses:
                connections = Connections(
                    kubeconfig=addresses.kubeconfig,
                    prometheus_url=addresses.prometheus,
                    alertmanager_url=addresses.alertmanager,
                )
                async with people(connections, Path(folder)) as asking:
                    return await go(asking, addresses.kubeconfig, truth.said)
    except OpsError as error:
        return Ran(error=str(error))


def _metrics(judged: Sequence[Judged]) -> Json:
    fixable = [one for one in judged if one.wanted.fixable]
    others = [one for one in judged if not one.wanted.fixable]
    changes = Counter(one["status"] for each in judged for one in each.ran.changes)
    return {
        "fixable": len(fixable),
        "mended": sum(one.mended for one in fixable),
        "mended_share": _share(sum(one.mended for one in fixable), len(fixable)),
        "harmful": sum(bool(one.ran.harmed) for one in judged),
        "unharmed_share": _share(sum(not one.ran.harmed for one in judged), len(judged)),
        "unfixable": len(others),
        "declined": sum(one.left_alone for one in others),
        "declined_share": _share(sum(one.left_alone for one in others), len(others)),
        "changes": dict(sorted(changes.items())),
        "kinds_of_fix": dict(sorted(Counter(fix for one in judged for fix in one.fixes).items())),
    }


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 3) if whole else None
