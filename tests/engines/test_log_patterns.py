"""Logs, each thing once: templates, levels, traces kept whole, and what is new since an incident."""

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_servers.engines.log_entries import entries, moment_of
from mcp_servers.engines.log_patterns import Pattern, patterns, shifts
from mcp_servers.engines.log_templates import templates_of

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
USERS = ("root", "news", "cyrus", "oracle", "guest", "postgres")
SERVICES = ("cart", "checkout", "payment", "shipping")

Sentence = Callable[[Random], str]


def address(chance: Random) -> str:
    return ".".join(str(chance.randint(1, 250)) for _ in range(4))


def block(chance: Random) -> str:
    return f"blk_{chance.randint(-(10**10), 10**10)}"


SYSLOG: list[Sentence] = [
    lambda r: f"su(pam_unix)[{r.randint(1, 9999)}]: session opened for user {r.choice(USERS)} by (uid=0)",
    lambda r: f"su(pam_unix)[{r.randint(1, 9999)}]: session closed for user {r.choice(USERS)}",
    lambda r: f"sshd[{r.randint(1, 9999)}]: Accepted password for {r.choice(USERS)} from {address(r)} port {r.randint(1, 65535)}",
    lambda r: f"sshd[{r.randint(1, 9999)}]: Failed password for {r.choice(USERS)} from {address(r)} port {r.randint(1, 65535)}",
    lambda r: f"sshd[{r.randint(1, 9999)}]: Failed password for invalid user {r.choice(USERS)} from {address(r)} port {r.randint(1, 65535)}",
    lambda r: f"kernel: Out of memory: Killed process {r.randint(1, 9999)} ({r.choice(('java', 'named', 'httpd'))})",
    lambda _: "logrotate: ALERT exited abnormally with [1]",
]  # fmt: skip
DATANODES: list[Sentence] = [
    lambda r: f"INFO store.DataNode$Responder: Responder {r.randint(0, 2)} for block {block(r)} terminating",
    lambda r: f"INFO store.DataNode$Responder: Received block {block(r)} of size {r.randint(1, 10**8)} from /{address(r)}",
    lambda r: f"INFO store.DataNode$Sender: {address(r)}:50010 Served block {block(r)} to /{address(r)}",
    lambda r: f"WARN store.DataNode$Sender: {address(r)}:50010:Got exception while serving {block(r)} to /{address(r)}:",
    lambda r: f"INFO store.Names: BLOCK* ask {address(r)}:50010 to copy {block(r)} to {' '.join(address(r) for _ in range(r.randint(1, 3)))}",
    lambda r: f"INFO store.Scanner: Verification succeeded for {block(r)}",
]  # fmt: skip
WEB: list[Sentence] = [
    lambda r: f"[error] [client {address(r)}] Directory index forbidden by rule: /var/www/html/",
    lambda r: f"[error] worker child in error state {r.randint(1, 9)}",
    lambda r: f"[notice] Found child {r.randint(1, 9999)} in scoreboard slot {r.randint(1, 9)}",
    lambda _: "[notice] worker init ok /etc/httpd/conf/workers.properties",
]
JSON: list[Sentence] = [
    lambda r: json.dumps({"level": "info", "msg": f"request done in {r.randint(1, 900)}ms", "svc": r.choice(SERVICES)}),
    lambda r: json.dumps({"level": "error", "msg": f"dial tcp {address(r)}:5432: connection refused"}),
    lambda r: json.dumps({"level": "warn", "msg": f"retrying call to {r.choice(SERVICES)}, attempt {r.randint(1, 5)}"}),
]  # fmt: skip
HEADERS: dict[str, tuple[list[Sentence], Callable[[datetime], str]]] = {
    "syslog": (SYSLOG, lambda at: f"{at:%b %d %H:%M:%S} combo "),
    "datanodes": (DATANODES, lambda at: f"{at:%y%m%d %H%M%S} {at.second + 11} "),
    "web": (WEB, lambda at: f"[{at:%a %b %d %H:%M:%S %Y}] "),
    "json": (JSON, lambda _: ""),
    "none": (SYSLOG, lambda _: ""),
}


