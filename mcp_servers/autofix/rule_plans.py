"""autofix_plan_rules: stored alert rules proposed as a PrometheusRule object; nothing is written."""

from typing import Annotated, Any

from pydantic import Field

from core.principal import Principal
from mcp_servers.autofix.desk import Desk
from mcp_servers.autofix.planning import Draft, Wanted, examined
from mcp_servers.autofix.plans import kept_or_shown
from mcp_servers.autofix.refusing import Language
from mcp_servers.autofix.shapes import PlanView
from mcp_servers.engines.fixes.rules import place_rules
from mcp_servers.engines.rule_objects import KIND
from mcp_servers.facts.kubernetes import Ref

Namespace = Annotated[str, Field(min_length=1, max_length=63)]
Name = Annotated[str, Field(min_length=1, max_length=253, description="Of the PrometheusRule.")]
Groups = Annotated[
    list[dict[str, Any]],
    Field(max_length=500, description="Of rules, as alerting_render_rule_objects gives them."),
]
Texts = Annotated[dict[str, str], Field(max_length=40)]


async def autofix_plan_rules(
    namespace: Namespace,
    name: Name,
    groups: Groups,
    labels: Texts,
    annotations: Texts,
    language: Language = "en",
    *,
    desk: Desk,
    caller: Principal,
) -> PlanView:
    """Propose to make a PrometheusRule object, or to bring it to stored rules. Changes nothing.

    Its arguments are a row of alerting_render_rule_objects. It is approved, applied and taken back as
    any other plan.
    """
    seen, target = desk.seen_by(caller), Ref(KIND, namespace, name)
    sighting = await seen.looker.look(caller, namespace=namespace)
    live = await seen.writing.found(target)
    way = place_rules(target, live, groups, dict(labels), dict(annotations))
    draft = Draft(way, sighting, None, object=live)
    await examined(seen, caller, draft, language)
    return await kept_or_shown(desk, draft, Wanted(language=language), caller)
