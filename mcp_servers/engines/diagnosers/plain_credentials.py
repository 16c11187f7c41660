"""Credentials that stand in the open where everybody who may read the object reads them."""

import re
from collections.abc import Iterator

from mcp_servers.engines import citing
from mcp_servers.engines.credentials import (
    literal_credential,
    settings_with_credentials,
    shape_in,
)
from mcp_servers.engines.fields import rows, strings, text, words
from mcp_servers.engines.templates import Template, templates
from mcp_servers.facts.findings import Confidence, Evidence, Finding, Severity
from mcp_servers.facts.kubernetes import Cluster, Ref, Resource

# Copies of the object that stand in itself, which would tell everything twice.
_COPIES = ("kubectl.kubernetes.io/last-applied-configuration",)
_OPTION = re.compile(r"--?(?P<name>[\w.-]+)[= ](?P<value>\S+)")
# A whole configuration is looked into; a binary, a bundle or a dashboard of this size is not.
LONGEST_TEXT = 200_000


def secret_in_plain(cluster: Cluster) -> Iterator[Finding]:
    """`sec.secret_in_plain`: in the environment, in arguments, in a ConfigMap, in an annotation.

    Where it stands and what it looks like is told, never a character of it.
    """
    for one in templates(cluster):
        found = {**_in_environment(cluster, one), **_in_arguments(one)}
        if found := {**found, **_in_annotations(one.owner)}:
            yield _finding(one.owner, found)
    for settings in cluster.all("ConfigMap"):
        if found := {**_in_data(settings), **_in_annotations(settings)}:
            yield _finding(settings, found)


def _in_environment(cluster: Cluster, one: Template) -> dict[str, str]:
    """Path to kind; a value that is the name of a Secret is none."""
    found: dict[str, str] = {}
    for path, container in one.containers():
        for variable in rows(container, "env"):
            name, value = text(variable, "name"), text(variable, "value")
            kind = literal_credential(name, value) if value else ""
            if kind and cluster.get(Ref("Secret", one.owner.namespace, value)) is None:
                found[f"{path}.env[{name}].value"] = kind
    return found


def _in_arguments(one: Template) -> dict[str, str]:
    found: dict[str, str] = {}
    for path, container in one.containers():
        for part in ("command", "args"):
            for n, said in enumerate(words(container, part)):
                if kind := _in_argument(said):
                    found[f"{path}.{part}[{n}]"] = kind
    return found


def _in_argument(said: str) -> str:
    if shape := shape_in(said):
        return shape
    named = (literal_credential(one["name"], one["value"]) for one in _OPTION.finditer(said))
    return next((kind for kind in named if kind), "")


def _in_annotations(resource: Resource) -> dict[str, str]:
    return {
        f".metadata.annotations[{name}]": kind
        for name, value in sorted(resource.annotations.items())
        if name not in _COPIES and (kind := literal_credential(name, str(value)))
    }


def _in_data(settings: Resource) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, value in sorted(strings(settings.raw, "data").items()):
        if len(value) > LONGEST_TEXT:
            continue
        kind = literal_credential(name, value)
        inside = next(settings_with_credentials(value), ("", "")) if "\n" in value else ("", "")
        if kind or inside[1]:
            found[f".data[{name}]"] = kind or f"{inside[1]} ({inside[0]})"
    return found


def _finding(resource: Resource, found: dict[str, str]) -> Finding:
    evidence: list[Evidence] = [
        citing.field(resource, path, f"<{kind}, not shown>") for path, kind in found.items()
    ]
    kinds = dict.fromkeys(kind.partition(" (")[0] for kind in found.values())
    return Finding(
        rule="sec.secret_in_plain",
        severity=Severity.HIGH,
        confidence=Confidence.INFERRED,
        resource=resource.ref,
        since=resource.created_at,
        evidence=tuple(evidence),
        params={"places": ", ".join(list(found)[:3]), "shapes": ", ".join(kinds)},
    )
