"""A kubeconfig, checked before a client library meets it: what is wrong, and on which line."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import yaml

from core.errors import Invalid
from mcp_servers.backends.sentences import SENTENCES, instead


@dataclass(frozen=True, slots=True)
class Kubeconfig:
    """A file whose context, cluster and user exist."""

    file: Path
    context: str
    server: str


def read(file: Path, context: str = "") -> Kubeconfig:
    """Raises `Invalid` with file and line when no connection could be made from it."""
    tree = _tree(file)
    chosen = context or _text(tree, "current-context")
    if not chosen:
        raise SENTENCES.error(Invalid, "no_current_context", file=str(file))
    entry = _entry(file, tree, "contexts", chosen)
    cluster_name = _text(entry.get("context"), "cluster")
    cluster = _entry(file, tree, "clusters", cluster_name).get("cluster")
    server = _text(cluster, "server")
    if not server.startswith(("http://", "https://")):
        line = _line_of(file, "clusters", cluster_name)
        raise SENTENCES.error(
            Invalid, "no_server_address", file=str(file), line=line, cluster=cluster_name
        )
    user = _text(entry.get("context"), "user")
    if user:
        _entry(file, tree, "users", user)
    return Kubeconfig(file, chosen, server)


def _tree(file: Path) -> Mapping[str, Any]:
    try:
        tree = yaml.safe_load(file.read_text())
    except FileNotFoundError as error:
        raise SENTENCES.error(Invalid, "no_kubeconfig", file=str(file)) from error
    except (OSError, UnicodeDecodeError) as error:
        raise SENTENCES.error(
            Invalid, "kubeconfig_unread", file=str(file), why=str(error)
        ) from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise _no_yaml(file, line, str(error.problem)) from error
    except yaml.YAMLError as error:
        raise _no_yaml(file, 1, str(error)) from error
    if not isinstance(tree, dict) or "clusters" not in tree:
        raise SENTENCES.error(Invalid, "no_clusters_listed", file=str(file))
    return cast("Mapping[str, Any]", tree)


def _entry(file: Path, tree: Mapping[str, Any], section: str, name: str) -> Mapping[str, Any]:
    listed = tree.get(section)
    entries = cast("list[Any]", listed) if isinstance(listed, list) else []
    named = {_text(one, "name"): cast("Mapping[str, Any]", one) for one in entries}
    if name in named:
        return named[name]
    hint = instead(name, named) if named else ""
    raise SENTENCES.error(
        Invalid,
        "not_in_kubeconfig",
        file=str(file),
        line=_line_of(file, section),
        kind=section.removesuffix("s"),
        name=name,
        hint=hint,
    )


def _no_yaml(file: Path, line: int, why: str) -> Invalid:
    return SENTENCES.error(Invalid, "no_yaml", file=str(file), line=line, why=why)


def _text(tree: Any, key: str) -> str:
    value = cast("Mapping[str, Any]", tree).get(key) if isinstance(tree, dict) else None
    return value if isinstance(value, str) else ""


def _line_of(file: Path, section: str, name: str = "") -> int:
    """Where a section, or the named item in it, begins."""
    found = 1
    for number, text in enumerate(file.read_text().splitlines(), start=1):
        if text.startswith(f"{section}:"):
            found = number
        elif name and text.strip(" -").startswith("name:") and name in text:
            return number
    return found
