"""Alerts are looked into by themselves: once a group, told in the same thread, written at the alert."""

from collections.abc import AsyncGenerator, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.errors import Conflict, NotFound
from core.principal import Permission, Principal
from sandbox.server import Addresses, serving_in_thread
from tests.channels.analysing import Ward, finished, ward
from tests.channels.conftest import alert

SHOP = Path(__file__).parents[2] / "sandbox" / "snapshots" / "shop"
BAKER = Principal("joe", permissions=frozenset(Permission), namespaces=frozenset({"bakery"}))
SHOPPER = Principal("sue", permissions=frozenset(Permission), namespaces=frozenset({"shop"}))


@pytest.fixture(scope="session")
def shop() -> Iterator[Addresses]:
    with serving_in_thread(SHOP) as addresses:
        yield addresses


@pytest.fixture
async def room(shop: Addresses, tmp_path: Path) -> AsyncGenerator[Ward]:
    async with ward(shop, tmp_path) as made:
        yield made


async def test_what_an_investigation_finds_stands_at_the_alert_and_is_told_in_its_thread(
    room: Ward,
) -> None:
    english, chinese = await room.add("webhook"), await room.add("feishu", language="zh")
    await room.receive(alert("CheckoutFailing", deployment="checkout"))
    await room.deliver()
    await room.worked_off()
    shown = await room.show(alertname="CheckoutFailing")
    found = shown["analysis"]
    assert (found["state"], found["verdict"]) == ("done", "found")
    assert found["causes"][0]["confidence"] > 0.5
    assert found["causes"][0]["actions"]
    assert sorted(found["told"]) == ["feishu", "webhook"]
    outcomes = [one["outcome"] for one in shown["steps"] if one["step"] == "analysis"]
    assert outcomes == ["queued", "found"]
    await room.deliver()
    page, follow_up = english.taken
    assert follow_up["data"]["key"] == page["data"]["key"]
    assert follow_up["data"]["reason"] == "analysis"
    assert found["causes"][0]["summary"] in follow_up["data"]["text"]
    assert "已找到原因" in str(chinese.taken[-1])


async def test_what_nothing_ties_to_an_alert_is_not_told_as_its_cause(room: Ward) -> None:
    heard = await room.add("webhook")
    await room.receive(alert("CartSlow", deployment="cart"))
    await room.deliver()
    await room.worked_off()
    found = (await room.show(alertname="CartSlow"))["analysis"]
    assert (found["verdict"], found["causes"], found["told"]) == ("healthy", [], [])
    assert found["summary"].startswith("Nothing is found wrong with ")
    await room.deliver()
    assert len(heard.taken) == 1


async def test_forty_alerts_of_one_storm_make_one_investigation(room: Ward) -> None:
    heard = await room.add("webhook")
    for n in range(40):
        await room.receive(alert(f"Failing{n % 7}", service=f"s{n}"))
    assert len(await room.analyses()) == 1
    await room.worked_off()
    await room.receive(alert("FailingLate", service="late"))
    [one] = await room.analyses()
    assert one["state"] == "done"
    late = await room.show(alertname="FailingLate")
    assert late["analysis"]["incident_id"] == one["incident_id"]
    await room.deliver()
    assert sum(one["data"]["reason"] == "analysis" for one in heard.taken) == 1


async def test_after_the_cool_down_it_is_looked_into_again_and_the_earlier_alert_is_named(
    room: Ward,
) -> None:
    policy = {"analysis": {"wait": "PT1S", "cool_down": "PT1S"}}
    await room.tools.call("alerting_set_policy", document=policy, reason="test", based_on="0")
    await room.receive(alert("CheckoutFailing", deployment="checkout"))
    await room.worked_off()
    await _a_while_later(room)
    await room.receive(alert("CheckoutSlow", deployment="checkout"))
    await room.worked_off()
    [second, first] = await room.analyses()
    assert second["incident_id"] == first["incident_id"]
    assert [(one["name"], one["same"]) for one in second["similar"]] == [
        ("CheckoutFailing", "cause")
    ]


