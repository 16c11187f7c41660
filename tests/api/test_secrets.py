"""No secret, whatever its value, leaves by an answer, an error, an export, a shared link or the log."""

import io
import logging
import string
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Any, Literal
from urllib.parse import quote

import pytest
import structlog
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from agent.events import Done, Token, ToolFinished, ToolStarted
from core.errors import Conflict, UpstreamUnavailable
from core.telemetry import configure_logging, logger
from mcp_servers.access import Gate
from mcp_servers.calling import in_memory
from mcp_servers.client import Sessions, Tools
from tests.api.conftest import TURN, Stage
from tests.core.test_redaction import LABELLED, SHAPES
from tests.servers.conftest import ANN
from tests.servers.toys import toys

LETTERS = string.ascii_letters + string.digits
# The last part of it is what is looked for: no other text has it by chance.
values = st.text(LETTERS, min_size=12, max_size=30).map(lambda text: f"a1{text}")
labelled = [one for one in LABELLED if "\n" not in one and "{{" not in one]
drawn = settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
# A text with a secret in it, and the part that may be found nowhere.
spoken = st.tuples(st.sampled_from(labelled), values).map(lambda it: (it[0].format(it[1]), it[1]))
told = spoken | st.sampled_from([(one, one[-12:]) for one in SHAPES.values()])


@contextmanager
def logged(form: Literal["json", "pretty"]) -> Iterator[io.StringIO]:
    """What is written to the log meanwhile, as a running service writes it."""
    root, stream = logging.getLogger(), io.StringIO()
    handlers, level = root.handlers[:], root.level
    configure_logging(form, stream=stream)
    yield stream
    root.handlers[:], root.level = handlers, level
    structlog.reset_defaults()


@given(told, st.sampled_from(["json", "pretty"]))
def test_not_by_a_log_line_nor_by_a_traceback(
    case: tuple[str, str], form: Literal["json", "pretty"]
) -> None:
    text, secret = case
    with logged(form) as stream:
        logger("x").info("seen", text=text, deep={"list": [text]})
        logging.getLogger("library").warning("connecting: %s", text)
        logger("x").error("failed", exc_info=Conflict(text))
    assert stream.getvalue().count("seen") == 1
    assert secret not in stream.getvalue()


@drawn
@given(told)
@example((SHAPES["jwt in base64"], SHAPES["jwt in base64"][-12:]))
async def test_not_by_a_problem_document(stage: Stage, case: tuple[str, str]) -> None:
    text, secret = case
    stage.script.error = UpstreamUnavailable(f"Cannot connect: {text}")
    with logged("json") as stream:
        async with stage.client() as http:
            by_query = await http.post("/api/v1/query", json={"question": "Why?"})
            by_path = await http.get(f"/api/v1/threads/{quote(text, safe='')}")
            body = {"messages": [{"id": "1", "role": "user", "content": "Why?"}]}
            by_stream = await http.post("/agui", json=body)
            chat = {"model": "midwatch", "messages": [{"role": "user", "content": "Why?"}]}
            by_openai = await http.post("/v1/chat/completions", json=chat)
            kept = await http.get("/api/v1/threads?limit=1")
            thread = kept.json()["items"][0]["id"]
            read = await http.get(f"/api/v1/threads/{thread}")
    assert by_query.status_code == by_openai.status_code == 503
    assert "RUN_ERROR" in by_stream.text
    for answer in (by_query, by_path, by_stream, by_openai, read):
        assert secret not in answer.text, answer.request.url.path
    assert secret not in stream.getvalue()


@pytest.fixture
async def reader(stage: Stage) -> str:
    return await stage.token_of("reader")


@drawn
@given(told)
async def test_not_by_an_export_nor_by_a_shared_link(
    stage: Stage, reader: str, case: tuple[str, str]
) -> None:
    """Even where somebody typed it, or a model said it again."""
    text, secret = case
    call: Any = ("c1", "rca", "rca_investigate", {"symptom": text})
    first, *_, last = TURN
    assert isinstance(last, Done)
    stage.script.events = [
        first,
        ToolStarted(*call, "s1"),
        ToolFinished(*call, "ok", 12, "found", {"note": text}, 5, "s1"),
        Token("m1", f"You said {text}"),
        Done("m1", f"You said {text}", "en", ("rca",), (), last.usage),
    ]
    async with stage.client() as http:
        asked = await http.post("/api/v1/query", json={"question": f"Is {text} right?"})
        thread = asked.json()["thread_id"]
        address = f"/api/v1/threads/{thread}"
        files = [await http.get(f"{address}/export?format={one}") for one in ("json", "markdown")]
        shared = (await http.post(f"{address}/shares", json={"hours": 1})).json()
    async with stage.client(reader) as http:
        opened = await http.post("/api/v1/shares/open", json={"link": shared["link"]})
    for answer in (*files, opened):
        assert answer.status_code == 200
        assert "You said" in answer.text
        assert secret not in answer.text


@pytest.fixture
async def tools() -> AsyncIterator[Tools]:
    async with in_memory(toys(Gate())) as line:
        yield Tools(Sessions({"toy": line.itself}), ANN)


@drawn
@given(told)
async def test_not_by_the_result_or_the_failure_of_a_tool(
    tools: Tools, case: tuple[str, str]
) -> None:
    text, secret = case
    answer = await tools.call("toy_echo", text=text)
    assert secret not in answer.text
    assert secret not in str(answer.data)
    with pytest.raises(Conflict) as refused:
        await tools.call("toy_refuse", secret=f"it, {text}")
    assert secret not in f"{refused.value} {refused.value.fields()}"
