"""The kubernetes tools over the wire, against the practice shop whose checkout is out of memory."""

from typing import Any

import pytest

from core.errors import Forbidden, Invalid, NotFound
from core.principal import Permission, Principal
from mcp_servers.client import Connections, Sessions, Tools, in_process
from sandbox.server import Addresses

READER = Principal("ro", permissions=frozenset({Permission.CLUSTER_READ}))
CAN_LIST_ONLY = "system:serviceaccount:monitoring:kube-state-metrics"
CAN_DO_NOTHING = "system:serviceaccount:shop:default"


def names(rows: list[dict[str, Any]]) -> list[str]:
    return [row["name"] for row in rows]


async def test_namespaces_tell_how_many_pods_are_unwell(tools: Tools) -> None:
    answer = await tools.call("kubernetes_list_namespaces")
    rows = {row["name"]: row for row in answer.data["rows"]}
    assert (rows["shop"]["pods"], rows["shop"]["unhealthy_pods"]) == (15, 2)
    assert "shop Active 15 pods, 2 unhealthy" in answer.text


async def test_the_unwell_pods_come_first_with_the_reason_of_their_restart(tools: Tools) -> None:
    answer = await tools.call("kubernetes_list_pods", namespace="shop")
    first = answer.data["rows"][0]
    assert (first["status"], first["ready_containers"]) == ("CrashLoopBackOff", "0/1")
    assert (first["last_restart"]["reason"], first["last_restart"]["exit_code"]) == (
        "OOMKilled",
        137,
    )
    assert "(last: checkout OOMKilled exit 137, " in answer.text


@pytest.mark.parametrize(
    ("filters", "count"),
    [
        ({"status": "unhealthy"}, 2),
        ({"status": "completed"}, 3),
        ({"selector": "app.kubernetes.io/name=cart"}, 2),
        ({"node": "no-such-node"}, 0),
    ],
)
async def test_pods_can_be_chosen(tools: Tools, filters: dict[str, str], count: int) -> None:
    answer = await tools.call("kubernetes_list_pods", namespace="shop", **filters)
    assert answer.data["total"] == count


async def test_an_empty_answer_says_what_was_examined(tools: Tools) -> None:
    answer = await tools.call("kubernetes_list_pods", namespace="default", status="unhealthy")
    assert answer.text == "pods in namespace default with status unhealthy: 0 shown of 0"


async def test_rows_say_which_state_of_which_object_was_seen(tools: Tools) -> None:
    answer = await tools.call("kubernetes_list_workloads", namespace="shop", kind="Deployment")
    for row in answer.data["rows"]:
        assert row["kind"] == "Deployment"
        assert row["resource_version"]
        assert row["age_s"] > 0


async def test_workloads_have_a_word_for_their_state(tools: Tools) -> None:
    answer = await tools.call("kubernetes_list_workloads", namespace="shop")
    states = {
        row["name"]: (row["ready"], row["desired"], row["state"]) for row in answer.data["rows"]
    }
    assert states["checkout"] == (1, 3, "degraded")
    assert states["cart"] == (2, 2, "available")
    assert states["price-import"][2].startswith("0 * * * *, last run ")
    assert answer.data["rows"][0]["name"] == "checkout"
    assert not any(name.startswith("price-import-") for name in states)


async def test_jobs_of_a_cron_job_are_listed_when_asked_for(tools: Tools) -> None:
    answer = await tools.call("kubernetes_list_workloads", namespace="shop", kind="Job")
    assert {row["state"] for row in answer.data["rows"]} == {"complete"}


async def test_nodes_tell_their_size_in_units(tools: Tools) -> None:
    answer = await tools.call("kubernetes_list_nodes")
    row = next(row for row in answer.data["rows"] if row["name"] == "harbour-w-1")
    assert (row["cpu_cores"], row["state"]) == (4.0, "Ready")
    assert row["memory_bytes"] > 15 * 2**30


async def test_events_of_a_workload_include_its_pods(tools: Tools) -> None:
    answer = await tools.call(
        "kubernetes_list_events", namespace="shop", name="checkout", warnings=True
    )
    assert {row["reason"] for row in answer.data["rows"]} == {"BackOff", "Unhealthy"}
    assert all(row["name"].startswith("checkout-") for row in answer.data["rows"])
    ages = [row["last_ago_s"] for row in answer.data["rows"]]
    assert ages == sorted(ages)


