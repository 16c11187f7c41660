"""Whatever a client sends, the practice cluster answers; it never breaks."""

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.server import serving_in_thread
from tests.sandbox.small_cluster import deployment, write_snapshot

DEPLOYMENTS = "/apis/apps/v1/namespaces/shop/deployments"
TABLE = {"accept": "application/json;as=Table;v=v1;g=meta.k8s.io"}
JUNK = st.sampled_from(
    [None, 1, -1, 1.5, True, "x", [], {}, [1], [None], [[{}]], {"a": None}, {"$patch": "x"}]
)


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx2.Client]:
    folder: Path = tmp_path_factory.mktemp("bodies")
    with (
        serving_in_thread(write_snapshot(folder)) as addresses,
        httpx2.Client(base_url=addresses.kubernetes, verify=False) as client,
    ):
        yield client


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    inner = (
        value.items()
        if isinstance(value, dict)
        else enumerate(value)
        if isinstance(value, list)
        else ()
    )
    for key, one in inner:
        yield from places(one, (*path, key))


PLACES = sorted(places(deployment()), key=str)


def spoiled(path: tuple[Any, ...], junk: Any) -> Any:
    """A Deployment with junk at one place."""
    if not path:
        return junk
    one: Any = copy.deepcopy(deployment())
    target = one
    for step in path[:-1]:
        target = target[step]
    target[path[-1]] = junk
    return one


# A real server takes these for faults of its own: of server-side apply, and of strategic patches.
OWN_FAULTS = (
    "field not declared in schema",
    "list element types are not identical",
    "does not contain declared merge key",
    "unknown patch type",
)


@pytest.mark.parametrize(
    ("method", "name", "kind"),
    [
        ("POST", "", "application/json"),
        ("PUT", "/web", "application/json"),
        ("PATCH", "/web", "application/merge-patch+json"),
        ("PATCH", "/web", "application/strategic-merge-patch+json"),
        ("PATCH", "/web", "application/apply-patch+yaml"),
        ("PATCH", "/web/status", "application/merge-patch+json"),
        ("DELETE", "/none", "application/json"),
    ],
)
@given(path=st.sampled_from(PLACES), junk=JUNK)
def test_a_body_of_any_shape_is_answered(
    shared: httpx2.Client, method: str, name: str, kind: str, path: tuple[Any, ...], junk: Any
) -> None:
    answer = shared.request(
        method,
        DEPLOYMENTS + name,
        content=orjson.dumps(spoiled(path, junk)),
        headers={"content-type": kind},
        params={"fieldManager": "me"},
    )
    if answer.status_code >= 500:
        assert any(one in answer.json()["message"] for one in OWN_FAULTS)
    assert shared.get(DEPLOYMENTS, headers=TABLE).status_code == 200


@pytest.mark.parametrize(
    ("place", "junk", "sentence"),
    [
        (
            ("metadata", "name"),
            1,
            "cannot unmarshal number into Go struct field ObjectMeta.metadata.name of type string",
        ),
        (
            ("metadata", "labels", "app"),
            True,
            "cannot unmarshal bool into Go struct field ObjectMeta.metadata.labels of type string",
        ),
        (
            ("spec",),
            [],
            "cannot unmarshal array into Go struct field Deployment.spec of type object",
        ),
        ((), "x", "cannot unmarshal string into Go value of type Deployment"),
    ],
)
def test_a_mistaken_type_is_named(
    shared: httpx2.Client, place: tuple[Any, ...], junk: Any, sentence: str
) -> None:
    answer = shared.post(DEPLOYMENTS, json=spoiled(place, junk))
    assert answer.status_code == 400
    assert sentence in answer.json()["message"]
