"""Cases drawn from a seed: the same every time, whole, and about all the classes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from evals.evidence import Witness
from evals.generated.making import FAULTS, make_case, make_cases
from evals.generated.registry import Fault
from evals.truth import Json, cases_in
from sandbox.snapshot import Snapshot
from tests.evals.test_truth import CHINESE, contents


def test_the_same_seed_draws_the_same_bytes_and_another_seed_others(tmp_path: Path) -> None:
    for name, seed in (("a", 5), ("again", 5), ("other", 6)):
        make_cases(tmp_path / name, count=12, seed=seed)
    assert contents(tmp_path / "a") == contents(tmp_path / "again")
    assert set(contents(tmp_path / "a").values()).isdisjoint(contents(tmp_path / "other").values())


def test_a_part_of_a_round_is_spread_over_the_classes(tmp_path: Path) -> None:
    make_cases(tmp_path, count=20, seed=1)
    numbers = sorted(int(one.name[:3]) for one in tmp_path.iterdir())
    assert len(numbers) == 20
    assert numbers[0] < 10
    assert numbers[-1] > 80


def test_every_marked_class_has_its_healthy_twin() -> None:
    marked = {1, 5, 13, 24, 36, 52, 58, 71}
    assert marked <= {one.number for one in FAULTS if one.twin}
    assert len({one.slug for one in FAULTS}) == len(FAULTS)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda one: one.slug)
def test_a_drawn_case_is_whole(fault: Fault, tmp_path: Path) -> None:
    make_case(tmp_path, fault, "77/0")
    [truth] = cases_in(tmp_path)
    snapshot = Snapshot.read(truth.folder)
    present = {_named(one) for one in snapshot.objects} | set(_of_alerts(snapshot))
    assert sum(bool(CHINESE.search(one)) for one in truth.questions) == 2
    assert len(truth.questions) == 4
    assert bool(truth.said.root_causes) == (truth.said.verdict == "found")
    for cause in truth.said.root_causes:
        assert {one.key for one in cause.resources} & present
    assert {one.key for one in truth.said.must_not_blame} <= present


def _named(one: Json) -> tuple[str, str, str]:
    metadata = one["metadata"]
    return one["kind"], metadata.get("namespace", ""), metadata["name"]


def _of_alerts(snapshot: Snapshot) -> Iterator[tuple[str, str, str]]:
    """What causes of the alert pipeline are about; no object of the cluster."""
    for alert in snapshot.alerts:
        yield from (("Receiver", "", one["name"]) for one in alert["receivers"])
    for group in snapshot.rules:
        yield from (
            ("AlertingRule", "", f"{group['name']}/{one['alert']}") for one in group["rules"]
        )


def test_rules_and_silences_bear_out_what_is_cited_of_them(tmp_path: Path) -> None:
    [renamed] = [one for one in FAULTS if one.name == "metric_was_renamed"]
    [hides] = [one for one in FAULTS if one.name == "silence_hides_everything"]
    make_case(tmp_path / "a", renamed, "3/0")
    make_case(tmp_path / "b", hides, "3/0")
    rules, silences = (Witness(next((tmp_path / name).iterdir())) for name in "ab")
    snapshots = [Snapshot.read(next((tmp_path / name).iterdir())) for name in "ab"]
    group, silence = snapshots[0].rules[0]["name"], snapshots[1].silences[0]["id"]
    cited = {"source": "alert", "text": "", "ref": f"rule {group}/TooManyWaiting"}
    assert rules.bears_out(cited)
    assert not rules.bears_out({**cited, "ref": f"rule {group}/Other"})
    assert silences.bears_out({**cited, "ref": f"silence {silence}"})
    assert not silences.bears_out({**cited, "ref": "silence other"})


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    [fault] = [one for one in FAULTS if one.name == "larger_than_any_node"]
    make_case(tmp_path, fault, "3/0")
    return Witness(next(tmp_path.iterdir()))


def test_a_citation_of_what_is_not_in_the_snapshot_is_not_borne_out(witness: Witness) -> None:
    told = {"source": "object", "ref": "Pod nowhere/none .status", "text": "status = x"}
    assert not witness.bears_out(told)
    said = {"source": "event", "ref": "Pod a/b Failed (event 1234)", "text": "Failed: no"}
    assert not witness.bears_out(said)
    assert not witness.bears_out({"source": "log", "ref": "a/b/c", "text": "no such line"})
    assert not witness.bears_out({"source": "metric", "ref": "no_such_series{}", "text": "1"})


def test_an_event_and_a_log_line_that_are_there_are_borne_out(tmp_path: Path) -> None:
    [fault] = [one for one in FAULTS if one.name == "script_without_execute_bit"]
    make_case(tmp_path, fault, "3/0")
    [folder] = tmp_path.iterdir()
    snapshot, witness = Snapshot.read(folder), Witness(folder)
    event = next(one for one in snapshot.objects if one["kind"] == "Event")
    ref = f"Pod x/y {event['reason']} (event {event['metadata']['uid']})"
    told = f"{event['reason']}: {event['message']} (3×, 2026-01-01T00:00:00Z)"
    assert witness.bears_out({"source": "event", "ref": ref, "text": told})
    key, log = next((key, log) for key, log in snapshot.logs.items() if log.content)
    place = f"{key.namespace}/{key.pod}/{key.container}" + (" (previous)" if key.previous else "")
    line = log.lines[-1][1].decode()
    assert witness.bears_out({"source": "log", "ref": place, "text": line})
