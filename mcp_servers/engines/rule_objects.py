"""PrometheusRule objects: what stored rules look like as one, and how a live one stands to them."""

import difflib
import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from mcp_servers.engines.fields import rows, text
from mcp_servers.facts.kubernetes import Json, Resource

KIND, API_VERSION = "PrometheusRule", "monitoring.coreos.com/v1"
MANAGED_BY, MIDWATCH = "app.kubernetes.io/managed-by", "midwatch"
PLACEMENT = "midwatch.io/placement"
FILE, VERSION = "midwatch.io/rule-file", "midwatch.io/rule-version"
Groups = Sequence[Mapping[str, Any]]
MOST_LINES = 200


def object_name(file: str) -> str:
    """A name that Kubernetes takes, another for each file."""
    plain = file.replace("_", "-").strip("-.")
    mark = "" if plain == file else f"-{hashlib.sha256(file.encode()).hexdigest()[:6]}"
    return f"midwatch-{plain}{mark}"


def marks(placement: str, file: str, version: int, labels: Mapping[str, str]) -> tuple[Json, Json]:
    """Labels and annotations of an object: whose it is, and which version of which file."""
    whose = {MANAGED_BY: MIDWATCH, PLACEMENT: placement}
    return {**labels, **whose}, {FILE: file, VERSION: str(version)}


def is_ours(live: Resource, placement: str) -> bool:
    """Whether Midwatch made it, for this placement."""
    return live.labels.get(MANAGED_BY) == MIDWATCH and live.labels.get(PLACEMENT) == placement


def groups_in(live: Resource) -> list[Json]:
    return rows(live.spec, "groups")


def version_in(live: Resource) -> int:
    """The version that it says it holds; 0 where it says none."""
    told = text(live.metadata, "annotations", VERSION)
    return int(told) if told.isdecimal() else 0


def standing(
    live: Resource | None,
    wanted: Groups,
    labels: Mapping[str, str],
    written: Groups | None,
    placement: str,
) -> str:
    """absent, foreign, in_step, behind or drifted.

    `written` are the groups of the version that the object says it holds, None where that is not
    kept any more. An object with the rules but without the labels is found by no Prometheus: it has
    drifted, too.
    """
    if live is None:
        return "absent"
    if not is_ours(live, placement):
        return "foreign"
    held, labelled = groups_in(live), labels.items() <= live.labels.items()
    if held == list(wanted):
        return "in_step" if labelled else "drifted"
    return "behind" if written is not None and held == list(written) else "drifted"


def differing(live: Resource | None, wanted: Groups) -> list[str]:
    """A unified diff of the groups, from what is there to what is to be there."""
    old = _lines(groups_in(live)) if live else []
    return list(difflib.unified_diff(old, _lines(wanted), "there", "stored", lineterm="", n=2))[
        :MOST_LINES
    ]


def rule_names(groups: Groups) -> list[str]:
    """Group and name of each rule, in the order in which they stand."""
    return [
        f"{text(dict(group), 'name')}/{text(one, 'alert') or text(one, 'record')}"
        for group in groups
        for one in rows(dict(group), "rules")
    ]


def _lines(groups: Groups) -> list[str]:
    plain = [dict(one) for one in groups]
    return yaml.safe_dump(plain, sort_keys=True, allow_unicode=True).splitlines()
