"""Facts that people told: kept for them, used with their source, listed and deleted."""

from typing import Any

from tests.api.conftest import Midwatch

FACT = "team payments owns checkout"


async def test_a_fact_is_told_used_with_its_source_and_forgotten(midwatch: Midwatch) -> None:
    token = await midwatch.token_of("tess", role="user")

    async def ask(question: str) -> dict[str, Any]:
        return (await http.post("/api/v1/query", json={"question": question})).json()

    async with midwatch.client(token) as http:
        await ask(FACT)
        [fact] = (await http.get("/api/v1/facts")).json()["items"]
        owner = await ask("who owns checkout?")
        in_chinese = await ask("checkout 归谁管")
        unknown = await ask("who owns ledger?")
        answer = await ask("Why is checkout failing?")
        refused = await http.post("/api/v1/facts", json={"text": "x is y", "everybody": True})
        await ask("forget that team payments owns checkout")
        left = (await http.get("/api/v1/facts")).json()["items"]
    assert (fact["text"], fact["told_by"]) == ("team payments owns checkout", "tess")
    assert ("person", "tess") in [(one["source"], one["ref"]) for one in answer["citations"]]
    assert FACT in owner["answer"]
    assert FACT in in_chinese["answer"]
    assert ("person", "tess") in [(one["source"], one["ref"]) for one in owner["citations"]]
    assert "Nobody has told me who owns `ledger`" in unknown["answer"]
    assert refused.status_code == 403
    assert left == []
