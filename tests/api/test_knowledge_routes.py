"""Pages and gaps of the knowledge base by REST."""

from tests.api.conftest import Midwatch

AT = "/api/v1/knowledge"
PAGE = "# Night shift\n\n## Handover\n\nTell the next in words what is open.\n"


async def test_a_page_is_put_in_replaced_read_and_taken_out(midwatch: Midwatch) -> None:
    async with midwatch.client(**{"Content-Type": "text/markdown"}) as http:
        first = await http.put(f"{AT}/documents/shift.md", content=PAGE.encode())
        second = await http.put(
            f"{AT}/documents/shift.md", content=PAGE.replace("open", "on").encode()
        )
        read = (await http.get(f"{AT}/documents/shift.md")).json()
        looked = await http.post(f"{AT}/refresh")
        same = await http.post("/api/v1/assistant/refresh")
        gone = (await http.delete(f"{AT}/documents/shift.md")).json()
        twice = await http.delete(f"{AT}/documents/shift.md")
    assert (first.json()["added"], second.json()["changed"]) == (1, 1)
    assert "what is on" in read["text"]
    assert looked.json() == same.json()
    assert gone["removed"] == 1
    assert (twice.status_code, twice.json()["code"]) == (404, "not_found")


async def test_an_answer_that_did_not_help_is_a_gap_until_it_is_closed(midwatch: Midwatch) -> None:
    question = "how are walruses defragmented"
    async with midwatch.client() as http:
        rated = {"question": question, "helpful": False, "comment": "nothing fits"}
        kept = (await http.post(f"{AT}/feedback", json=rated)).json()
        gaps = (await http.get(f"{AT}/gaps")).json()["gaps"]
        closed = await http.delete(f"{AT}/gaps/{kept['id']}")
        after = (await http.get(f"{AT}/gaps")).json()["gaps"]
    assert question in [one["question"] for one in gaps]
    assert closed.status_code == 200
    assert kept["id"] not in [one["id"] for one in after]
