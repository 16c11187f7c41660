"""The small readers that diagnosers share: quantities, names, labels, owners, fields, trends."""

from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_servers.engines import citing
from mcp_servers.engines.containers import Role, containers
from mcp_servers.engines.fields import rows, section, text, whole, words
from mcp_servers.engines.ownership import owner_by_name, owner_chain, top_owner
from mcp_servers.engines.quantities import as_amount, as_bytes, as_cores, quantity
from mcp_servers.engines.selectors import matches, matches_equality
from mcp_servers.engines.settling import rolling
from mcp_servers.engines.trends import steady_rise
from mcp_servers.facts.kubernetes import Event, Json, Ref, Resource, moment
from mcp_servers.facts.nearest import edit_distance, nearest_names, similar
from tests.factories import (
    NOW,
    cluster,
    condition,
    container,
    deployment,
    event,
    pod,
    replica_set,
    stamp,
    thing,
)


@pytest.mark.parametrize(
    ("written", "amount"),
    [
        ("250m", Fraction(1, 4)),
        ("1", Fraction(1)),
        ("0.5", Fraction(1, 2)),
        ("256Mi", Fraction(256 * 2**20)),
        ("1.5Gi", Fraction(3 * 2**29)),
        ("1G", Fraction(10**9)),
        ("2e3", Fraction(2000)),
        ("12E", Fraction(12 * 10**18)),
        ("100n", Fraction(1, 10**7)),
    ],
)
def test_quantities_are_read_exactly(written: str, amount: Fraction) -> None:
    assert quantity(written) == amount


@pytest.mark.parametrize("written", ["", "abc", "1Zi", "1 Gi", "--1", None])
def test_what_is_no_quantity_is_none_and_never_a_default(written: str | None) -> None:
    assert quantity(written) is None


@given(st.integers(min_value=0, max_value=10**6))
def test_millicores_come_back_as_they_were_written(millicores: int) -> None:
    again = quantity(as_cores(Fraction(millicores, 1000)))
    assert again == Fraction(millicores, 1000)


def test_amounts_are_written_in_the_unit_people_use() -> None:
    assert as_bytes(256 * 2**20) == "256Mi"
    assert as_amount("cpu", Fraction(3, 2)) == "1500m"
    assert as_amount("nvidia.com/gpu", 2) == "2"


def test_names_that_resemble_are_ranked_and_strangers_are_not_suggested() -> None:
    known = ["checkout", "checkout-v2", "cart", "payments"]
    assert nearest_names("chekout", known) == ["checkout"]
    assert nearest_names("checkout", known) == ["checkout-v2"]
    assert nearest_names("inventory", known) == []
    assert nearest_names("web", ["web-7d4b9c6f5d-x2x9p"]) == ["web-7d4b9c6f5d-x2x9p"]
    assert nearest_names("LOG_LEVEL", ["loglevel", "LOGLEVEL"])[0] == "LOGLEVEL"


def test_short_names_must_be_closer_than_long_ones() -> None:
    assert not similar("api", "web")
    assert not similar("db", "ui")
    assert similar("quote-api", "quotes-api")


@given(st.text("abc", max_size=6), st.text("abc", max_size=6))
def test_edit_distance_is_a_distance(one: str, other: str) -> None:
    assert edit_distance(one, other) == edit_distance(other, one)
    assert (edit_distance(one, other) == 0) == (one == other)
    assert edit_distance(one, other) <= max(len(one), len(other))


def test_swapped_neighbours_are_one_edit() -> None:
    assert edit_distance("wbe", "web") == 1


def expression(operator: str, *values: str, key: str = "tier") -> Json:
    return {"matchExpressions": [{"key": key, "operator": operator, "values": list(values)}]}


@pytest.mark.parametrize(
    ("selector", "taken"),
    [
        ({}, True),
        (None, False),
        ({"matchLabels": {"app": "web"}}, True),
        ({"matchLabels": {"app": "api"}}, False),
        (expression("In", "front", "back"), True),
        (expression("NotIn", "front"), False),
        (expression("NotIn", "x", key="absent"), True),
        (expression("Exists"), True),
        (expression("DoesNotExist"), False),
        (expression("Unheard"), False),
    ],
)
def test_selectors_with_labels_and_expressions(selector: Json | None, *, taken: bool) -> None:
    assert matches(selector, {"app": "web", "tier": "front"}) is taken


def test_a_services_empty_selector_takes_nothing() -> None:
    assert not matches_equality({}, {"app": "web"})


def test_a_pod_leads_to_its_deployment_though_the_replica_set_is_out_of_sight() -> None:
    made = deployment()
    one = Resource(pod(replica_set(made)))
    whole_chain = cluster(made, replica_set(made), one.raw)
    assert top_owner(whole_chain, one) == Ref("Deployment", "shop", "web")
    assert top_owner(cluster(one.raw), one) == Ref("Deployment", "shop", "web")


def test_a_run_of_a_cron_job_leads_to_the_cron_job() -> None:
    cron = thing("CronJob", "import", spec={})
    job = thing("Job", "import-29000000", owner=cron, spec={"template": {}})
    one = Resource(pod(job))
    chain = owner_chain(cluster(cron, job, one.raw), one)
    assert [ref.kind for ref in chain] == ["Job", "CronJob"]


