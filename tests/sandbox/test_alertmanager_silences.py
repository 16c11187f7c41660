"""The life of a silence, in the practice cluster and in the real Alertmanager."""

from typing import Any

import pytest

from tests.sandbox.test_alertmanager_api import (
    alert,
    ask,
    at,
    names,
    silence,
    url,
    without_moments,
)

__all__ = ["url"]


def create(url: str, body: dict[str, Any]) -> str:
    status, answer = ask(url, "silences", "POST", body)
    assert status == 200, answer
    return answer["silenceID"]


def state(url: str, silence_id: str) -> str:
    return ask(url, f"silence/{silence_id}")[1]["status"]["state"]


def test_a_silence_suppresses_what_it_matches(url: str) -> None:
    ask(url, "alerts", "POST", [alert("A"), alert("B")])
    created = create(url, silence(("alertname", "=A")))
    found = {one["labels"]["alertname"]: one["status"] for one in ask(url, "alerts")[1]}
    assert (found["A"]["state"], found["A"]["silencedBy"]) == ("suppressed", [created])
    assert (found["B"]["state"], found["B"]["silencedBy"]) == ("active", [])


@pytest.mark.parametrize(
    ("matchers", "silenced"),
    [
        ([("alertname", "=~A|B")], ["A", "B"]),
        ([("alertname", "=~A.*"), ("team", "=x")], []),
        ([("alertname", "=C"), ("team", "=x")], ["C"]),
        ([("alertname", "!=A")], ["B", "C"]),
        ([("alertname", "!~B|C")], ["A"]),
        ([("alertname", "=~.+"), ("team", "=")], ["A", "B"]),
    ],
    ids=str,
)
def test_all_matchers_must_match(
    url: str, matchers: list[tuple[str, str]], silenced: list[str]
) -> None:
    ask(url, "alerts", "POST", [alert("A"), alert("B"), alert("C", team="x")])
    create(url, silence(*matchers))
    assert names(ask(url, "alerts?active=false")[1]) == silenced


def test_a_deleted_silence_is_expired_and_its_alerts_active(url: str) -> None:
    ask(url, "alerts", "POST", [alert("A")])
    created = create(url, silence(("alertname", "=A")))
    assert ask(url, f"silence/{created}", "DELETE") == (200, None)
    assert state(url, created) == "expired"
    assert ask(url, "alerts")[1][0]["status"]["state"] == "active"
    assert ask(url, f"silence/{created}", "DELETE") == (200, None)


def test_a_silence_of_the_future_is_pending(url: str) -> None:
    ask(url, "alerts", "POST", [alert("A")])
    created = create(url, silence(("alertname", "=A"), startsAt=at(minutes=30)))
    assert state(url, created) == "pending"
    assert ask(url, "alerts")[1][0]["status"]["silencedBy"] == []


def test_a_silence_begins_no_earlier_than_now(url: str) -> None:
    created = create(url, silence(("alertname", "=A"), startsAt=at(days=-9)))
    assert ask(url, f"silence/{created}")[1]["startsAt"] > at(minutes=-1)


def test_a_longer_end_keeps_the_id(url: str) -> None:
    created = create(url, silence(("alertname", "=A")))
    known = ask(url, f"silence/{created}")[1]
    changed = {key: known[key] for key in known if key not in ("status", "updatedAt")}
    assert create(url, {**changed, "endsAt": at(hours=5), "comment": "longer"}) == created
    assert ask(url, f"silence/{created}")[1]["comment"] == "longer"


def test_other_matchers_make_another_silence(url: str) -> None:
    created = create(url, silence(("alertname", "=A")))
    other = create(url, silence(("alertname", "=B"), id=created))
    assert other != created
    assert (state(url, created), state(url, other)) == ("expired", "active")


def test_an_unknown_silence_cannot_be_changed(url: str) -> None:
    unknown = "7d8a0c52-0000-4000-8000-000000000000"
    answer = ask(url, "silences", "POST", silence(("alertname", "=A"), id=unknown))
    assert answer == (404, "silence not found")


def test_active_come_first_then_pending_then_the_latest_expired(url: str) -> None:
    comments = ["expired first", "expired second", "later", "sooner", "pending"]
    ends = [at(hours=1), at(hours=1), at(hours=9), at(hours=2), at(hours=3)]
    for comment, end in zip(comments, ends, strict=True):
        start = at(hours=1) if comment == "pending" else at(seconds=-1)
        body = silence(("alertname", f"={comment}"), comment=comment, startsAt=start, endsAt=end)
        created = create(url, body)
        if comment.startswith("expired"):
            ask(url, f"silence/{created}", "DELETE")
    found = [one["comment"] for one in ask(url, "silences")[1]]
    assert found == ["sooner", "later", "pending", "expired second", "expired first"]


@pytest.mark.parametrize(
    ("query", "count"),
    [("alertname%3DA", 1), ("alertname%3DB", 0), ("alertname%3D~A", 0), ("x!%3DA", 0)],
)
def test_silences_are_filtered_by_their_matchers(url: str, query: str, count: int) -> None:
    create(url, silence(("alertname", "=A")))
    assert len(ask(url, f"silences?filter={query}")[1]) == count


@pytest.mark.parametrize(
    ("body", "status", "answer"),
    [
        ({}, 422, {"code": 602, "message": "comment in body is required"}),
        (
            {**silence(), "createdBy": None},
            422,
            {"code": 602, "message": "createdBy in body is required"},
        ),
        (silence(), 422, {"code": 612, "message": "matchers in body should have at least 1 items"}),
        (
            silence(("a", "=b"), endsAt=at(days=-1)),
            400,
            "Failed to create silence: start time must be before end time",
        ),
        (
            silence(("a", "=b"), startsAt=at(days=-2), endsAt=at(days=-1)),
            400,
            "Failed to create silence: end time can't be in the past",
        ),
        (
            silence(("a-b", "=c")),
            400,
            'silence invalid: invalid label matcher 0: invalid label name "a-b"',
        ),
        (
            silence(("a", "=")),
            400,
            "silence invalid: at least one matcher must not match the empty string",
        ),
        (
            silence(("a", "=~b*")),
            400,
            "silence invalid: at least one matcher must not match the empty string",
        ),
    ],
    ids=without_moments,
)
def test_bad_silences_are_refused(url: str, body: Any, status: int, answer: Any) -> None:
    assert ask(url, "silences", "POST", body) == (status, answer)


def test_a_pattern_that_is_none_is_refused(url: str) -> None:
    status, answer = ask(url, "silences", "POST", silence(("a", "=~(")))
    assert status == 400
    begin = 'silence invalid: invalid label matcher 0: invalid regular expression "(": '
    assert answer.startswith(f"{begin}error parsing regexp: missing ")
