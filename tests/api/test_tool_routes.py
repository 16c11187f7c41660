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
