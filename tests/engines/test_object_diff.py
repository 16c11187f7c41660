import copy

from hypothesis import given
from hypothesis import strategies as st

from mcp_servers.engines.object_diff import diff
from tests.factories import deployment, thing


def test_what_changed_is_shown_as_people_read_manifests() -> None:
    before = deployment()
    after = copy.deepcopy(before)
    after["spec"]["template"]["spec"]["containers"][0]["resources"]["limits"]["memory"] = "384Mi"
    said = diff(before, after).splitlines()
    assert [line.strip() for line in said if line.startswith("-  ")] == [
        "-            memory: 256Mi"
    ]
    assert [line.strip() for line in said if line.startswith("+  ")] == [
        "+            memory: 384Mi"
    ]


def test_what_servers_keep_for_themselves_is_no_difference() -> None:
    before = deployment()
    after = copy.deepcopy(before)
    after["metadata"] |= {
        "resourceVersion": "9",
        "generation": 4,
        "managedFields": [{"manager": "x"}],
    }
    after["metadata"]["annotations"]["kubectl.kubernetes.io/last-applied-configuration"] = "{}"
    after["status"] = {}
    assert diff(before, after) == ""


def test_an_object_that_is_made_or_deleted_is_shown_whole() -> None:
    made = thing("Job", "again", spec={"parallelism": 1})
    assert "+  parallelism: 1" in diff(None, made)
    assert "-  parallelism: 1" in diff(made, None)
    assert diff(None, None) == ""


@given(st.text(min_size=6, max_size=20), st.text(min_size=6, max_size=20))
def test_no_value_of_a_secret_is_ever_shown(one: str, other: str) -> None:
    before = thing(
        "Secret",
        "db",
        data={"password": f"~{one}~", "host": "aGk="},
        stringData={"x": f"~{other}~"},
    )
    after = copy.deepcopy(before) | {"data": {"password": f"~{other}~", "host": "aGk="}}
    for said in (diff(before, after), diff(None, after), diff(before, None)):
        assert f"~{one}~" not in said
        assert f"~{other}~" not in said
    assert ("password: '*** (changed)'" in diff(before, after)) == (one != other)