def written(kind: str, seed: int, count: int = 600) -> tuple[list[int], list[str]]:
    """Lines, and which sentence each is made from."""
    sentences, header = HEADERS[kind]
    chance = Random(seed)  # noqa: S311 - the same each time
    made = [chance.randrange(len(sentences)) for _ in range(count)]
    moments = (NOON + timedelta(seconds=number) for number in range(count))
    return made, [
        header(at) + sentences[one](chance) for one, at in zip(made, moments, strict=True)
    ]


def grouped(names: Sequence[object]) -> set[frozenset[int]]:
    found: dict[object, set[int]] = defaultdict(set)
    for place, name in enumerate(names):
        found[name].add(place)
    return {frozenset(places) for places in found.values()}


@pytest.mark.parametrize("kind", HEADERS)
@pytest.mark.parametrize("seed", range(4))
def test_lines_of_one_sentence_have_one_pattern(kind: str, seed: int) -> None:
    made, lines = written(kind, seed)
    assert grouped(patterns(lines).of) == grouped(made)


def test_a_pattern_has_its_level_its_times_and_examples() -> None:
    lines = [f"2026-11-20T12:00:0{n}Z ERROR pool: no connection after {n}00 ms" for n in range(5)]
    [pattern] = patterns(lines).patterns
    assert pattern.template == "ERROR pool: no connection after <*> ms"
    assert (pattern.level, pattern.count) == ("error", 5)
    assert (pattern.first, pattern.last) == ("2026-11-20T12:00:00Z", "2026-11-20T12:00:04Z")
    assert pattern.examples == lines[:3]


TRACES = {
    "jvm": (
        [
            "2026-11-20 12:00:00,123 ERROR [main] Cannot start",
            "java.lang.IllegalStateException: no datasource",
            "\tat shop.Main.start(Main.java:12)",
            "Caused by: java.sql.SQLException: refused",
            "\t... 12 more",
        ],
        "java.sql.SQLException",
        1,
    ),
    "python": (
        [
            "2026-11-20 12:00:00,123 ERROR worker failed",
            "Traceback (most recent call last):",
            '  File "/app/main.py", line 3, in <module>',
            "    run()",
            "ValueError: no such queue",
        ],
        "ValueError",
        1,
    ),
    "go": (
        [
            "panic: runtime error: index out of range [5] with length 3",
            "",
            "goroutine 1 [running]:",
            "main.main()",
            "\t/app/main.go:8 +0x1b",
        ],
        "",
        2,
    ),
    "node": (
        [
            "TypeError: Cannot read properties of undefined (reading 'id')",
            "    at handle (/app/server.js:10:5)",
            "    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)",
        ],
        "TypeError",
        1,
    ),
}


@pytest.mark.parametrize(("lines", "raised", "patterns_at_most"), TRACES.values(), ids=TRACES)
def test_a_trace_is_kept_whole(lines: list[str], raised: str, patterns_at_most: int) -> None:
    mined = patterns([*lines, "2026-11-20 12:00:01,000 INFO serving", *lines])
    assert len(mined.of) == 2 * len(lines) + 1
    assert len(mined.patterns) <= patterns_at_most + 1
    assert mined.of[: len(lines)] == mined.of[len(lines) + 1 :]
    assert raised in {one.raised for one in mined.patterns}


LEVELS = {
    "I1120 12:00:00.000000       1 server.go:10] Started": "info",
    "E1120 12:00:00.000000       1 server.go:10] Lost the lease": "error",
    "2026/11/20 12:00:00 [crit] 7#7: *1 open() failed": "fatal",
    "2026-11-20 12:00:00.000 UTC [1] FATAL:  database system is shutting down": "fatal",
    '{"severity": "WARNING", "message": "slow"}': "warning",
    'time="2026-11-20T12:00:00Z" level=error msg="cannot mount" pod=a': "error",
    "the error page was served": "error",
    "all is well": "",
}


@pytest.mark.parametrize(("line", "level"), LEVELS.items())
def test_levels_are_read_as_common_programs_write_them(line: str, level: str) -> None:
    [pattern] = patterns([line]).patterns
    assert pattern.level == level


MOMENTS = {
    "2026-11-20T12:00:00Z": NOON,
    "2026-11-20 12:00:00,000": NOON,
    "2026-11-20T14:00:00.000000000+02:00": NOON,
    "2026/11/20 12:00:00": NOON,
    "20/Nov/2026:12:00:00 +0000": NOON,
    "20 Nov 2026 12:00:00.000": NOON,
    "Fri Nov 20 12:00:00 2026": NOON,
    "1795176000": NOON,
    "1795176000.0": NOON,
    "Nov 20 12:00:00": None,
    "nonsense": None,
}


