"""rca_investigate: the ranked root causes of a symptom, told with evidence."""

import hashlib
from typing import Annotated

from pydantic import Field

from core.clock import monotonic_s
from core.principal import Principal
from mcp_servers.access import span_of
from mcp_servers.backends import IncidentStore
from mcp_servers.engines.fingerprints import fingerprint
from mcp_servers.engines.rca_ranking import Ranking, rank
from mcp_servers.rca.diagnose import Kind, Name, Namespace, scope_of
from mcp_servers.rca.incidents import keep
from mcp_servers.rca.investigation import Investigation
from mcp_servers.rca.refusals import rules_to_add
from mcp_servers.rca.shapes import BOTH, Language, Skipped
from mcp_servers.rca.study import Asked, Hands, Study, study
from mcp_servers.rca.telling import Teller
from mcp_servers.rca.texts import Texts

Window = Annotated[str, Field(max_length=20, description="ISO 8601.")]
SymptomText = Annotated[str, Field(max_length=500, description="What was observed.")]


async def rca_investigate(
    namespace: Namespace = "",
    kind: Kind = "",
    name: Name = "",
    symptom: SymptomText = "",
    window: Window = "PT1H",
    language: Language = "en",
    *,
    hands: Hands,
    incidents: IncidentStore | None,
    caller: Principal,
) -> Investigation:
    """Find the root cause of a failure: ranked causes with evidence, chain, timeline, what was ruled out.

    Use first for "why", "what is wrong", "since when".
    """
    began = monotonic_s()
    looked = await study(hands, caller, Asked(namespace, kind, name, symptom, span_of(window)))
    ranking = rank(
        looked.findings,
        looked.cluster,
        looked.topology,
        focus=looked.focus,
        namespace=looked.asked.namespace,
    )
    took_ms = round((monotonic_s() - began) * 1000)
    found: dict[Language, Investigation] = {
        one: _told(looked, ranking, one, took_ms) for one in BOTH
    }
    await keep(incidents, looked.cluster.name, found, language)
    return found[language]


def _told(looked: Study, ranking: Ranking, language: Language, took_ms: int) -> Investigation:
    """The same investigation in one language."""
    teller, texts = Teller(looked, ranking, language), Texts(language, looked.rules.by_id)
    return Investigation(
        incident_id=_incident_id(looked, ranking),
        verdict=ranking.verdict,
        summary=teller.summary(),
        scope=scope_of(looked),
        root_causes=teller.root_causes(),
        symptoms=teller.symptoms(),
        timeline=teller.timeline(),
        ruled_out=teller.ruled_out(),
        healthy=teller.healthy(),
        elsewhere=teller.elsewhere(),
        notes=teller.notes(),
        checked=looked.checked,
        not_checked=[
            Skipped(what=one.what, why=texts.reason(one)) for one in looked.cluster.not_checked
        ],
        rbac=rules_to_add(looked.cluster.not_checked),
        duration_ms=took_ms,
    )


def _incident_id(looked: Study, ranking: Ranking) -> str:
    """The same for the same causes in the same cluster, whoever asks and however often."""
    marks = sorted(fingerprint(root.finding) for root in ranking.roots)
    text = "\n".join([looked.cluster.name, looked.asked.namespace, *marks])
    return f"inc-{hashlib.sha256(text.encode()).hexdigest()[:12]}"
