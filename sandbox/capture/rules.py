"""The rules that a Prometheus evaluates, as the rule files they came from."""

from pathlib import PurePath
from typing import Any

import yaml

from core.errors import UpstreamUnavailable
from sandbox.capture.folder import SnapshotFolder
from sandbox.capture.metrics import fetch

Json = dict[str, Any]


def capture_rules(target: SnapshotFolder, url: str, timeout_s: float) -> int:
    """Write `rules/*.yaml`; how many groups there are. Raises `UpstreamUnavailable`."""
    answer = fetch(f"{url.rstrip('/')}/api/v1/rules", {}, timeout_s)
    try:
        groups: list[Json] = answer["data"]["groups"]
        files: dict[str, list[Json]] = {}
        for group in groups:
            name = PurePath(str(group.get("file") or "rules")).stem or "rules"
            files.setdefault(name, []).append(_group(group))
    except (KeyError, TypeError, AttributeError) as error:
        raise UpstreamUnavailable(f"{url} is not a Prometheus API.") from error
    for name, found in files.items():
        text = yaml.safe_dump({"groups": found}, sort_keys=False, allow_unicode=True)
        target.write_text(f"rules/{name}.yaml", text)
    return len(groups)


def _group(told: Json) -> Json:
    group: Json = {"name": told["name"]}
    if interval := float(told.get("interval") or 0):
        group["interval"] = _duration(interval)
    group["rules"] = [_rule(one) for one in told["rules"]]
    return group


def _rule(told: Json) -> Json:
    kind = "record" if told.get("type") == "recording" else "alert"
    rule: Json = {kind: told["name"], "expr": told["query"]}
    for name, key in (("for", "duration"), ("keep_firing_for", "keepFiringFor")):
        if seconds := float(told.get(key) or 0):
            rule[name] = _duration(seconds)
    rule |= {key: told[key] for key in ("labels", "annotations") if told.get(key)}
    return rule


def _duration(seconds: float) -> str:
    return f"{round(seconds * 1000)}ms" if seconds % 1 else f"{round(seconds)}s"
