"""Budgets by REST, by command and in a conversation, over the practice shop."""

import csv
import io
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from core.principal import Permission
from core.storage.records import UserRow
from core.storage.repositories.users import Users
from tests.api.conftest import Midwatch
from tests.api.test_command_line import midwatch as run

TODAY = datetime.now(UTC).date()
SHOP = {
    "name": "shop",
    "amount": "1000",
    "namespace": "shop",
    "period": "custom",
    "starts_on": str(TODAY - timedelta(days=3)),
    "ends_on": str(TODAY + timedelta(days=3)),
    "owner": "sue",
}


@pytest.fixture
async def budgets(midwatch: Midwatch) -> AsyncIterator[Midwatch]:
    """The service with one budget, of shop."""
    async with midwatch.client() as http:
        added = await http.post("/api/v1/budgets", json=SHOP)
        assert added.status_code == 201, added.text
        yield midwatch
        await http.delete("/api/v1/budgets/shop")


async def test_a_budget_is_added_shown_changed_and_removed(budgets: Midwatch) -> None:
    async with budgets.client() as http:
        listed = (await http.get("/api/v1/budgets")).json()["rows"]
        changed = await http.patch("/api/v1/budgets/shop", json={"amount": "0.001"})
        shown = (await http.get("/api/v1/budgets/shop", params={"language": "zh"})).json()
        again = await http.post("/api/v1/budgets", json=SHOP)
        removed = await http.delete("/api/v1/budgets/shop")
        gone = await http.get("/api/v1/budgets/shop")
    assert [one["name"] for one in listed] == ["shop"]
    assert changed.json()["amount"] == 0.001
    assert (shown["state"], shown["owner"]) == ("over", "sue")
    assert any("不会通知任何人" in one["text"] for one in shown["notes"])
    assert (again.status_code, removed.status_code, gone.status_code) == (409, 200, 404)


async def test_a_budget_says_from_which_severity_on_changes_are_told(budgets: Midwatch) -> None:
    async with budgets.client() as http:
        before = (await http.get("/api/v1/budgets/shop")).json()["anomalies"]
        changed = await http.patch("/api/v1/budgets/shop", json={"anomalies": "high"})
        wrong = await http.patch("/api/v1/budgets/shop", json={"anomalies": "loud"})
        kept = await http.get("/api/v1/costs/anomalies/kept", params={"step": "hour"})
        table = await http.get("/api/v1/costs/anomalies/kept.csv")
    assert (before, changed.json()["anomalies"], wrong.status_code) == ("off", "high", 422)
    assert (kept.status_code, table.status_code) == (200, 200)
    assert "rows" in kept.json()


async def test_the_list_is_a_table_for_a_spreadsheet(budgets: Midwatch) -> None:
    async with budgets.client() as http:
        table = await http.get("/api/v1/budgets.csv")
    [row] = csv.DictReader(io.StringIO(table.text))
    assert (row["name"], row["scope"], row["amount"]) == ("shop", "namespace/shop", "1000.0")


async def test_who_may_not_see_costs_sees_no_budget(budgets: Midwatch) -> None:
    async with budgets.client(await budgets.token_of("bert")) as http:
        seen = await http.get("/api/v1/budgets")
        made = await http.post("/api/v1/budgets", json={**SHOP, "name": "more"})
    assert (seen.status_code, made.status_code) == (403, 403)


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("which budget is over?", "Over their amount, or expected to be: shop"),
        ("shop 的预算还剩多少？", "已超支或预计会超支：shop"),
    ],
)
async def test_a_question_about_budgets_is_answered_with_what_they_stand_at(
    question: str, said: str, budgets: Midwatch
) -> None:
    async with budgets.client() as http:
        await http.patch("/api/v1/budgets/shop", json={"amount": "0.001"})
        told = (await http.post("/api/v1/query", json={"question": question})).json()
    assert said in told["answer"]
    assert "| shop | namespace/shop |" in told["answer"]
    assert "[1]" in told["answer"]


async def test_who_does_not_say_for_what_is_told_what_to_say(budgets: Midwatch) -> None:
    async with budgets.client() as http:
        asked = {"question": "set a budget of 500 USD"}
        told = (await http.post("/api/v1/query", json=asked)).json()
        rows = (await http.get("/api/v1/budgets")).json()["rows"]
    assert "Say for which namespace, team" in told["answer"]
    assert [one["name"] for one in rows] == ["shop"]


@pytest.mark.parametrize(
    ("question", "waits", "said"),
    [
        (
            "set a budget of 500 USD a month for namespace payments",
            "I need a person's yes",
            "Budget payments is set: 500.00 USD a month for namespace/payments.",
        ),
        (
            "给 payments 命名空间设置每月 500 美元的预算",
            "需要有人确认",
            "已设置预算 payments：namespace/payments，每月 500.00 USD。",
        ),
    ],
)
async def test_a_budget_is_set_from_a_conversation_once_a_person_said_yes(
    question: str, waits: str, said: str, budgets: Midwatch
) -> None:
    [admin] = [one for one in await people(budgets) if one.name == "admin"]
    by_name = frozenset(one.value for one in Permission)
    _, hand = await budgets.opened.sign_in.make_api_token(
        admin.name, label="own hand", scopes=by_name
    )
    async with budgets.client(hand) as http:
        told = (await http.post("/api/v1/query", json={"question": question})).json()
        [approval] = told["approvals"]
        before = (await http.get("/api/v1/budgets")).json()["rows"]
        path = f"/api/v1/approvals/{approval['id']}"
        done = (await http.post(path, json={"approved": True})).json()
        rows = (await http.get("/api/v1/budgets")).json()["rows"]
        await http.delete("/api/v1/budgets/payments")
    assert waits in told["answer"]
    assert [one["name"] for one in before] == ["shop"]
    assert [one["name"] for one in rows] == ["payments", "shop"]
    assert said in str(done)