def test_a_circle_of_owners_ends() -> None:
    first, second = thing("ReplicaSet", "a"), thing("ReplicaSet", "b")
    for one, other in ((first, second), (second, first)):
        owner = {"kind": "ReplicaSet", "name": other["metadata"]["name"], "controller": True}
        one["metadata"]["ownerReferences"] = [owner]
    assert top_owner(cluster(first, second), Resource(first)).kind == "ReplicaSet"


def test_a_pod_that_is_gone_is_known_by_its_name() -> None:
    seen = cluster(deployment(), thing("StatefulSet", "db"))
    assert owner_by_name(seen, Ref("Pod", "shop", "web-7d4b9c6f5d-x2x9p")).name == "web"
    assert owner_by_name(seen, Ref("Pod", "shop", "db-0")) == Ref("StatefulSet", "shop", "db")
    stranger = Ref("Pod", "shop", "other")
    assert owner_by_name(seen, stranger) == stranger


def test_containers_join_spec_and_status_by_name_and_know_their_part() -> None:
    side = container("proxy", restartPolicy="Always")
    spec = {"initContainers": [container("init"), side], "containers": [container("web")]}
    one = Resource(pod(spec=spec))
    roles = {held.name: held.role for held in containers(one)}
    assert roles == {"init": Role.INIT, "proxy": Role.SIDECAR, "web": Role.APP}
    assert containers(one)[2].path == ".status.containerStatuses[web]"


def test_odd_json_reads_as_empty() -> None:
    odd = {"a": None, "b": "x", "c": [1, {"d": 2}], "n": "7", "bad": "seven"}
    assert section(odd, "a", "deeper") == {}
    assert rows(odd, "c") == [{"d": 2}]
    assert words(odd, "b") == []
    assert (whole(odd, "n"), whole(odd, "bad", default=3), text(odd, "c")) == (7, 3, "")


def test_a_rollout_rolls_until_its_deadline() -> None:
    def rolls(minutes: float) -> bool:
        told = condition("Progressing", "True", ago=minutes)
        made = deployment(conditions=[told], status={"updatedReplicas": 1})
        return rolling(cluster(made), Resource(made))

    assert rolls(3)
    assert not rolls(30)


def test_a_generation_that_was_not_seen_yet_is_rolling() -> None:
    made = deployment(status={"observedGeneration": 2})
    assert rolling(cluster(made), Resource(made))


def points(*values: float, hours: float = 8) -> list[tuple[object, float]]:
    step = timedelta(hours=hours) / (len(values) - 1)
    return [(NOW - timedelta(hours=hours) + step * n, value) for n, value in enumerate(values)]


def test_a_steady_rise_has_a_slope_and_a_time_of_arrival() -> None:
    rise = steady_rise(points(*(100 + n for n in range(81))), at_least=timedelta(hours=6))
    assert rise is not None
    assert rise.per_hour == pytest.approx(10)
    assert rise.reaches(280) == NOW + timedelta(hours=10)


def test_a_saw_of_restarts_is_read_tooth_by_tooth() -> None:
    saw = points(*[float(50 + n % 20 * 10) for n in range(80)])
    assert steady_rise(saw, at_least=timedelta(hours=6)) is None


def test_both_shapes_of_an_event_read_alike() -> None:
    about = {"kind": "Pod", "namespace": "shop", "name": "web", "uid": "u"}
    old = {
        "metadata": {"uid": "e"},
        "involvedObject": about,
        "reason": "BackOff",
        "message": "m",
        "type": "Warning",
        "count": 4,
        "firstTimestamp": stamp(30),
        "lastTimestamp": stamp(2),
    }
    new = {
        "metadata": {"uid": "e"},
        "regarding": about,
        "reason": "BackOff",
        "note": "m",
        "type": "Warning",
        "eventTime": stamp(30),
        "series": {"count": 4, "lastObservedTime": stamp(2)},
    }
    assert Event.of(old) == Event.of(new)
    assert Event.of({}).count == 1


def test_events_of_a_predecessor_with_the_same_name_are_not_ours() -> None:
    one = thing("StatefulSet", "db")
    before = {**one, "metadata": {**one["metadata"], "uid": "another"}}
    seen = cluster(one, events=[event(before, "FailedCreate", "old"), event(one, "X", "new")])
    assert [told.message for told in seen.events_about(Resource(one))] == ["new"]


def test_an_object_without_uid_is_matched_by_name() -> None:
    one = thing("StatefulSet", "db")
    said = event(one, "X", "new")
    del one["metadata"]["uid"]
    assert len(cluster(one, events=[said]).events_about(Resource(one))) == 1


def test_times_without_a_zone_are_utc_and_nonsense_is_none() -> None:
    assert moment("2026-03-10T12:00:00") == NOW
    assert moment("yesterday") is moment(7) is moment(None) is None
    # What runtimes and Go write for what never happened.
    assert moment("1970-01-01T00:00:00Z") is moment("0001-01-01T00:00:00Z") is None


def test_long_texts_keep_their_end_where_the_reason_stands() -> None:
    told = citing.shortened("Failed to pull " + "x" * 900 + " not found")
    assert len(told) <= citing.LONGEST_TEXT
    assert told.endswith("not found")
