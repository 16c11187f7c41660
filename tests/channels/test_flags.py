"""Smart functions switched over the wire: what an alert meets, what switches them back, and who is told."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from api.turns.flags import Switches
from core.clock import utc_now
from core.errors import Conflict, Invalid, NotFound
from core.storage.database import Database
from core.storage.job_records import JobRow
from tests.channels.conftest import Room, alert
from tests.channels.test_watches import call

STRICT = {"min_cases": 0, "min_accuracy": 0.9, "max_failure_rate": 0.1, "least": 10}


async def switched(room: Room, name: str = "analysis", **terms: Any) -> dict[str, Any]:
    return (await room.tools.call("alerting_set_flag", name=name, terms=terms)).data


async def listed(room: Room, name: str = "analysis") -> dict[str, Any]:
    rows = (await room.tools.call("alerting_list_flags")).data["rows"]
    return next(one for one in rows if one["name"] == name)


async def analyses(room: Room) -> list[dict[str, Any]]:
    return (await room.tools.call("alerting_list_analyses")).data["rows"]


async def judged(room: Room, *calls: dict[str, Any], verdicts: Any = ()) -> dict[str, Any]:
    asked = {"calls": list(calls), "verdicts": list(verdicts)}
    return (await room.tools.call("alerting_judge_flags", **asked)).data


async def steps(room: Room, name: str) -> list[dict[str, Any]]:
    rows = (await room.tools.call("alerting_list")).data["rows"]
    [key] = [one["id"] for one in rows if one["name"] == name]
    shown = (await room.tools.call("alerting_show", alert_id=key)).data
    return [one for one in shown["steps"] if one["step"] == "analysis"]


async def later(room: Room, **by: float) -> None:
    """As if the functions were held, and what was seen of them seen, so much earlier."""
    async with room.store.session() as tables:
        for row in await tables.flags.all():
            since = row.held_since - timedelta(**by) if row.held_since else None
            await tables.flags.save(replace(row, held_since=since))


async def test_nobody_set_a_flag_and_all_is_on(room: Room) -> None:
    assert [(await listed(room, one))["set"] for one in ("analysis", "models")] == [False, False]
    await room.receive(alert("A"))
    assert len(await analyses(room)) == 1


async def test_what_is_off_is_not_done_and_the_record_of_the_alert_says_so(room: Room) -> None:
    await switched(room, state="off")
    await room.receive(alert("A"))
    assert await analyses(room) == []
    [step] = await steps(room, "A")
    assert (step["outcome"], step["detail"]) == ("off", {"flag": "analysis", "why": "set"})


async def test_what_is_set_while_figures_are_judged_loses_neither(room: Room) -> None:
    await switched(room, gates=STRICT)
    async with room.store.session() as tables:
        await tables.alerts.take_turn()
        setting = asyncio.create_task(switched(room, state="shadow", gates=STRICT))
        await asyncio.sleep(0.3)  # without waiting for its turn it would have read by now
        row = await tables.flags.get("analysis")
        assert row is not None
        await tables.flags.save(replace(row, held="shadow", held_since=utc_now()))
    await setting
    after = await listed(room)
    assert (after["terms"]["state"], after["held"]) == ("shadow", "shadow")


async def test_what_is_in_shadow_is_done_and_nobody_is_told(room: Room) -> None:
    await switched(room, state="shadow")
    await room.receive(alert("A"))
    async with room.store.session() as tables:
        [job] = await tables.jobs.latest("analysis")
    assert job.arguments == {"tells": False}


async def test_by_labels_it_is_on_for_some_alone(room: Room) -> None:
    await switched(room, labels={"team": "web"})
    await room.receive(alert("A", team="web"), alert("B", team="data", namespace="data"))
    assert len(await analyses(room)) == 1
    [step] = await steps(room, "B")
    assert step["detail"]["why"] == "labels"


async def test_a_page_is_told_all_the_same(room: Room) -> None:
    heard = await room.add("webhook")
    await switched(room, state="off")
    await room.receive(alert("A"))
    await room.deliver()
    assert len(heard.taken) == 1


async def test_without_its_evaluation_it_is_held_in_shadow_until_there_is_a_good_one(
    room: Room,
) -> None:
    await switched(room, gates={"min_cases": 50, "min_accuracy": 0.9, "stay": "PT1H"})
    await judged(room)
    held = await listed(room)
    assert (held["held"], held["why"]) == ("shadow", ["no_evaluation"])
    await room.tools.call(
        "alerting_record_evaluation", name="analysis", suite="rca", cases=60, passed=58
    )
    await judged(room)
    assert (await listed(room))["held"] == "shadow"  # an hour is not over
    await later(room, minutes=61)
    await judged(room)
    released = await listed(room)
    assert (released["held"], released["evaluation"]["passed"]) == ("", 58)
    done = (await room.tools.call("alerting_flag_events", name="analysis")).data["rows"]
    assert [one["what"] for one in done] == ["released", "evaluated", "held", "set"]


async def test_a_function_that_fails_is_switched_back_and_on_again_and_both_are_told_once(
    room: Room,
) -> None:
    heard = await room.add("webhook")
    await switched(room, "models", gates={**STRICT, "stay": "PT0S"})
    bad = [call(failed=n < 5) for n in range(20)]
    for _ in range(3):
        assert (await judged(room, *bad))["held"] == 1
    await room.deliver()
    [told] = heard.taken
    [one] = told["data"]["alerts"]
    assert (one["name"], one["labels"]["function"]) == ("SmartFunctionHeld", "models")
    assert "switched back to off: 25 % of its runs failed, at most 10 %" in one["summary"]
    assert (await listed(room, "models"))["why_in"]["zh"] == "运行失败率为 25 %，要求不超过 10 %"
    between = [call(failed=n < 3) for n in range(20)]
    assert (await judged(room, *between))["held"] == 1  # better, and not yet good
    assert (await judged(room, *[call(failed=n < 2) for n in range(20)]))["held"] == 0
    await room.deliver()
    assert [one["data"]["alerts"][0]["status"] for one in heard.taken] == ["firing", "resolved"]


async def test_what_people_say_of_analyses_counts_each_by_the_last_word(room: Room) -> None:
    await switched(room, gates=STRICT)
    now = utc_now()
    async with room.store.session() as tables:
        made = [
            JobRow.of("analysis", f"m{n}", {}, by="x", now=now, run_after=now) for n in range(10)
        ]
        await tables.jobs.put([replace(one, state="done", finished_at=now) for one in made])
    for one in made:
        asked = {"analysis_id": one.id}
        await room.tools.call("alerting_rate_analysis", **asked, right=False)
        await room.tools.call("alerting_rate_analysis", **asked, right=True)
    await judged(room)
    assert (await listed(room))["figures"]["accuracy"] == 1.0
    for one in made[:2]:
        await room.tools.call("alerting_rate_analysis", analysis_id=one.id, right=False)
    await judged(room)
    held = await listed(room)
    assert (held["figures"]["accuracy"], held["figures"]["verdicts"]) == (0.8, 10)
    assert (held["held"], held["why"]) == ("shadow", ["accuracy"])


async def test_verdicts_on_answers_hold_models_back(room: Room) -> None:
    await switched(room, "models", gates=STRICT)
    said = [{"at": utc_now().isoformat(), "right": n < 7} for n in range(10)]
    await judged(room, call(failed=False), verdicts=said)
    assert (await listed(room, "models"))["held"] == "off"


async def test_without_gates_nothing_is_switched_back(room: Room) -> None:
    await switched(room, "models")
    assert (await judged(room, *[call(failed=True)] * 50))["held"] == 0


@pytest.mark.parametrize(
    ("name", "terms"),
    [
        ("models", {"state": "dimmed"}),
        ("answers", {"gates": {}}),
        ("grouping", {"gates": {}}),
        ("analysis", {"needs": "analysis"}),
        ("analysis", {"needs": "nothing"}),
        ("analysis", {"share_percent": 101}),
        ("analysis", {"share": 10}),
    ],
)
async def test_what_means_nothing_is_refused(room: Room, name: str, terms: Any) -> None:
    with pytest.raises(Invalid):
        await switched(room, name, **terms)
    assert (await listed(room, name))["set"] is False


async def test_an_analysis_that_is_not_there_cannot_be_rated(room: Room) -> None:
    with pytest.raises(NotFound):
        await room.tools.call("alerting_rate_analysis", analysis_id="none", right=True)


@pytest.mark.parametrize("state", ["waiting", "running", "cancelled", "dead"])
async def test_an_analysis_that_told_nothing_cannot_be_rated(room: Room, state: str) -> None:
    now = utc_now()
    made = replace(JobRow.of("analysis", state, {}, by="x", now=now, run_after=now), state=state)
    async with room.store.session() as tables:
        await tables.jobs.put([made])
    with pytest.raises(Conflict, match="nothing yet"):
        await room.tools.call("alerting_rate_analysis", analysis_id=made.id, right=True)


async def test_models_answer_only_whom_the_flag_lets_them(room: Room, tmp_path: Any) -> None:
    async with Database.opened(f"sqlite:///{tmp_path / 'midwatch.db'}") as database:
        assert await Switches(database).state_of("models", "ann") == "on"
        await switched(room, "models", labels={"user": "ann"})
        switches = Switches(database)
        assert [await switches.state_of("models", one) for one in ("ann", "bob")] == ["on", "off"]