@pytest.mark.parametrize(("state", "noted"), [("off", 0), ("shadow", 1)])
async def test_similar_alerts_are_not_named_where_that_is_off_and_only_noted_in_shadow(
    room: Ward, state: str, noted: int
) -> None:
    policy = {"analysis": {"wait": "PT1S", "cool_down": "PT1S"}}
    await room.tools.call("alerting_set_policy", document=policy, reason="test", based_on="0")
    await room.tools.call("alerting_set_flag", name="similar_alerts", terms={"state": state})
    for name in ("CheckoutFailing", "CartFailing"):
        await room.receive(alert(name, deployment="checkout"))
        await room.worked_off()
        await _a_while_later(room)
    [second, _] = await room.analyses()
    assert second["similar"] == []
    shown = await room.show(alertname="CartFailing")
    [step] = [one for one in shown["steps"] if one["outcome"] == "found"]
    assert len(step["detail"].get("similar_in_shadow", ())) == noted


@pytest.mark.parametrize(
    ("switch", "analyses", "follow_ups"), [("off", 0, 0), ("shadow", 1, 0), ("on", 1, 1)]
)
async def test_its_switch_decides_whether_it_is_done_and_whether_it_is_told(
    room: Ward, switch: str, analyses: int, follow_ups: int
) -> None:
    heard = await room.add("webhook")
    policy = {"switches": {"analysis": switch}}
    await room.tools.call("alerting_set_policy", document=policy, reason="test", based_on="0")
    await room.receive(alert())
    await room.worked_off()
    await room.deliver()
    assert len(await room.analyses(state="done")) == analyses
    assert sum(one["data"]["reason"] == "analysis" for one in heard.taken) == follow_ups


async def test_what_is_only_for_information_or_kept_quiet_is_not_looked_into(room: Ward) -> None:
    quiet = {
        "id": "w", "matchers": ['alertname="Planned"'], "reason": "work",
        "starts_at": "2026-01-01T00:00:00Z", "ends_at": "2099-01-01T00:00:00Z",
    }  # fmt: skip
    document = {"maintenance": [quiet]}
    await room.tools.call("alerting_set_policy", document=document, reason="test", based_on="0")
    await room.receive(alert("Planned"))
    await room.receive(alert("Watchdog", severity="none"))
    await room.receive(alert("Ended", "resolved"))
    assert await room.analyses() == []


async def test_an_alert_of_another_cluster_is_looked_for_more_widely_and_not_tied_to_what_is_found(
    room: Ward,
) -> None:
    english, chinese = await room.add("webhook"), await room.add("feishu", language="zh")
    await room.receive(alert("Elsewhere", namespace="nowhere", deployment="nothing"))
    await room.deliver()
    await room.worked_off()
    [one] = await room.analyses()
    assert (one["state"], one["verdict"], one["aimed"]) == ("done", "found", False)
    assert one["summary"].startswith("These alerts name nothing in this cluster")
    await room.deliver()
    told = english.taken[-1]["data"]
    assert told["title"].startswith("Wrong in the cluster meanwhile: ")
    assert "Confidence" not in told["text"]
    assert "同一时间集群中的问题" in str(chinese.taken[-1])


@pytest.mark.parametrize("named", [{}, {"deployment": "nothing"}])
async def test_an_alert_of_a_namespace_alone_is_not_tied_to_what_is_worst_in_it(
    room: Ward, named: dict[str, str]
) -> None:
    english, chinese = await room.add("webhook"), await room.add("feishu", language="zh")
    await room.receive(alert("DiskFull", **named))
    await room.deliver()
    await room.worked_off()
    [one] = await room.analyses()
    assert (one["verdict"], one["aimed"], one["similar"]) == ("found", False, [])
    assert one["summary"].startswith("These alerts do not say what in shop they are about")
    await room.deliver()
    told = english.taken[-1]["data"]
    assert told["title"].startswith("Wrong in the cluster meanwhile: ")
    assert "do not say what in shop" in told["text"]
    assert "Confidence" not in told["text"]
    assert "没有指明 shop 中的哪个对象" in str(chinese.taken[-1])


