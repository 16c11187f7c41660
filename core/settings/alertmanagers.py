"""Alertmanagers beside the first, each cluster of them under a name of one's own."""

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from core.settings.groups import Group, HttpUrl
from core.settings.library import NoDecode
from core.settings.sentences import Unusable
from core.settings.variables import PREFIX

ALERTMANAGERS = f"{PREFIX}ALERTMANAGERS__"
NAME = re.compile(r"[a-z][a-z0-9-]{0,39}")
# What `MIDWATCH_ALERTMANAGER__URL` names.
FIRST = "default"


def _split(told: Any) -> Any:
    if not isinstance(told, str):
        return told
    return [one.strip() for one in told.split(",") if one.strip()]


def _labels(told: Any) -> Any:
    if not isinstance(told, str):
        return told
    pairs = [one.partition("=") for one in _split(told)]
    if any(not name.strip() or not found for name, found, _ in pairs):
        raise Unusable("labels")
    return {name.strip(): value.strip() for name, _, value in pairs}


def _some(members: tuple[str, ...]) -> tuple[str, ...]:
    if not members:
        raise Unusable("no_member")
    return members


Members = Annotated[tuple[HttpUrl, ...], NoDecode, BeforeValidator(_split), AfterValidator(_some)]
Labels = Annotated[dict[str, str], NoDecode, BeforeValidator(_labels)]


class AlertmanagerClusterSettings(Group):
    """Members that tell each other of silences and of what was sent, with an address each."""

    members: Members
    labels: Labels = Field(default_factory=dict[str, str])


def refuse_odd_clusters(clusters: Mapping[str, AlertmanagerClusterSettings]) -> None:
    """Raise `ValueError` for a name that a cluster cannot be called by."""
    for name in clusters:
        if name == FIRST or not NAME.fullmatch(name):
            raise Unusable("cluster_name", variable=f"{ALERTMANAGERS}{name.upper()}", first=FIRST)


def alertmanager_variables(name: str) -> list[str]:
    """What may stand where `name` stands, if it is a setting of a cluster of Alertmanagers."""
    if not name.startswith(ALERTMANAGERS):
        return []
    own = name.removeprefix(ALERTMANAGERS).partition("__")[0]
    return [
        f"{ALERTMANAGERS}{own}__{leaf.upper()}" for leaf in AlertmanagerClusterSettings.model_fields
    ]
