from mcp_servers.facts.kubernetes import Json
from tests.engines.fixes.judging import advice, plan, result, taken_back
from tests.factories import (
    cluster,
    container,
    deployment,
    endpoint_slice,
    log,
    pod,
    replica_set,
    service,
)


def behind(
    front: Json, *, labels: dict[str, str] | None = None, lines: tuple[str, ...] = ()
) -> list[Json]:
    owner = deployment(template_labels=labels or {})
    made = replica_set(owner)
    return [
        owner,
        made,
        *(pod(made, f"aa{n}bb") for n in range(2)),
        front,
        endpoint_slice(front, []),
    ]


def test_the_label_that_misses_is_the_one_that_changes() -> None:
    front = service(selector={"app": "web", "release": "blue"})
    seen = cluster(*behind(front, labels={"release": "green"}))
    one = plan(seen, "service.selector_near_miss")
    assert result(seen, one)["spec"]["selector"] == {"app": "web", "release": "green"}
    assert taken_back(seen, one) == front


def test_a_key_spelt_otherwise_is_renamed() -> None:
    front = service(selector={"app": "web", "tier-name": "front"})
    seen = cluster(*behind(front, labels={"tier_name": "front"}))
    assert result(seen, plan(seen, "service.selector_near_miss"))["spec"]["selector"] == {
        "app": "web",
        "tier_name": "front",
    }


def test_pods_that_miss_in_two_ways_leave_the_choice_to_a_person() -> None:
    front = service(selector={"app": "web", "release": "blue"})
    one, two = behind(front, labels={"release": "green"}), deployment("web", namespace="shop")
    other = replica_set(two, "other1oth")
    other["spec"]["template"]["metadata"]["labels"]["release"] = "red"
    seen = cluster(*one, other, pod(other, "cc1dd"))
    assert advice(seen, "service.selector_near_miss") == "several_candidates"


def test_a_named_port_that_is_gone_becomes_the_one_there_is() -> None:
    front = service(spec={"ports": [{"name": "http", "port": 80, "targetPort": "web"}]})
    seen = cluster(*behind(front))
    one = plan(seen, "service.target_port_name_missing")
    assert result(seen, one)["spec"]["ports"] == [
        {"name": "http", "port": 80, "targetPort": "http"}
    ]
    assert one.steps[0].write.body == {"spec": {"ports": [{"port": 80, "targetPort": "http"}]}}


def test_a_number_nobody_serves_becomes_the_one_the_program_names() -> None:
    front = service(spec={"ports": [{"port": 80, "targetPort": 5001}]})
    objects = behind(front)
    seen = cluster(*objects, logs=[log(objects[2], "INFO server listening on port 5000")])
    assert result(seen, plan(seen, "service.target_port_mismatch"))["spec"]["ports"] == [
        {"port": 80, "targetPort": 5000}
    ]


def test_between_several_ports_a_person_chooses() -> None:
    ports = [{"name": "api", "containerPort": 8080}, {"name": "admin", "containerPort": 9090}]
    owner = deployment(containers=[container(ports=ports)])
    made = replica_set(owner)
    front = service(spec={"ports": [{"port": 80, "targetPort": "grpc"}]})
    seen = cluster(owner, made, pod(made), front, endpoint_slice(front, []))
    assert advice(seen, "service.target_port_name_missing") == "several_ports"
