"""The practice clusters hold together: objects, events, logs and metrics tell one story."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache, cached_property
from pathlib import Path
from typing import Any, cast

import orjson
import pytest
import yaml

from tools.stories.tales import TALES
from tools.stories.writing import files_of

Json = dict[str, Any]
SNAPSHOTS = Path(__file__).parents[2] / "sandbox" / "snapshots"
NAMES = sorted(path.name for path in SNAPSHOTS.iterdir() if path.is_dir())
SAMPLE = re.compile(r'([a-zA-Z_:]+)\{((?:[a-z_]+="[^"]*",?)*)\} (\S+) (\d+)')
LABEL = re.compile(r'([a-z_]+)="([^"]*)"')
LIMIT_BYTES, LIMIT_SAMPLES = 1_550_000, 15_000


@dataclass(frozen=True)
class Sample:
    name: str
    labels: Json
    at_s: float
    value: float


@dataclass(frozen=True)
class Story:
    """A snapshot folder as it lies on disk, before any server shifts its times."""

    folder: Path

    @cached_property
    def captured_at(self) -> datetime:
        return datetime.fromisoformat(read(self.folder / "snapshot.yaml")[0]["captured_at"])

    @cached_property
    def things(self) -> list[Json]:
        files = sorted(self.folder.glob("objects/**/*.yaml"))
        return [thing for file in files for thing in read(file)]

    @cached_property
    def truth(self) -> Json:
        return read(self.folder / "truth.yaml")[0]

    def all(self, kind: str) -> list[Json]:
        return [thing for thing in self.things if thing["kind"] == kind]

    def get(self, kind: str, namespace: str | None, name: str) -> Json | None:
        wanted = (namespace, name)
        return next((one for one in self.all(kind) if named(one) == wanted), None)

    @cached_property
    def uids(self) -> dict[str, Json]:
        return {thing["metadata"]["uid"]: thing for thing in self.things}

    @cached_property
    def samples(self) -> list[Sample]:
        return [
            sample_of(line)
            for file in sorted(self.folder.glob("metrics/*.om"))
            for line in file.read_text().splitlines()
            if not line.startswith("#")
        ]

    def owned_by(self, owner: Json, kind: str) -> list[Json]:
        uid = owner["metadata"]["uid"]
        return [
            one
            for one in self.all(kind)
            if uid in {ref["uid"] for ref in one["metadata"].get("ownerReferences", [])}
        ]


def sample_of(line: str) -> Sample:
    """A line of OpenMetrics. The public Python parser loses repeated histogram buckets."""
    found = SAMPLE.fullmatch(line)
    assert found, line
    name, labels, value, at_s = found.groups()
    return Sample(name, dict(LABEL.findall(labels)), float(at_s), float(value))


@cache
def read(file: Path) -> list[Json]:
    return [one for one in yaml.load_all(file.read_text(), Loader=yaml.CSafeLoader) if one]


def named(thing: Json) -> tuple[str | None, str]:
    return thing["metadata"].get("namespace"), thing["metadata"]["name"]


@cache
def told(name: str) -> Story:
    return Story(SNAPSHOTS / name)


@pytest.fixture(params=NAMES)
def story(request: pytest.FixtureRequest) -> Story:
    return told(request.param)


def alive(pod: Json) -> bool:
    return pod["status"]["phase"] in {"Pending", "Running"}


def ready(pod: Json) -> bool:
    return any(c["type"] == "Ready" and c["status"] == "True" for c in pod["status"]["conditions"])


def leaves(value: Any) -> Iterator[Any]:
    """Every scalar in a tree."""
    if isinstance(value, dict):
        yield from leaves(list(cast("Json", value).values()))
    elif isinstance(value, list):
        for one in cast("list[Any]", value):
            yield from leaves(one)
    else:
        yield value


def moments(texts: Iterator[Any]) -> list[datetime]:
    return [
        datetime.fromisoformat(text)
        for text in texts
        if isinstance(text, str) and len(text) in {20, 27} and text[4:5] == "-" and text[-1] == "Z"
    ]


def test_it_is_small_enough_to_load_at_once(story: Story) -> None:
    size = sum(file.stat().st_size for file in story.folder.rglob("*") if file.is_file())
    assert size < LIMIT_BYTES
    assert len(story.samples) < LIMIT_SAMPLES


def test_names_and_uids_are_taken_once(story: Story) -> None:
    keys = [(thing["apiVersion"], thing["kind"], *named(thing)) for thing in story.things]
    assert len(set(keys)) == len(keys) == len(story.uids)


def test_every_namespace_exists(story: Story) -> None:
    namespaces = {thing["metadata"]["name"] for thing in story.all("Namespace")}
    used = {thing["metadata"].get("namespace") for thing in story.things} - {None}
    assert used <= namespaces


def test_every_owner_exists(story: Story) -> None:
    for thing in story.things:
        for owner in thing["metadata"].get("ownerReferences", []):
            found = story.uids[owner["uid"]]
            assert (found["kind"], found["metadata"]["name"]) == (owner["kind"], owner["name"])


def test_every_event_is_about_something_that_exists_or_is_said_to_be_deleted(story: Story) -> None:
    deleted = {
        event["message"].removeprefix("Deleted pod: ")
        for event in story.all("Event")
        if event["reason"] == "SuccessfulDelete"
    }
    # The kubelet puts the node's name where its uid should be.
    known = {*story.uids, *(node["metadata"]["name"] for node in story.all("Node"))}
    for event in story.all("Event"):
        about = event["involvedObject"]
        assert about["uid"] in known or about["name"] in deleted, about


def test_events_older_than_an_hour_have_expired(story: Story) -> None:
    for event in story.all("Event"):
        last = event["lastTimestamp"] or event["eventTime"]
        assert datetime.fromisoformat(last) >= story.captured_at - timedelta(hours=1)


def test_nothing_happens_after_the_picture_was_taken(story: Story) -> None:
    assert max(moments(leaves(story.things))) <= story.captured_at
    changes = orjson.loads((story.folder / "changes.json").read_bytes())
    assert max(moments(leaves(changes)), default=story.captured_at) <= story.captured_at
    for file in story.folder.glob("logs/**/*.log"):
        last = file.read_text().splitlines()[-1].split()[0]
        assert datetime.fromisoformat(last) <= story.captured_at


def test_endpoint_slices_follow_from_selectors_and_readiness(story: Story) -> None:
    for service in story.all("Service"):
        selector: Json = service["spec"].get("selector") or {}
        if not selector:
            continue
        expected = {
            (pod["metadata"]["name"], pod["status"]["podIP"], ready(pod))
            for pod in story.all("Pod")
            if named(pod)[0] == named(service)[0] and alive(pod)
            and selector.items() <= pod["metadata"].get("labels", {}).items()
        }  # fmt: skip
        [found] = story.owned_by(service, "EndpointSlice")
        endpoints: list[Json] = found["endpoints"] or []
        listed = {
            (one["targetRef"]["name"], one["addresses"][0], one["conditions"]["ready"])
            for one in endpoints
        }
        assert listed == expected, named(service)


def test_replica_counts_are_those_of_the_pods(story: Story) -> None:
    for owner in (*story.all("ReplicaSet"), *story.all("StatefulSet")):
        pods = [pod for pod in story.owned_by(owner, "Pod") if alive(pod)]
        status = owner["status"]
        assert status["replicas"] == len(pods) == owner["spec"]["replicas"], named(owner)
        assert status.get("readyReplicas", 0) == sum(map(ready, pods)), named(owner)


def test_deployments_add_up_their_replica_sets(story: Story) -> None:
    for deployment in story.all("Deployment"):
        sets = story.owned_by(deployment, "ReplicaSet")
        status = deployment["status"]
        revision = "deployment.kubernetes.io/revision"
        number = deployment["metadata"]["annotations"][revision]
        [newest] = [one for one in sets if one["metadata"]["annotations"][revision] == number]
        assert status["replicas"] == sum(one["status"]["replicas"] for one in sets)
        assert status["updatedReplicas"] == newest["status"]["replicas"]
        ready_count = sum(one["status"].get("readyReplicas", 0) for one in sets)
        assert status.get("readyReplicas", 0) == ready_count
        shape = newest["spec"]["template"]["spec"]
        assert shape == deployment["spec"]["template"]["spec"]


def test_pods_stand_on_nodes_that_exist_with_addresses_of_their_own(story: Story) -> None:
    nodes = {node["metadata"]["name"] for node in story.all("Node")}
    pods = [pod for pod in story.all("Pod") if alive(pod)]
    assert {pod["spec"]["nodeName"] for pod in pods} <= nodes
    own = [pod["status"]["podIP"] for pod in pods if not pod["spec"].get("hostNetwork")]
    assert len(own) == len(set(own))


def test_what_pods_refer_to_exists_unless_that_is_the_story(story: Story) -> None:
    missing: set[str] = set()
    for pod in story.all("Pod"):
        for variable in pod["spec"]["containers"][0].get("env", []):
            for kind, ref in variable.get("valueFrom", {}).items():
                found = story.get(kind[:-6][0].upper() + kind[1:-6], named(pod)[0], ref["name"])
                if found is None or ref["key"] not in found["data"]:
                    missing.add(ref["key"])
    assert all(key in str(story.truth["must_mention"]) for key in missing)


def test_logs_belong_to_containers_and_those_restarted_have_an_earlier_one(story: Story) -> None:
    for file in story.folder.glob("logs/**/*.log"):
        *_, namespace, name, box = file.parts
        pod = story.get("Pod", namespace, name)
        assert pod, file
        statuses = {one["name"]: one for one in pod["status"]["containerStatuses"]}
        assert box.split(".")[0] in statuses
        if box.endswith(".previous.log"):
            assert statuses[box.split(".")[0]]["lastState"], file


def test_log_lines_are_in_order_and_stamped(story: Story) -> None:
    for file in story.folder.glob("logs/**/*.log"):
        times = [line.split(" ", 1)[0] for line in file.read_text().splitlines()]
        assert times == sorted(times)
        assert all(len(time) == len("2026-11-18T01:40:00.000000000Z") for time in times)


def test_metrics_are_openmetrics_text_with_each_family_declared_once(story: Story) -> None:
    declared: list[str] = []
    for file in story.folder.glob("metrics/*.om"):
        lines = file.read_text().splitlines()
        assert lines[-1] == "# EOF"
        declared += [line.split()[2] for line in lines if line.startswith("# TYPE ")]
    assert len(declared) == len(set(declared))
    endings = ("", "_total", "_bucket", "_count", "_sum")
    known = {name + ending for name in declared for ending in endings}
    assert {sample.name for sample in story.samples} <= known


def test_samples_of_a_series_are_in_order_of_time(story: Story) -> None:
    last: dict[tuple[str, ...], float] = {}
    for sample in story.samples:
        series = (sample.name, *map(str, sample.labels.items()))
        assert last.get(series, 0) < sample.at_s
        last[series] = sample.at_s


def test_metrics_end_when_the_picture_was_taken(story: Story) -> None:
    ends = dict.fromkeys({sample.name for sample in story.samples}, 0.0)
    for sample in story.samples:
        ends[sample.name] = max(ends[sample.name], sample.at_s)
    assert set(ends.values()) == {story.captured_at.timestamp()}


def test_series_of_pods_name_pods_that_exist_or_were_replaced(story: Story) -> None:
    sets = {named(one)[1] for one in story.all("ReplicaSet")} | {
        named(one)[1] for one in story.all("Job")
    }
    pods = {named(pod)[1] for pod in story.all("Pod")}
    series = {sample.labels["pod"] for sample in story.samples if "pod" in sample.labels}
    assert {name for name in series - pods if name.rpartition("-")[0] not in sets} == set()


def test_memory_reaches_the_limit_before_every_kill_for_memory(story: Story) -> None:
    for pod in story.all("Pod"):
        limit = pod["spec"]["containers"][0]["resources"].get("limits", {}).get("memory", "")
        for status in pod["status"].get("containerStatuses", []):
            ended = status["lastState"].get("terminated", {})
            if ended.get("reason") != "OOMKilled":
                continue
            killed_s = datetime.fromisoformat(ended["finishedAt"]).timestamp()
            before = [
                sample.value
                for sample in story.samples
                if sample.name == "container_memory_working_set_bytes"
                and sample.labels["pod"] == named(pod)[1]
                and killed_s - 120 <= sample.at_s <= killed_s
            ]
            assert max(before) >= 0.97 * int(limit.removesuffix("Mi")) * 1024**2


def test_restarts_in_metrics_and_status_agree(story: Story) -> None:
    now_s = story.captured_at.timestamp()
    for sample in story.samples:
        if sample.name == "kube_pod_container_status_restarts_total" and sample.at_s == now_s:
            pod = story.get("Pod", sample.labels["namespace"], sample.labels["pod"])
            assert pod
            assert pod["status"]["containerStatuses"][0]["restartCount"] == sample.value


def test_a_crash_loop_is_no_working_container(story: Story) -> None:
    for pod in story.all("Pod"):
        for status in pod["status"].get("containerStatuses", []):
            assert len(status["state"]) == 1
            assert not (status["ready"] and "running" not in status["state"])


def test_the_truth_names_things_that_exist(story: Story) -> None:
    truth = story.truth
    wanted = [ref for cause in truth["root_causes"] for ref in cause["resources"]]
    wanted += truth["must_not_blame"]
    wanted += [truth["fix"]["resource"]] if truth.get("fix") else []
    for ref in wanted:
        assert story.get(ref["kind"], ref.get("namespace"), ref["name"]), ref


def test_the_question_is_put_in_both_languages(story: Story) -> None:
    chinese = [
        any("\u4e00" <= letter <= "\u9fff" for letter in one) for one in story.truth["question"]
    ]
    assert len(chinese) >= 3
    assert True in chinese
    assert False in chinese


def test_a_fault_has_a_cause_and_a_healthy_cluster_has_none(story: Story) -> None:
    assert bool(story.truth["root_causes"]) is (story.truth["verdict"] == "found")


def test_the_heartbeat_alert_fires(story: Story) -> None:
    alerts = orjson.loads((story.folder / "alerts.json").read_bytes())
    assert "Watchdog" in {alert["labels"]["alertname"] for alert in alerts}


@pytest.mark.parametrize("name", NAMES)
def test_a_story_is_told_the_same_every_time(name: str) -> None:
    folder = SNAPSHOTS / name
    written = {
        file.relative_to(folder).as_posix(): file.read_text(encoding="utf-8")
        for file in folder.rglob("*")
        if file.is_file()
    }
    assert files_of(TALES[name]()) == written


def test_no_secret_holds_more_than_a_placeholder(story: Story) -> None:
    for secret in story.all("Secret"):
        assert set(secret["data"].values()) == {"cGxhY2Vob2xkZXI="}
