"""What becomes of a folder: all times move to now, nothing else changes, and gaps are filled."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from sandbox.snapshot import LogKey, Snapshot
from sandbox.snapshot.times import moved, parse_time
from tests.sandbox.small_cluster import event, named, pod, write, write_snapshot

NOW = datetime(2026, 12, 1, 10, 0, 0, 999, tzinfo=UTC)  # eleven days after the small cluster


def found(snapshot: Snapshot, kind: str, name: str) -> dict[str, Any]:
    [one] = [o for o in snapshot.objects if (o["kind"], o["metadata"]["name"]) == (kind, name)]
    return one


@pytest.fixture
def small_snapshot(tmp_path: Path) -> Snapshot:
    return Snapshot.read(write_snapshot(tmp_path), now=NOW)


def test_times_in_objects_are_brought_forward(small_snapshot: Snapshot) -> None:
    told = found(small_snapshot, "Pod", "web-b")
    ended = told["status"]["containerStatuses"][0]["lastState"]["terminated"]
    assert ended["finishedAt"] == "2026-12-01T09:59:00Z"
    assert told["metadata"]["creationTimestamp"] == "2026-12-01T08:00:00Z"


def test_what_belongs_to_the_workload_is_left_as_it_is(small_snapshot: Snapshot) -> None:
    told = found(small_snapshot, "Pod", "web-a")
    assert told["spec"]["containers"][0]["env"][0]["value"] == "2026-11-20T07:00:00Z"
    assert found(small_snapshot, "ConfigMap", "settings")["data"]["since"] == "2026-11-20T06:00:00Z"


def test_only_the_prefix_of_a_log_line_moves(small_snapshot: Snapshot) -> None:
    log = small_snapshot.logs[LogKey("shop", "web-b", "app", previous=True)]
    assert log.lines == [
        ("2026-12-01T09:58:10Z", b"starting at 2026-11-20T09:58:10Z"),
        ("2026-12-01T09:58:59.5Z", b"out of memory"),
    ]


def test_a_line_without_a_time_has_that_of_the_line_before(tmp_path: Path) -> None:
    write_snapshot(tmp_path)
    write(tmp_path / "logs/shop/web-a/app.log", b"first\n2026-11-20T09:00:00Z Traceback\n  at x\n")
    log = Snapshot.read(tmp_path, now=NOW).logs[LogKey("shop", "web-a", "app")]
    assert [time for time, _ in log.lines] == ["", "2026-12-01T09:00:00Z", "2026-12-01T09:00:00Z"]


def test_a_time_before_a_tab_or_alone_is_a_prefix_and_half_a_time_is_not(tmp_path: Path) -> None:
    write_snapshot(tmp_path)
    text = b"2026-11-20T09:00:00Z\ttabbed\n2026-11-20T09:00:01Z\n2026-11-20T09:00:02Zulu\n"
    write(tmp_path / "logs/shop/web-a/app.log", text)
    lines = Snapshot.read(tmp_path, now=NOW).logs[LogKey("shop", "web-a", "app")].lines
    assert [line for _, line in lines] == [b"tabbed", b"", b"2026-11-20T09:00:02Zulu"]


def test_without_captured_at_the_newest_time_found_is_now(tmp_path: Path) -> None:
    expires = named("Certificate", "c", api="x.io/v1", status={"notAfter": "2027-11-20T09:00:00Z"})
    write_snapshot(tmp_path, [pod("web-b", ready=False), event("e", "web-b", "BackOff"), expires])
    (tmp_path / "snapshot.yaml").unlink()
    snapshot = Snapshot.read(tmp_path, now=NOW)
    assert found(snapshot, "Event", "e")["lastTimestamp"] == "2026-12-01T10:00:00Z"
    assert found(snapshot, "Certificate", "c")["status"]["notAfter"] == "2027-12-01T09:00:30Z"


def test_the_newest_sample_counts_as_a_time(tmp_path: Path) -> None:
    write_snapshot(tmp_path)
    (tmp_path / "snapshot.yaml").unlink()
    write(tmp_path / "metrics/a.om", '# TYPE up gauge\nup{a="1 2"} 1 1795168800\n# EOF\n')
    assert Snapshot.read(tmp_path, now=NOW).shift == NOW.replace(
        microsecond=0
    ) - datetime.fromtimestamp(1795168800, UTC)


def test_alerts_silences_and_changes_move_too(tmp_path: Path) -> None:
    at = "2026-11-20T09:30:00Z"
    write_snapshot(
        tmp_path,
        alerts=[{"startsAt": at}],
        silences=[{"endsAt": at}],
        changes=[{"at": at, "id": "c1"}],
    )
    snapshot = Snapshot.read(tmp_path, now=NOW)
    assert snapshot.alerts == [{"startsAt": "2026-12-01T09:30:00Z"}]
    assert snapshot.silences == [{"endsAt": "2026-12-01T09:30:00Z"}]
    served = found(snapshot, "ConfigMap", "midwatch-changes")
    assert orjson.loads(served["data"]["changes.json"]) == snapshot.changes
    assert snapshot.changes[0]["at"] == "2026-12-01T09:30:00Z"
    assert found(snapshot, "Namespace", "midwatch-system")


# From the second day on: the first second of all says that something never happened, and stays.
@given(st.datetimes(datetime(1970, 1, 2), datetime(2200, 1, 1)), st.integers(-(10**8), 10**8))  # noqa: DTZ001
@pytest.mark.parametrize("ending", ["Z", ".123456789Z", "+08:00", ".5-03:30"])
def test_moving_a_time_adds_whole_seconds_and_keeps_its_ending(
    ending: str, moment: datetime, seconds: int
) -> None:
    text = moment.strftime("%Y-%m-%dT%H:%M:%S") + ending
    by = timedelta(seconds=seconds)
    result = moved(text, by)
    before, after = parse_time(text), parse_time(result)
    assert before
    assert after == before + by
    assert result.endswith(ending)


@pytest.mark.parametrize("never", ["1970-01-01T00:00:00Z", "0001-01-01T00:00:00Z"])
def test_what_never_happened_does_not_happen_by_moving_it(never: str) -> None:
    assert moved(never, timedelta(days=100)) == never


def test_a_yaml_anchor_shared_by_two_places_moves_once(tmp_path: Path) -> None:
    text = (
        "apiVersion: v1\nkind: Thing\nmetadata: {name: a}\n"
        "first: &when {at: 2026-11-20T09:00:00Z}\nsecond: *when\n"
    )
    write_snapshot(tmp_path, [])
    write(tmp_path / "objects/a.yaml", text)
    thing = found(Snapshot.read(tmp_path, now=NOW), "Thing", "a")
    assert thing["first"]["at"] == thing["second"]["at"] == "2026-12-01T09:00:00Z"


def test_missing_identities_are_filled_and_agree(small_snapshot: Snapshot, tmp_path: Path) -> None:
    owner = found(small_snapshot, "ReplicaSet", "web-1")
    told = found(small_snapshot, "Pod", "web-b")
    assert told["metadata"]["ownerReferences"][0]["uid"] == owner["metadata"]["uid"]
    about = found(small_snapshot, "Event", "web-b.1")["involvedObject"]
    assert about["uid"] == told["metadata"]["uid"]
    again = Snapshot.read(tmp_path, now=NOW)
    assert again.objects == small_snapshot.objects
    versions = [one["metadata"]["resourceVersion"] for one in again.objects]
    assert len(set(versions)) == len(versions)


def test_an_owner_without_uid_takes_the_one_its_pods_know(tmp_path: Path) -> None:
    child = pod("web-a")
    child["metadata"]["ownerReferences"][0]["uid"] = "known-uid"
    parent = named("ReplicaSet", "web-1", api="apps/v1")
    snapshot = Snapshot.read(write_snapshot(tmp_path, [child, parent]), now=NOW)
    assert found(snapshot, "ReplicaSet", "web-1")["metadata"]["uid"] == "known-uid"


def test_an_object_without_uid_takes_the_one_its_events_know(tmp_path: Path) -> None:
    told = event("e", "web-a", "Killing")
    told["involvedObject"]["uid"] = "known-uid"
    snapshot = Snapshot.read(write_snapshot(tmp_path, [pod("web-a"), told]), now=NOW)
    assert found(snapshot, "Pod", "web-a")["metadata"]["uid"] == "known-uid"


def test_an_odd_version_is_replaced_and_a_missing_namespace_is_default(tmp_path: Path) -> None:
    told = named("ConfigMap", "a", namespace="")
    told["metadata"]["resourceVersion"] = "abc"
    snapshot = Snapshot.read(write_snapshot(tmp_path, [told]), now=NOW)
    metadata = found(snapshot, "ConfigMap", "a")["metadata"]
    assert metadata["namespace"] == "default"
    assert metadata["resourceVersion"].isdecimal()
    assert found(snapshot, "Namespace", "default")


def test_lists_within_lists_are_read(tmp_path: Path) -> None:
    inner = {"apiVersion": "v1", "kind": "PodList", "items": [{"metadata": {"name": "deep"}}]}
    assert found(Snapshot.read(write_snapshot(tmp_path, [inner]), now=NOW), "Pod", "deep")


def test_namespaces_that_are_used_exist(small_snapshot: Snapshot) -> None:
    assert found(small_snapshot, "Namespace", "shop")["status"]["phase"] == "Active"


def test_every_cluster_has_the_namespace_it_is_told_from_others_by(
    small_snapshot: Snapshot, tmp_path: Path
) -> None:
    other = Snapshot.read(write_snapshot(tmp_path, [named("ConfigMap", "a")]), now=NOW)
    mine, others = (
        found(one, "Namespace", "kube-system")["metadata"]["uid"] for one in (small_snapshot, other)
    )
    again = Snapshot.read(tmp_path, now=NOW)
    assert mine != others == found(again, "Namespace", "kube-system")["metadata"]["uid"]


def test_lists_documents_and_plain_scalars_are_read_as_kubernetes_reads_them(
    tmp_path: Path,
) -> None:
    write(
        tmp_path / "objects/a.yaml",
        "apiVersion: v1\nkind: PodList\nitems:\n- metadata: {name: a, namespace: x}\n"
        "---\n---\napiVersion: v1\nkind: ConfigMap\n"
        "metadata: {name: b, namespace: x}\ndata: {at: 12:30:45, day: 2026-11-20, big: 0x10}\n",
    )
    snapshot = Snapshot.read(tmp_path, now=NOW)
    assert found(snapshot, "Pod", "a")["apiVersion"] == "v1"
    expected = {"at": "12:30:45", "day": "2026-11-20", "big": 16}
    assert found(snapshot, "ConfigMap", "b")["data"] == expected


def test_a_cluster_info_dump_is_read(tmp_path: Path) -> None:
    write(
        tmp_path / "nodes.json",
        {"kind": "NodeList", "apiVersion": "v1", "items": [{"metadata": {"name": "n"}}]},
    )
    write(
        tmp_path / "shop/pods.json",
        {"kind": "PodList", "apiVersion": "v1", "items": [pod("web-a")]},
    )
    write(
        tmp_path / "shop/web-a/logs.txt",
        "==== START logs for container app of pod shop/web-a ====\n"
        "2026-11-20T08:30:00Z hello\n"
        "==== END logs for container app of pod shop/web-a ====\n"
        "==== START logs for container side of pod shop/web-a ====\n"
        "==== END logs for container side of pod shop/web-a ====\n",
    )
    snapshot = Snapshot.read(tmp_path, now=NOW)
    assert found(snapshot, "Node", "n")["apiVersion"] == "v1"
    assert [line for _, line in snapshot.logs[LogKey("shop", "web-a", "app")].lines] == [b"hello"]
    assert snapshot.logs[LogKey("shop", "web-a", "side")].lines == []


def test_the_truth_is_never_read(tmp_path: Path) -> None:
    write_snapshot(tmp_path)
    write(tmp_path / "truth.yaml", "a: [broken")
    assert Snapshot.read(tmp_path, now=NOW).name == "small"


@pytest.mark.parametrize(
    ("file", "content", "sentence"),
    [
        ("objects/a.yaml", "kind: Pod\nmetadata:\n  name: [a\n", r"objects/a\.yaml, line 4: .+\.$"),
        ("objects/a.json", '{\n "kind": ]\n}', r"objects/a\.json, line 2: it is not JSON .+\.$"),
        (
            "objects/a.yaml",
            "kind: A\n---\n- 1\n",
            r"a\.yaml, line 1: the object has no apiVersion\.$",
        ),
        ("objects/a.yaml", "---\n- 1\n", r"a\.yaml, line 2: a Kubernetes object is a mapping\.$"),
        (
            "objects/a.yaml",
            "apiVersion: v1\nkind: Pod\nmetadata: {}\n",
            r"line 1: the object \(Pod\) has no metadata\.name\.$",
        ),
        (
            "snapshot.yaml",
            "name: x\ncaptured_at: yesterday\n",
            r"snapshot\.yaml, line 2: captured_at",
        ),
        ("alerts.json", "{}", r"alerts\.json, line 1: it must hold a list of objects\.$"),
        (
            "logs/shop/app.log",
            "x",
            r"app\.log, line 1: a log is logs/<namespace>/<pod>/<container>",
        ),
        (
            "objects/a.yaml",
            "{apiVersion: v1, kind: List, items: {}}\n---\n{apiVersion: v1, kind: List, items: [1]}",
            r"line 3: its items are not a list of mappings\.$",
        ),
        (
            "objects/a.yaml",
            "{apiVersion: v1, kind: Pod, metadata: {name: a}, spec: [1]}",
            r"line 1: the object \(Pod a\): its spec is not a mapping\.$",
        ),
        (
            "objects/a.yaml",
            "{apiVersion: v1, kind: Pod, metadata: {name: a, ownerReferences: b}}",
            r"its ownerReferences are not a list",
        ),
        (
            "rules/a.yaml",
            "groups: [1]",
            r"rules/a\.yaml, line 1: `groups` is a list of mappings\.$",
        ),
    ],
)
def test_a_file_that_cannot_be_read_is_named_with_its_line(
    tmp_path: Path, file: str, content: str, sentence: str
) -> None:
    write_snapshot(tmp_path)
    write(tmp_path / file, content)
    with pytest.raises(Invalid, match=sentence) as refusal:
        Snapshot.read(tmp_path, now=NOW)
    assert "\n" not in str(refusal.value)


def test_a_folder_that_is_missing_or_empty_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="There is no snapshot folder"):
        Snapshot.read(tmp_path / "none", now=NOW)
    with pytest.raises(Invalid, match="holds no Kubernetes objects"):
        Snapshot.read(tmp_path, now=NOW)