async def test_an_object_is_shown_without_noise(tools: Tools) -> None:
    answer = await tools.call("kubernetes_get_object", kind="deploy", name="checkout")
    assert answer.data["namespace"] == "shop"
    assert "memory: 256Mi" in answer.text
    assert "managedFields" not in answer.text


async def test_a_secret_shows_its_keys_and_nothing_else(tools: Tools) -> None:
    answer = await tools.call("kubernetes_get_object", kind="secret", name="checkout-orders")
    assert list(answer.data["object"]["data"]) == ["dsn"]
    [value] = answer.data["object"]["data"].values()
    assert value.startswith(("(hidden", "[redacted"))


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"kind": "svc", "name": "chekout", "namespace": "shop"}, "Did you mean checkout"),
        ({"kind": "svc", "name": "ledger", "namespace": "shop"}, "one in namespace payments"),
        ({"kind": "svc", "name": "cart", "namespace": "shp"}, "Did you mean shop"),
        ({"kind": "servce", "name": "cart", "namespace": "shop"}, "Did you mean Service"),
    ],
)
async def test_a_wrong_name_names_the_nearest(
    tools: Tools, arguments: dict[str, str], sentence: str
) -> None:
    with pytest.raises(NotFound, match=sentence):
        await tools.call("kubernetes_get_object", **arguments)


async def test_the_log_of_a_workload_is_that_of_its_worst_pod(tools: Tools) -> None:
    answer = await tools.call("kubernetes_get_logs", namespace="shop", name="checkout", tail=5)
    assert answer.data["pod"] == "checkout-l7794jjrq-bp6c8"
    assert len(answer.data["lines"]) == 5
    assert answer.data["truncated"]
    assert "1 of 3 pods" in answer.data["note"]
    assert "last OOMKilled: previous=true" in answer.data["note"]


async def test_logs_can_be_searched(tools: Tools) -> None:
    answer = await tools.call(
        "kubernetes_get_logs", namespace="shop", name="checkout", grep="garbage|NOTHING"
    )
    assert answer.data["lines"]
    assert all("garbage" in line["text"] for line in answer.data["lines"])
    empty = await tools.call("kubernetes_get_logs", namespace="shop", name="checkout", grep="zzz")
    assert "No line holds 'zzz'" in empty.text


async def test_logs_of_what_is_not_there_say_so(tools: Tools) -> None:
    with pytest.raises(NotFound, match="Did you mean checkout"):
        await tools.call("kubernetes_get_logs", namespace="shop", name="chekout-l7794jjrq-bp6c8")
    with pytest.raises(NotFound, match=r"no container 'app'\. Containers: checkout"):
        await tools.call("kubernetes_get_logs", namespace="shop", name="checkout", container="app")


async def test_a_log_is_summed_up_each_kind_of_line_once(tools: Tools) -> None:
    answer = await tools.call("kubernetes_log_patterns", namespace="shop", name="checkout")
    rows = answer.data["patterns"]
    assert answer.data["kinds"] == len({row["template"] for row in rows}) == len(rows)
    assert sum(row["count"] for row in rows) == answer.data["read"]
    log = await tools.call("kubernetes_get_logs", namespace="shop", name="checkout", tail=500)
    written = [line["text"] for line in log.data["lines"]]
    assert all(any(row["example"] in text for text in written) for row in rows)


async def test_what_a_log_says_since_an_incident_is_told_first(tools: Tools) -> None:
    log = await tools.call("kubernetes_get_logs", namespace="shop", name="storefront", tail=500)
    times = [line["at"] for line in log.data["lines"]]
    answer = await tools.call(
        "kubernetes_log_patterns", namespace="shop", name="storefront", new_since=times[0]
    )
    assert "does not reach back" in answer.data["note"]
    failed = next(line["at"] for line in log.data["lines"] if "checkout" in line["text"])
    asked = {"namespace": "shop", "name": "storefront", "new_since": failed}
    told = (await tools.call("kubernetes_log_patterns", **asked)).data["patterns"]
    assert told[0]["change"] == "new"
    assert "connection refused" in told[0]["template"]


async def test_logs_need_their_own_permission(sessions: Sessions) -> None:
    reader = Tools(sessions, READER)
    with pytest.raises(Forbidden, match="It needs logs:read"):
        await reader.call("kubernetes_get_logs", namespace="shop", name="checkout")
    assert "kubernetes_get_logs" not in {spec.name for spec in await reader.list("kubernetes")}


