"""What an editor offers while somebody fills in a prompt or an address: names that this caller sees."""

from collections.abc import Mapping, Sequence

from mcp.types import Completion, PromptReference, ResourceTemplateReference

from api.mcp_gateway.prompts import LANGUAGE, arguments_of
from api.mcp_gateway.resources import SHELVES, names_of
from api.mcp_gateway.sentences import SENTENCES
from core.errors import NotFound
from core.sentences import LANGUAGES
from mcp_servers.client import Tools

# As many as the protocol lets an answer have.
MOST = 100
WINDOWS = ("PT1H", "PT6H", "P1D", "P7D", "P30D", "P90D")
WORKLOADS, NAMESPACES = "kubernetes_list_workloads", "kubernetes_list_namespaces"
NEEDS = {"workload": WORKLOADS, "namespace": NAMESPACES, "incident_id": "rca_list_incidents"}


async def completed(
    ref: PromptReference | ResourceTemplateReference,
    argument: str,
    begun: str,
    others: Mapping[str, str],
    tools: Tools,
    offered: frozenset[str],
) -> Completion:
    """What `argument` may be, given what was typed of it. `others`: arguments that are filled in already.

    Raises `NotFound` for a prompt or an address that this caller is not offered.
    """
    if isinstance(ref, PromptReference):
        arguments_of(ref.name, offered)
        return fitting(await _of_prompt(argument, others, tools, offered), begun)
    for shelf in SHELVES:
        if ref.uri == shelf.template and shelf.shows in offered:
            known = argument == shelf.variable.lstrip("+")
            return fitting(await names_of(shelf.name, tools) if known else (), begun)
    known = ", ".join(one.template for one in SHELVES if one.shows in offered)
    raise SENTENCES.error(NotFound, "no_resource", uri=ref.uri, known=known)


def fitting(names: Sequence[str], begun: str) -> Completion:
    """Those that begin so, then those that contain it, each once."""
    wanted = begun.strip().lower()
    known = dict.fromkeys(names)
    first = [one for one in known if one.lower().startswith(wanted)]
    inside = [one for one in known if wanted in one.lower() and one not in first]
    found = [*first, *inside]
    return Completion(values=found[:MOST], total=len(found), has_more=len(found) > MOST)


async def _of_prompt(
    argument: str, others: Mapping[str, str], tools: Tools, offered: frozenset[str]
) -> Sequence[str]:
    """Nothing for what is free text, and for what this caller may not list."""
    if argument == LANGUAGE:
        return LANGUAGES
    if argument == "window":
        return WINDOWS
    if argument not in NEEDS or NEEDS[argument] not in offered:
        return ()
    if argument == "incident_id":
        return await names_of("incidents", tools)
    about = {"namespace": others["namespace"]} if others.get("namespace") else {}
    if argument == "namespace":
        return await _names(tools, NAMESPACES, {})
    return await _names(tools, WORKLOADS, about)


async def _names(tools: Tools, tool: str, about: Mapping[str, str]) -> list[str]:
    """All of them, page by page, up to twice what an answer may have."""
    names, cursor = list[str](), ""
    while len(names) < 2 * MOST:
        page = (await tools.call(tool, **about, cursor=cursor)).data
        names += [str(row["name"]) for row in page["rows"]]
        cursor = page["cursor"]
        if not cursor:
            break
    return names
