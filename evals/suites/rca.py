"""rca: does rca_investigate name the right root on every practice cluster, and nothing else?"""

from collections.abc import Sequence

from core.principal import Permission, Principal
from evals.graders import grade_investigation, grade_text, hit
from evals.scoreboard import Failure, SuiteResult
from evals.truth import Json, Truth
from mcp_servers.client import Connections, Tools, in_process
from sandbox.server import serving

JUDGE = Principal(subject="eval", permissions=frozenset(Permission))


async def run(cases: Sequence[Truth]) -> SuiteResult:
    failures: list[Failure] = []
    hits_at_1 = hits_at_3 = with_roots = 0
    for truth in cases:
        answer, text = await investigate(truth)
        reasons = [*grade_investigation(truth, answer), *grade_text(truth, text)]
        failures += [Failure(truth.name, reason) for reason in reasons]
        if truth.said.root_causes:
            with_roots += 1
            hits_at_1 += any(hit(truth, one) for one in answer["root_causes"][:1])
            hits_at_3 += any(hit(truth, one) for one in answer["root_causes"][:3])
    metrics = {
        "root_hit_at_1": round(hits_at_1 / with_roots, 3) if with_roots else None,
        "root_hit_at_3": round(hits_at_3 / with_roots, 3) if with_roots else None,
    }
    return SuiteResult("rca", len(cases), tuple(failures), metrics)


async def investigate(truth: Truth) -> tuple[Json, str]:
    """The structured answer, and all of its words, for one case served over the wire."""
    async with serving(truth.folder) as addresses:
        connections = Connections(
            kubeconfig=addresses.kubeconfig,
            prometheus_url=addresses.prometheus,
            alertmanager_url=addresses.alertmanager,
        )
        async with in_process(connections) as sessions:
            tools = Tools(sessions, JUDGE)
            answer = await tools.call("rca_investigate", namespace=truth.namespace)
    return answer.data, str(answer.data)