async def people(budgets: Midwatch) -> list[UserRow]:
    async with budgets.opened.database.session() as session:
        return await Users(session).all()


async def test_a_channel_that_is_not_there_is_said_before_anybody_is_asked(
    budgets: Midwatch,
) -> None:
    asked = {"question": "给 payments 命名空间设置每月 500 美元的预算，通知 ops"}
    async with budgets.client() as http:
        told = (await http.post("/api/v1/query", json=asked)).json()
    assert "没有渠道 'ops'" in told["answer"]
    assert told["approvals"] == []


@pytest.mark.parametrize(
    ("question", "said"),
    [
        ("why is this month 30 % up?", "Deployment shop/storefront costs"),
        ("why did the bill of shop go up", "ReplicaSet storefront-4q745jmhc"),
        ("shop 的成本为什么突然上涨", "Deployment shop/storefront 每天花费"),
        ("这个月怎么比上个月贵了三成？", "Deployment shop/storefront 每天花费"),
    ],
)
async def test_why_spend_changed_is_answered_with_the_workload_and_its_rollout(
    question: str, said: str, midwatch: Midwatch
) -> None:
    async with midwatch.client() as http:
        told = (await http.post("/api/v1/query", json={"question": question})).json()
        rest = (await http.get("/api/v1/costs/anomalies")).json()
        short = (await http.get("/api/v1/anomalies")).json()
        table = await http.get("/api/v1/anomalies.csv")
        body = {"scope": "shop", "start": "2026-01-01", "note": "no"}
        refused = await http.post("/api/v1/costs/anomalies/expected", json=body)
    assert said in told["answer"]
    assert [one["scope"] for one in rest["rows"]] == ["shop"]
    assert [one["start"] for one in short["rows"]] == [one["start"] for one in rest["rows"]]
    [row] = csv.DictReader(io.StringIO(table.text))
    assert (row["scope"], "storefront" in row["causes"]) == ("shop", True)
    assert rest["daily"] > rest["daily_before"]
    assert (refused.status_code, "no anomaly" in refused.json()["detail"]) == (422, True)


def test_the_command_line_keeps_budgets_too(tmp_path: Path) -> None:
    place = {"MIDWATCH_DATA_DIR": str(tmp_path)}
    none = run("budgets", "--lang", "zh", **place)
    added = run("budgets", "add", "all", "--amount", "0.5", "--lang", "en", **place)
    terms = ("--period", "quarter", "--at", "50", "--owner", "sue", "--lang", "zh")
    changed = run("budgets", "change", "all", *terms, **place)
    listed = run("budgets", "-o", "json", **place)
    wrong = run("budgets", "show", "al", **place)
    removed = run("budgets", "remove", "all", "--lang", "zh", **place)
    assert (none.returncode, "还没有预算" in none.stdout) == (0, True)
    assert (added.returncode, "Nobody is told of this budget" in added.stdout) == (0, True)
    [row] = json.loads(listed.stdout)["rows"]
    assert (row["scope"], row["currency"], row["amount"]) == ("cluster", "USD", 0.5)
    assert (row["period"], row["thresholds"], row["owner"]) == ("quarter", [50], "sue")
    assert "不会通知任何人" in changed.stdout
    assert listed.returncode == (1 if row["state"] in ("over", "at_risk") else 0)
    assert (wrong.returncode, "Did you mean all?" in wrong.stderr) == (2, True)
    assert "自" in removed.stdout


@pytest.mark.parametrize(("language", "said"), [("en", "15 are needed"), ("zh", "需要 15 个")])
def test_the_command_says_how_many_days_it_lacks(language: str, said: str, tmp_path: Path) -> None:
    place = {"MIDWATCH_DATA_DIR": str(tmp_path)}
    done = run("budgets", "anomalies", "--snapshot", "healthy", "--lang", language, **place)
    assert done.returncode == 0
    assert said in done.stdout


@pytest.mark.parametrize(
    ("question", "none", "calm"),
    [
        (
            "which team will break its budget?",
            "No team has a budget",
            "none is over its amount so far",
        ),
        ("哪个团队会超预算？", "还没有任何团队的预算", "1 个团队预算目前都没有超支"),
    ],
)
async def test_no_team_breaks_a_budget_that_it_has_not_or_that_holds(
    question: str, none: str, calm: str, budgets: Midwatch
) -> None:
    async with budgets.client() as http:
        before = (await http.post("/api/v1/query", json={"question": question})).json()
        models = {"name": "llm", "amount": "9", "spend": "models", "label": "team=search"}
        added = await http.post("/api/v1/budgets", json=models)
        told = (await http.post("/api/v1/query", json={"question": question})).json()
        await http.delete("/api/v1/budgets/llm")
    assert none in before["answer"]
    assert added.status_code == 201
    assert calm in told["answer"]


def test_a_user_is_given_a_team_by_the_command_line(tmp_path: Path) -> None:
    place = {"MIDWATCH_DATA_DIR": str(tmp_path)}
    run("users", "add", "sue", **place)
    given = run("users", "team", "sue", "search", **place)
    listed = run("users", "list", **place)
    wrong = run("users", "team", "sue", "two words", **place)
    taken = run("users", "team", "sue", **place)
    after = run("users", "list", "-o", "json", **place)
    assert given.returncode == 0
    assert "team search" in listed.stdout
    assert (wrong.returncode, "is no team" in wrong.stderr) == (2, True)
    assert taken.returncode == 0
    assert {one["name"]: one["team"] for one in json.loads(after.stdout)["users"]}["sue"] == ""
