"""Fields told twice in one body, on both servers: refused, warned of, or passed over."""

from collections.abc import Sequence

import httpx2
import pytest

from tests.kube.manifests import config
from tests.kube.server import Kube, refused

TWICE = (
    '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "name": "a"},'
    ' "data": {"x": "1", "x": "2", "y": "1"}, "datta": {}, "kind": "ConfigMap"}'
)
TWICE_IN_YAML = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: a}
data:
  x: '1'
  x: '2'
data2: {}
"""
POD = (
    '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a"}, "spec": {"containers": ['
    '{"name": "a", "image": "b", "image": "c", "imagee": "d", "imagee": "e"},'
    '{"name": "b", "image": "b", "env": [{"name": "x", "value": "1", "value": "2"}]}]}}'
)
IN_POD = (
    'duplicate field "spec.containers[0].image"',
    'unknown field "spec.containers[0].imagee"',
    'duplicate field "spec.containers[1].env[0].value"',
)
IN_MAP = (
    'duplicate field "metadata.name"',
    'duplicate field "data.x"',
    'unknown field "datta"',
    'duplicate field "kind"',
)
LINE = 'line 6: key "x" already set in map'


def sent(
    kube: Kube, body: str, *, resource: str = "configmaps", kind: str = "json", **query: str
) -> httpx2.Response:
    headers = {"content-type": f"application/{kind}"}
    return kube.http.post(kube.path(resource), content=body, headers=headers, params=query)


def warned(answer: httpx2.Response) -> Sequence[str]:
    told = answer.headers.get_list("warning")
    return [one.removeprefix('299 - "').removesuffix('"').replace('\\"', '"') for one in told]


def test_a_strict_client_is_refused_with_all_that_is_odd_in_its_order(kube: Kube) -> None:
    words = "cannot be handled as a ConfigMap: strict decoding error: " + ", ".join(IN_MAP)
    refused(sent(kube, TWICE, fieldValidation="Strict"), 400, "BadRequest", words)


def test_what_is_repeated_within_lists_is_found(kube: Kube) -> None:
    answer = sent(kube, POD, resource="pods", fieldValidation="Strict")
    refused(answer, 400, "BadRequest", "strict decoding error: " + ", ".join(IN_POD))


@pytest.mark.parametrize("query", [{}, {"fieldValidation": "Warn"}], ids=["usual", "warn"])
def test_others_are_warned_and_the_last_one_counts(kube: Kube, query: dict[str, str]) -> None:
    answer = sent(kube, TWICE, **query)
    assert (answer.status_code, answer.json()["data"]) == (201, {"x": "2", "y": "1"})
    assert warned(answer) == list(IN_MAP)


def test_who_does_not_mind_is_not_warned(kube: Kube) -> None:
    answer = sent(kube, TWICE, fieldValidation="Ignore")
    assert (answer.status_code, answer.json()["data"]["x"]) == (201, "2")
    assert "warning" not in answer.headers


def test_in_yaml_the_lines_are_told(kube: Kube) -> None:
    answer = sent(kube, TWICE_IN_YAML, kind="yaml", fieldValidation="Strict")
    words = f'strict decoding error: yaml: unmarshal errors:\n  {LINE}, unknown field "data2"'
    refused(answer, 400, "BadRequest", words)
    answer = sent(kube, TWICE_IN_YAML, kind="yaml")
    assert (answer.status_code, answer.json()["data"]) == (201, {"x": "2"})
    assert warned(answer) == [LINE, 'unknown field "data2"']


PATCHES = {
    "merge-patch": ('{"data": {"x": "1", "x": "2"}}', 'duplicate field "data.x"'),
    "strategic-merge-patch": ('{"data": {"x": "1", "x": "2"}}', 'duplicate field "data.x"'),
    "json-patch": (
        '[{"op": "add", "path": "/data/x", "value": "1", "value": "2"}]',
        'json patch duplicate field "[0].value"',
    ),
}


@pytest.mark.parametrize("kind", PATCHES)
def test_patches_are_looked_at_too(kube: Kube, kind: str) -> None:
    kube.made("configmaps", config("a", z="1"))
    body, told = PATCHES[kind]
    headers, path = {"content-type": f"application/{kind}+json"}, kube.path("configmaps", "a")
    answer = kube.http.patch(
        path, content=body, headers=headers, params={"fieldValidation": "Strict"}
    )
    refused(answer, 422, "Invalid", "patch: Invalid value: ", f": strict decoding error: {told}")
    answer = kube.http.patch(path, content=body, headers=headers)
    assert (answer.status_code, answer.json()["data"]) == (200, {"x": "2", "z": "1"})
    assert warned(answer) == [told]


def test_an_update_is_looked_at_too(kube: Kube) -> None:
    kube.made("configmaps", config("a"))
    path, query = kube.path("configmaps", "a"), {"fieldValidation": "Strict"}
    headers = {"content-type": "application/json"}
    answer = kube.http.put(path, content=TWICE, headers=headers, params=query)
    refused(answer, 400, "BadRequest", ", ".join(IN_MAP))


def test_what_is_applied_is_looked_at_too(kube: Kube) -> None:
    body = TWICE_IN_YAML.replace("data2: {}\n", "")
    headers, path = {"content-type": "application/apply-patch+yaml"}, kube.path("configmaps", "a")
    query = {"fieldManager": "me"}
    strict = kube.http.patch(
        path, content=body, headers=headers, params={**query, "fieldValidation": "Strict"}
    )
    words = f"error strict decoding YAML: error converting YAML to JSON: yaml: unmarshal errors:\n  {LINE}"
    refused(strict, 400, "BadRequest", words)
    answer = kube.http.patch(path, content=body, headers=headers, params=query)
    assert (answer.status_code, answer.json()["data"]) == (201, {"x": "2"})
    assert warned(answer) == [LINE]
