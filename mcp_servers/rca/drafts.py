"""rca_draft_page: an incident as a postmortem or a runbook in Markdown, for a person to edit."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field

from core.errors import Invalid, NotFound
from core.principal import Principal
from mcp_servers.backends import IncidentStore
from mcp_servers.rca.aftermath import NOTHING_KNOWN, Aftermath
from mcp_servers.rca.diagnose import Kind, Name, Namespace
from mcp_servers.rca.draft_text import Draft
from mcp_servers.rca.incidents import KeptIncident, rca_get_incident, rca_list_incidents
from mcp_servers.rca.investigate import SymptomText, Window, rca_investigate
from mcp_servers.rca.investigation import Investigation
from mcp_servers.rca.sentences import SENTENCES
from mcp_servers.rca.shapes import Language
from mcp_servers.rca.study import Hands

Id = Annotated[str, Field(max_length=64, description="inc-…; empty: see the other arguments.")]
PageKind = Annotated[
    Literal["postmortem", "runbook", "incident"],
    Field(description="incident: as Midwatch itself keeps it, with nothing to fill in."),
]
KnownOfIt = Annotated[Aftermath, Field(description="What others know of it; empty: nothing.")]


class DraftedPage(BaseModel):
    incident_id: str
    kind: PageKind
    language: Language
    name: str = Field(description="A name to add it to the knowledge base under.")
    title: str
    markdown: str = Field(description="With front matter. Nothing was added anywhere.")

    def as_text(self) -> str:
        return self.markdown


async def rca_draft_page(
    kind: PageKind = "postmortem",
    incident_id: Id = "",
    namespace: Namespace = "",
    resource_kind: Kind = "",
    name: Name = "",
    symptom: SymptomText = "",
    window: Window = "PT1H",
    language: Language = "en",
    aftermath: KnownOfIt = NOTHING_KNOWN,
    *,
    hands: Hands,
    incidents: IncidentStore | None,
    caller: Principal,
) -> DraftedPage:
    """Draft a postmortem or a runbook as Markdown from an incident; a person edits and adds it.

    Of the incident with this id; or of what is wrong now with the named object, namespace or symptom;
    with neither, of the last incident.
    """
    if incident_id or not (namespace or name or symptom):
        kept = await _kept(incident_id, language, incidents, caller)
        return _page(kept.investigation, kept, kind, language, aftermath)
    found = await rca_investigate(
        namespace, resource_kind, name, symptom, window, language,
        hands=hands, incidents=incidents, caller=caller,
    )  # fmt: skip
    if not (found.root_causes or found.symptoms):
        raise SENTENCES.error(Invalid, "nothing_wrong")
    return _page(found, None, kind, language, aftermath)


async def _kept(
    incident_id: str, language: Language, incidents: IncidentStore | None, caller: Principal
) -> KeptIncident:
    if incident_id:
        return await rca_get_incident(incident_id, language, incidents=incidents, caller=caller)
    last = (await rca_list_incidents(1, incidents=incidents, caller=caller)).rows
    if not last:
        raise SENTENCES.error(NotFound, "no_incident_yet")
    return await rca_get_incident(last[0].id, language, incidents=incidents, caller=caller)


def _page(
    found: Investigation,
    kept: KeptIncident | None,
    kind: PageKind,
    language: Language,
    aftermath: Aftermath,
) -> DraftedPage:
    draft = Draft(found, kept, language, aftermath)
    markdown = {
        "postmortem": draft.postmortem,
        "runbook": draft.runbook,
        "incident": draft.incident,
    }
    return DraftedPage(
        incident_id=found.incident_id,
        kind=kind,
        language=language,
        name=_name(found.incident_id, kind, language),
        title=draft.title(kind),
        markdown=markdown[kind](),
    )


def _name(incident_id: str, kind: PageKind, language: Language) -> str:
    if kind == "incident":
        return f"past-incidents/{incident_id}.md"
    return f"incidents/{incident_id}.{kind}.{language}.md"