async def test_a_rollout_tells_what_it_changed(tools: Tools) -> None:
    answer = await tools.call("kubernetes_rollout_history", namespace="shop", name="checkout")
    newest, before, *_ = answer.data["revisions"]
    assert (answer.data["current"], newest["revision"], before["revision"]) == (12, 12, 11)
    assert "spec.containers.checkout.env.PRICE_INDEX.value: lru → full" in newest["changes"]
    assert newest["replicas"] == 3


async def test_a_workload_without_kept_revisions_has_an_empty_history(tools: Tools) -> None:
    answer = await tools.call(
        "kubernetes_rollout_history", namespace="data", name="orders-postgres", kind="StatefulSet"
    )
    assert answer.data["total"] == len(answer.data["revisions"])


async def test_what_changed_joins_rollouts_and_reports_newest_first(tools: Tools) -> None:
    answer = await tools.call("kubernetes_what_changed", namespace="shop", window="P2D")
    rows = answer.data["rows"]
    assert [row["at"] for row in rows] == sorted((row["at"] for row in rows), reverse=True)
    told = {(row["kind"], row["name"]) for row in rows}
    assert {("deploy", "checkout"), ("flag", "storefront"), ("config", "cart-settings")} <= told
    assert any("4.18.2" in row["summary"] and row["author"] == "t.lindqvist" for row in rows)


async def test_what_changed_keeps_to_its_window_and_object(tools: Tools) -> None:
    hour = await tools.call("kubernetes_what_changed", namespace="shop", window="PT1H")
    assert set(names(hour.data["rows"])) == {"cart"}
    one = await tools.call(
        "kubernetes_what_changed", namespace="shop", name="checkout", window="P1D"
    )
    assert set(names(one.data["rows"])) == {"checkout"}
    with pytest.raises(Invalid, match="not an ISO 8601 duration"):
        await tools.call("kubernetes_what_changed", window="2 hours")


async def test_a_restricted_caller_sees_only_their_namespaces(shopkeeper: Tools) -> None:
    pods = await shopkeeper.call("kubernetes_list_pods")
    assert {row["namespace"] for row in pods.data["rows"]} == {"shop", "data"}
    spaces = await shopkeeper.call("kubernetes_list_namespaces")
    assert set(names(spaces.data["rows"])) == {"shop", "data"}
    nodes = await shopkeeper.call("kubernetes_list_nodes")
    assert {row["pods"] for row in nodes.data["rows"]} == {None}
    with pytest.raises(Forbidden, match="may not see namespace payments"):
        await shopkeeper.call("kubernetes_list_events", namespace="payments")
    changes = await shopkeeper.call("kubernetes_what_changed", window="P30D")
    assert {row["namespace"] for row in changes.data["rows"]} <= {"shop", "data", ""}


async def test_hints_keep_other_peoples_namespaces_secret(shopkeeper: Tools) -> None:
    with pytest.raises(NotFound) as caught:
        await shopkeeper.call("kubernetes_get_object", kind="svc", name="ledger")
    assert "payments" not in str(caught.value)


async def test_an_account_without_rights_says_which_rule_to_add(shop: Addresses) -> None:
    connections = Connections(kubeconfig=shop.kubeconfig, impersonate=CAN_DO_NOTHING)
    async with in_process(connections) as sessions:
        tools = Tools(sessions, READER)
        with pytest.raises(
            Forbidden, match="Midwatch may not list pods in namespace shop"
        ) as caught:
            await tools.call("kubernetes_list_pods", namespace="shop")
        changes = await tools.call("kubernetes_what_changed", namespace="shop")
    assert 'verbs: ["list"]' in caught.value.hint
    assert "Deployment: Midwatch may not list deployments" in changes.text


async def test_an_account_that_may_only_list_still_finds_a_pods_log_forbidden(
    shop: Addresses,
) -> None:
    connections = Connections(kubeconfig=shop.kubeconfig, impersonate=CAN_LIST_ONLY)
    everything = Principal("all", permissions=frozenset(Permission))
    async with in_process(connections) as sessions:
        with pytest.raises(Forbidden, match="Midwatch may not get pods"):
            await Tools(sessions, everything).call(
                "kubernetes_get_logs", namespace="shop", name="checkout"
            )
