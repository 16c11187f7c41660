"""Tools by REST, each under an address of its own."""

from tests.api.conftest import Midwatch


async def test_the_dependencies_of_a_service_are_told_by_rest(midwatch: Midwatch) -> None:
    async with midwatch.client() as http:
        asked = {"namespace": "shop", "name": "checkout", "hops": 1}
        response = await http.get("/api/v1/rca/dependencies", params=asked)
        wrong = await http.get("/api/v1/rca/dependencies", params={"hops": 0})
        absent = await http.get("/api/v1/rca/dependencies", params={"name": "chekout"})
    kinds = {one["kind"] for one in response.json()["rows"]}
    assert (response.status_code, wrong.status_code, absent.status_code) == (200, 422, 404)
    assert {"call", "selector", "reference", "node"} <= kinds


async def test_a_quick_diagnosis_is_the_list_of_findings(midwatch: Midwatch) -> None:
    asked = {"namespace": "shop", "name": "checkout"}
    async with midwatch.client() as http:
        quick = (await http.get("/api/v1/diagnose", params=asked)).json()
        listed = (await http.get("/api/v1/findings", params=asked)).json()
    assert quick["verdict"] == "found"
    assert [one["id"] for one in quick["findings"]] == [one["id"] for one in listed["findings"]]


async def test_events_and_errors_are_summed_up_by_rest(midwatch: Midwatch) -> None:
    async with midwatch.client() as http:
        events = (await http.get("/api/v1/events/patterns", params={"namespace": "shop"})).json()
        errors = (await http.get("/api/v1/errors/summary", params={"namespace": "shop"})).json()
        refused = await http.get("/api/v1/events/patterns", params={"cursor": "x"})
    assert events["rows"][0]["type"] == "Warning"
    assert 0 < events["total"] < events["events"]
    workloads = {
        share["resource"]["name"] for row in errors["rows"] for share in row["by_workload"]
    }
    assert {"storefront", "mobile-api"} <= workloads
    assert all(row["level"] in ("fatal", "error") or row["raised"] for row in errors["rows"])
    assert refused.status_code == 422


async def test_thresholds_of_rules_are_listed_by_rest(midwatch: Midwatch) -> None:
    async with midwatch.client() as http:
        told = (await http.get("/api/v1/rca/rules")).json()
    assert told["rules"] == []
    assert "pvc.nearly_full.percent" in {one["name"] for one in told["thresholds"]}
