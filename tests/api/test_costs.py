"""`midwatch costs` as a program, and the same by REST."""

import csv
import io
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.api.conftest import Midwatch
from tests.api.test_command_line import midwatch as run


def test_it_prints_the_spend_of_a_namespace_as_json() -> None:
    done = run("costs", "-n", "shop", "--since", "2h", "-o", "json")
    assert (done.returncode, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    assert report["bill"] > report["cost"] > 0
    assert {row["namespace"] for row in report["rows"]} == {"shop"}


@pytest.mark.parametrize(("language", "said"), [("en", "of it idle"), ("zh", "其中闲置")])
def test_people_read_a_table_in_their_language(language: str, said: str) -> None:
    done = run("costs", "--lang", language)
    assert said in done.stdout
    assert "kube-system" in done.stdout


def test_a_currency_nobody_knows_a_rate_of_is_one_sentence() -> None:
    done = run("costs", "--currency", "CNY")
    assert (done.returncode, done.stdout) == (2, "")
    assert "no rate from USD to CNY" in done.stderr


async def test_rest_gives_the_same_as_json_and_as_csv(midwatch: Midwatch) -> None:
    async with midwatch.client() as http:
        asked = {"by": "workload", "window": "PT2H"}
        told = (await http.get("/api/v1/costs", params=asked)).json()
        table = await http.get("/api/v1/costs.csv", params=asked)
        refused = await http.get("/api/v1/costs", params={"by": "colour"})
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert table.headers["content-type"].startswith("text/csv")
    assert [row["name"] for row in rows] == [row["name"] for row in told["rows"]]
    assert (rows[0]["currency"], refused.status_code) == ("USD", 422)


async def test_rest_refuses_who_may_not_see_costs(midwatch: Midwatch) -> None:
    token = await midwatch.token_of("gus")
    async with midwatch.client(token) as http:
        refused = await http.get("/api/v1/costs")
    assert (refused.status_code, refused.json()["code"]) == (403, "forbidden")


async def test_the_methods_of_a_prediction_are_told_with_how_each_did(midwatch: Midwatch) -> None:
    asked = {"metric": "qps", "namespace": "shop", "name": "checkout"}
    async with midwatch.client() as http:
        told = (await http.get("/api/v1/predict/models", params=asked)).json()
        disks = (await http.get("/api/v1/predict/disks", params={"namespace": "shop"})).json()
        wrong = await http.get("/api/v1/predict/models", params={**asked, "metric": "mood"})
        far = await http.get(
            "/api/v1/predict/qps", params={**asked, "metric": "", "horizon": "PT169H"}
        )
    assert told["verdict"] == "ok"
    assert told["method"] in {one["method"] for one in told["tried"]}
    assert [one["mase"] for one in told["tried"]] == sorted(one["mase"] for one in told["tried"])
    assert (wrong.status_code, far.status_code) == (422, 422)
    assert (disks["verdict"], disks["rows"]) == ("insufficient_data", [])


async def test_other_replicas_and_a_bill_are_told_by_rest(midwatch: Midwatch) -> None:
    supposed = {"name": "storefront", "namespace": "shop", "times": 2}
    bill = "ChargePeriodStart,EffectiveCost,BillingCurrency,ServiceName\n2026-01-01,5,USD,db\n"
    async with midwatch.client() as http:
        told = (await http.get("/api/v1/costs/what-if", params=supposed)).json()
        read = (await http.post("/api/v1/costs/bill", json={"bill": bill})).json()
        models = (await http.get("/api/v1/costs/models")).json()
        sizes = await http.get("/api/v1/savings.csv")
    assert told["replicas_then"] == 4
    assert (read["total"], [one["name"] for one in read["rows"]]) == (5.0, ["db"])
    assert models["rows"] == []
    assert sizes.text.startswith("kind,namespace,name,container")


async def test_a_bill_is_kept_told_and_forgotten_by_rest(midwatch: Midwatch) -> None:
    bill = "ChargePeriodStart,EffectiveCost,BillingCurrency,ServiceName\n{day},{cost},USD,db\n"
    today = datetime.now(UTC).date()
    async with midwatch.client() as http:
        for cost in (5, 7):
            body = {"name": "aws", "bill": bill.format(day=today, cost=cost)}
            kept = await http.post("/api/v1/costs/bills", json=body)
        told = (await http.get("/api/v1/costs/bills", params={"language": "zh"})).json()
        gone = await http.delete("/api/v1/costs/bills/aws")
        again = await http.delete("/api/v1/costs/bills/aws")
    assert (kept.status_code, kept.json()["days_changed"]) == (201, 1)
    assert told["report"]["total"] == 7
    assert "而不是 5.00" in told["notes"][0]["text"]
    assert (gone.status_code, again.status_code) == (200, 404)


def test_the_command_keeps_a_bill_and_tells_it(tmp_path: Path) -> None:
    today = datetime.now(UTC).date()
    (tmp_path / "b.csv").write_text(
        f"ChargePeriodStart,EffectiveCost,BillingCurrency,ServiceName\n{today},5,USD,db\n"
    )
    home = {"MIDWATCH_DATA_DIR": str(tmp_path / "data")}
    none = run("costs", "--kept", "all", "--lang", "zh", cwd=tmp_path, **home)
    kept = run("costs", "--bill", "b.csv", "--keep", "aws", "--lang", "en", cwd=tmp_path, **home)
    told = run("costs", "--kept", "aws", "--lang", "en", cwd=tmp_path, **home)
    assert "还没有保存账单" in none.stdout
    assert "Bill aws is kept: 1 lines" in kept.stdout
    assert "Bill: 5.00 USD" in told.stdout


async def test_what_is_unused_is_filtered_and_is_a_table_by_rest(midwatch: Midwatch) -> None:
    async with midwatch.client() as http:
        told = (await http.get("/api/v1/savings", params={"what": "volumes"})).json()
        table = await http.get("/api/v1/savings.csv", params={"what": "volumes", "language": "zh"})
        wrong = await http.get("/api/v1/savings", params={"what": "disks"})
    rows = list(csv.DictReader(io.StringIO(table.text)))
    assert {row["what"] for row in told["rows"]} == {"unclaimed_volume", "unmounted_claim"}
    assert told["monthly"] == pytest.approx(sum(row["monthly"] for row in told["rows"]))
    assert [row["name"] for row in rows] == [row["name"] for row in told["rows"]]
    assert "挂载" in "".join(row["reasons"] for row in rows)
    assert wrong.status_code == 422


async def test_how_likely_a_peak_is_comes_by_rest(midwatch: Midwatch) -> None:
    asked = {"namespace": "shop", "name": "storefront", "exceeds": "2"}
    async with midwatch.client() as http:
        told = (await http.get("/api/v1/predict/cpu", params=asked)).json()
        wrong = await http.get("/api/v1/predict/cpu", params={**asked, "exceeds": "much"})
    levels = {one["of"]: one["chance"] for one in told["chances"]}
    assert set(levels) == {"asked", "instances"}
    assert all(0 <= one <= 1 for one in levels.values())
    assert told["peak"]["low"] <= told["peak"]["high"]
    assert (wrong.status_code, wrong.json()["code"]) == (422, "invalid")


def test_the_command_tells_what_is_unused_and_how_to_plan_a_change() -> None:
    done = run("savings", "--lang", "en", "--snapshot", "shop")
    assert done.returncode == 0
    assert "PersistentVolumeClaim data/orders-export 20Gi: No pod mounts it." in done.stdout
    assert "midwatch fix plan --change rightsize deployment/" in done.stdout


async def test_what_a_month_will_cost_is_foretold_by_rest(midwatch: Midwatch) -> None:
    async with midwatch.client() as http:
        told = await http.get("/api/v1/predict/spend", params={"namespace": "shop"})
        wrong = await http.get("/api/v1/predict/spend", params={"period": "decade"})
    assert (told.status_code, wrong.status_code) == (200, 422)
    assert told.json()["scope"] == "namespace/shop"
    assert told.json()["foretold"]["mean"] >= told.json()["spent"] > 0
