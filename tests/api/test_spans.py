"""Model calls as spans: their names and times, nothing loaded unless asked for."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from opentelemetry.trace import NonRecordingSpan, Span, SpanKind, Tracer
from opentelemetry.trace.span import INVALID_SPAN_CONTEXT

from api.turns.spans import Spans, endpoint, opened_spans
from core.errors import Invalid
from tests.storage.test_usage import CALL


@dataclass
class Started(NonRecordingSpan):
    """A span as it was started and ended."""

    name: str
    told: dict[str, Any]
    status: Any = None
    ended_ns: int = 0

    def __post_init__(self) -> None:
        super().__init__(INVALID_SPAN_CONTEXT)

    def set_status(self, status: Any, description: str | None = None) -> None:
        self.status = status

    def end(self, end_time: int | None = None) -> None:
        self.ended_ns = end_time or 0


@dataclass
class Recorder(Tracer):
    """The tracer of an SDK, as far as it is asked for."""

    spans: list[Started] = field(default_factory=list[Started])

    def start_span(self, name: str, *_: Any, **told: Any) -> Span:
        self.spans.append(Started(name, told))
        return self.spans[-1]

    @contextmanager
    def start_as_current_span(self, name: str, *_: Any, **told: Any) -> Iterator[Span]:
        yield self.start_span(name, **told)


def test_a_call_is_a_client_span_with_its_tokens_and_times() -> None:
    recorder = Recorder()
    Spans(recorder).add(CALL)
    [span] = recorder.spans
    assert (span.name, span.told["kind"]) == ("chat m", SpanKind.CLIENT)
    attributes = span.told["attributes"]
    assert attributes["gen_ai.provider.name"] == "openai"
    assert attributes["gen_ai.usage.input_tokens"] == 100
    assert attributes["gen_ai.usage.cache_read.input_tokens"] == 60
    assert attributes["gen_ai.conversation.id"] == "t1"
    assert span.ended_ns - span.told["start_time"] == 300_000_000
    assert (span.status, "error.type" in attributes) == (None, False)


def test_a_failed_call_is_a_span_with_its_error() -> None:
    recorder = Recorder()
    Spans(recorder).add(replace(CALL, outcome="rate_limited", cost_usd=None, first_token_ms=None))
    [span] = recorder.spans
    assert span.told["attributes"]["error.type"] == "rate_limited"
    assert span.status.description == "rate_limited"
    assert "midwatch.cost_usd" not in span.told["attributes"]


def test_texts_are_never_part_of_a_span() -> None:
    recorder = Recorder()
    Spans(recorder).add(replace(CALL, prompt="the question", reply="the answer"))
    assert "the question" not in repr(recorder.spans[0].told)


@pytest.mark.parametrize(
    "url", ["http://otel:4318", "http://otel:4318/", "http://otel:4318/v1/traces"]
)
def test_a_receiver_may_be_called_by_its_root_or_its_whole_address(url: str) -> None:
    assert endpoint(url) == "http://otel:4318/v1/traces"


async def test_without_a_receiver_nothing_is_traced_or_loaded() -> None:
    async with opened_spans("") as spans:
        assert spans is None
    assert "opentelemetry.sdk.trace" not in sys.modules


async def test_a_missing_extra_is_told_in_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.resources", None)
    with pytest.raises(Invalid, match=r"MIDWATCH_TRACES__URL is set.*midwatch\[traces\]"):
        async with opened_spans("http://127.0.0.1:4318"):
            pass