@pytest.mark.parametrize(("text", "moment"), MOMENTS.items())
def test_moments_are_read_where_they_are_whole(text: str, moment: datetime | None) -> None:
    assert moment_of(text) == moment


def test_a_needle_among_a_hundred_thousand_lines_has_a_pattern_of_its_own() -> None:
    _, lines = written("datanodes", seed=1, count=100_000)
    lines[70_000] = "260101 120000 7 FATAL store.DataNode: disk vanished"
    mined = patterns(lines)
    [needle] = [one for one in mined.patterns if one.level == "fatal"]
    assert (needle.count, needle.examples) == (1, [lines[70_000]])
    assert len(mined.patterns) == len(DATANODES) + 1


def said(
    sentence: Sentence, first_min: float, last_min: float, every_s: float, seed: int = 1
) -> Iterator[tuple[datetime, str]]:
    chance = Random(seed)  # noqa: S311 - the same each time
    at = NOON + timedelta(minutes=first_min)
    while at < NOON + timedelta(minutes=last_min):
        yield at, sentence(chance)
        at += timedelta(seconds=every_s)


def served(chance: Random) -> str:
    return f"request served in {chance.randint(1, 90)} ms"


def refused(chance: Random) -> str:
    return f"cannot reach payment at {address(chance)}:50051"


def in_order(*parts: Iterable[tuple[datetime, str]]) -> list[tuple[datetime, str]]:
    return sorted(line for part in parts for line in part)


def templates(lines: list[tuple[datetime, str]]) -> dict[str, bool]:
    return {one.pattern.template: one.is_new for one in shifts(lines, NOON)}


def test_what_was_never_said_before_is_new_even_if_it_is_said_once() -> None:
    lines = in_order(said(served, -30, 10, 1), [(NOON + timedelta(minutes=5), "disk is full")])
    assert templates(lines) == {"disk is full": True}


def test_what_is_said_far_more_often_is_told_and_ordinary_ups_and_downs_are_not() -> None:
    lines = in_order(
        said(served, -30, 10, 2), said(refused, -30, 0, 60), said(refused, 0, 10, 1, seed=2)
    )
    assert templates(lines) == {"cannot reach payment at <*>": False}


def test_what_is_no_longer_said_is_told() -> None:
    lines = in_order(said(served, -30, 0, 1), said(refused, -30, 10, 5))
    assert "request served in <*> ms" in templates(lines)


def test_a_log_that_does_not_reach_back_has_nothing_new() -> None:
    assert shifts(list(said(refused, 1, 10, 1)), NOON) == []
    assert shifts([], NOON) == []
    assert shifts([(None, "no times here")], NOON) == []


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=60), max_size=40))
def test_every_line_has_a_pattern_whatever_it_holds(lines: list[str]) -> None:
    mined = patterns(lines)
    known: dict[str, Pattern] = {one.id: one for one in mined.patterns}
    assert len(mined.of) == len(lines) == mined.lines
    assert set(mined.of) == set(known)
    assert sum(one.count for one in mined.patterns) == len(entries(lines))


@given(st.lists(st.integers(min_value=0), min_size=1, max_size=30))
def test_numbers_alone_never_make_a_pattern(numbers: list[int]) -> None:
    assert set(templates_of([f"took {n} ms for order {n}" for n in numbers])) == {
        "took <*> ms for order <*>"
    }


def test_several_logs_share_patterns_and_keep_their_traces_to_themselves() -> None:
    first = ["2026-11-20T12:00:05Z ERROR cannot serve 17", "  at com.shop.Cart.serve(Cart.java:7)"]
    second = ["  at nobody.knows(Where.java:1)", "2026-11-20T12:00:01Z ERROR cannot serve 18"]
    mined = patterns(first, second)
    [served] = [one for one in mined.patterns if "cannot serve" in one.template]
    assert (mined.lines, served.count) == (4, 2)
    assert (served.first, served.last) == ("2026-11-20T12:00:01Z", "2026-11-20T12:00:05Z")
    assert mined.of[0] == mined.of[1] == mined.of[3] == served.id
    assert mined.of[2] != served.id
