"""Configurations of Alertmanagers: kept by version, checked, rendered for each that is to read one."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from pydantic import Field

from api.dependencies import CallerTools, takes
from api.listing import sort_by
from api.sent import Sent
from core.principal import Permission

router = APIRouter(prefix="/api/v1/alertmanager-configs", tags=["alerts"])

READ, CHANGE = [takes(Permission.ALERTS_READ)], [takes(Permission.ALERTS_MANAGE)]
Name = Annotated[str, Path(max_length=100)]
Language = Literal["en", "zh"]
Version = Annotated[int, Query(ge=0, description="0: the newest.")]
Target = Annotated[str, Query(max_length=100, description="By what name it syncs; empty: any.")]
Values = Annotated[
    dict[str, Any] | None, Field(description="What fills the places; null: as before.")
]
ByTarget = Annotated[
    dict[str, dict[str, Any]] | None,
    Field(description="Values that differ, by target; null: as before."),
]


class Tried(Sent):
    text: str = Field(default="", max_length=500_000, description="Empty: the newest version.")
    values: Values = None
    by_target: ByTarget = None
    target: str = Field(default="", max_length=100)
    language: Language = "en"


class TriedOnAlerts(Sent):
    text: str = Field(default="", max_length=500_000, description="Empty: the newest version.")
    values: Values = None
    by_target: ByTarget = None
    target: str = Field(default="", max_length=100)
    window: str = Field(default="PT24H", description="ISO 8601, at most 31 days.")


class NewConfig(Sent):
    text: str = Field(max_length=500_000, description="alertmanager.yml with places <<name>>.")
    reason: str = Field(min_length=3, max_length=500)
    based_on: int = Field(description="The version that was read; 0 before the first.")
    values: Values = None
    by_target: ByTarget = None
    with_errors: bool = Field(default=False, description="Store it though errors were found.")
    language: Language = "en"


class Back(Sent):
    reason: str = Field(min_length=3, max_length=500)
    version: int = Field(default=0, ge=0, description="0: the one before the newest.")
    language: Language = "en"


@router.get("", operation_id="listManagerConfigs", dependencies=READ)
async def list_configs(
    tools: CallerTools,
    cursor: str = "",
    sort: Annotated[str, sort_by("name version created_by created_at")] = "",
) -> dict[str, Any]:
    """The configurations that are stored, with their versions."""
    return (await tools.call("alerting_list_manager_configs", cursor=cursor, sort=sort)).data


@router.get("/{name}", operation_id="showManagerConfig", dependencies=READ)
async def show_config(
    name: Name, tools: CallerTools, version: Version = 0, language: Language = "en"
) -> dict[str, Any]:
    """One configuration: template, values, and what is wrong with it."""
    asked = {"name": name, "version": version, "language": language}
    return (await tools.call("alerting_show_manager_config", **asked)).data


@router.put("/{name}", operation_id="setManagerConfig", dependencies=CHANGE)
async def set_config(name: Name, body: NewConfig, tools: CallerTools) -> dict[str, Any]:
    """Store a configuration as a new version, when no error is found in it for any target."""
    return (await tools.call("alerting_set_manager_config", name=name, **body.model_dump())).data


@router.delete("/{name}", operation_id="removeManagerConfig", dependencies=CHANGE)
async def remove_config(
    name: Name, tools: CallerTools, reason: Annotated[str, Query(min_length=3, max_length=500)]
) -> dict[str, Any]:
    """Remove a configuration; who holds it keeps it, and its versions stay."""
    return (await tools.call("alerting_remove_manager_config", name=name, reason=reason)).data


@router.get("/{name}/versions", operation_id="managerConfigVersions", dependencies=READ)
async def versions(
    name: Name,
    tools: CallerTools,
    cursor: str = "",
    sort: Annotated[str, sort_by("name version created_by created_at")] = "",
) -> dict[str, Any]:
    """The versions of a configuration, the newest first."""
    asked = {"name": name, "cursor": cursor, "sort": sort}
    return (await tools.call("alerting_manager_config_versions", **asked)).data


@router.post("/{name}/check", operation_id="checkManagerConfig", dependencies=READ)
async def check(name: Name, body: Tried, tools: CallerTools) -> dict[str, Any]:
    """What is wrong with a change, and what a target would read differently. Nothing is stored."""
    return (await tools.call("alerting_check_manager_config", name=name, **body.model_dump())).data


@router.post("/{name}/dry-run", operation_id="dryRunManagerConfig", dependencies=READ)
async def dry_run(name: Name, body: TriedOnAlerts, tools: CallerTools) -> dict[str, Any]:
    """Whom a configuration would have told of the alerts that came in, beside the stored one."""
    asked = body.model_dump()
    return (await tools.call("alerting_dry_run_manager_config", name=name, **asked)).data


@router.get("/{name}/diff", operation_id="diffManagerConfig", dependencies=READ)
async def diff(
    name: Name,
    tools: CallerTools,
    before: Annotated[int, Query(ge=0, description="0: the one before `after`.")] = 0,
    after: Version = 0,
    target: Target = "",
) -> dict[str, Any]:
    """What a target reads differently from one version to another."""
    asked = {"name": name, "before": before, "after": after, "target": target}
    return (await tools.call("alerting_diff_manager_config", **asked)).data


@router.post("/{name}/rollback", operation_id="rollBackManagerConfig", dependencies=CHANGE)
async def roll_back(name: Name, body: Back, tools: CallerTools) -> dict[str, Any]:
    """Make an earlier version the newest again."""
    asked = body.model_dump()
    return (await tools.call("alerting_roll_back_manager_config", name=name, **asked)).data


@router.get("/{name}/rendered", operation_id="renderManagerConfig", dependencies=READ)
async def render(
    name: Name, tools: CallerTools, target: Target = "", version: Version = 0
) -> dict[str, Any]:
    """A configuration as one target is to read it, with its digest."""
    asked = {"name": name, "target": target, "version": version}
    return (await tools.call("alerting_render_manager_config", **asked)).data