async def test_what_nothing_ties_to_its_cause_is_not_named_as_similar(room: Ward) -> None:
    await room.receive(
        alert("Elsewhere", namespace=""), alert("CheckoutFailing", deployment="checkout")
    )
    await room.worked_off()
    aimed = {one["aimed"]: one["similar"] for one in await room.analyses()}
    assert aimed == {False: [], True: []}


async def test_a_cluster_that_does_not_answer_is_asked_again_later(
    shop: Addresses, tmp_path: Path
) -> None:
    away = tmp_path / "kubeconfig"
    away.write_text(shop.kubeconfig.read_text().replace(shop.kubernetes, "http://127.0.0.1:9"))
    async with ward(replace(shop, kubeconfig=away), tmp_path) as room:
        await room.receive(alert())
        await room.ripen()
        await room.one_ended()
        [one] = await room.analyses()
        assert (one["attempts"], one["progress"]) == (1, "")
        assert "does not answer" in one["error"]


async def test_only_who_sees_all_that_it_speaks_of_is_told_the_cause(room: Ward) -> None:
    await room.receive(alert("CheckoutFailing"))
    await room.worked_off()
    [one] = await room.analyses()
    hidden = room.as_(BAKER)
    assert (await hidden.call("alerting_list_analyses")).data["rows"] == []
    with pytest.raises(NotFound):
        await hidden.call("alerting_show_analysis", analysis_id=one["id"])
    kept = (await finished(room.store, one["id"])).result["namespaces"]
    seen = (await room.as_(SHOPPER).call("alerting_list_analyses")).data["rows"]
    assert [row["withheld"] for row in seen] == [not set(kept) <= {"shop"}]


async def test_it_is_started_by_hand_cancelled_and_made_again(room: Ward) -> None:
    heard = await room.add("webhook")
    await room.receive(alert("Watchdog", severity="none"))
    [row] = await room.alerts()
    made = (await room.tools.call("alerting_analyse", alert_id=row["id"])).data
    gone = (await room.tools.call("alerting_cancel_analysis", analysis_id=made["id"])).data
    assert (gone["state"], gone["error"]) == ("cancelled", "ann cancelled it.")
    with pytest.raises(Conflict, match="ended already"):
        await room.tools.call("alerting_cancel_analysis", analysis_id=made["id"])
    await room.tools.call("alerting_retry_analysis", analysis_id=made["id"])
    with pytest.raises(Conflict, match="waits or runs"):
        await room.tools.call("alerting_retry_analysis", analysis_id=made["id"])
    await room.worked_off()
    assert (await room.show(alertname="Watchdog"))["analysis"]["verdict"] == "found"
    await room.deliver()
    assert [one["data"]["reason"] for one in heard.taken] == ["new"]


async def test_who_lost_the_lease_writes_nothing_down(room: Ward) -> None:
    await room.add("webhook")
    await room.receive(alert())
    [one] = await room.analyses()
    late = await room.tools.call(
        "alerting_conclude_analysis", analysis_id=one["id"], owner="nobody", found={}, why="late"
    )
    assert late.data == {"kept": False, "deliveries": 0}
    assert (await room.show(alertname="DiskFull"))["analysis"]["state"] == "waiting"


async def _a_while_later(room: Ward) -> None:
    """As if analyses had ended long ago."""
    from datetime import timedelta

    from core.clock import utc_now

    async with room.store.session() as tables:
        for one in await tables.jobs.latest("analysis"):
            await tables.jobs.save(replace(one, finished_at=utc_now() - timedelta(hours=1)))
