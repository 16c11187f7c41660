"""Model calls as OpenTelemetry spans, by the conventions for generative AI. An optional extra."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from importlib import import_module
from typing import TYPE_CHECKING, Any

from api.sentences import SENTENCES
from core.errors import Invalid
from core.storage.records import UsageRow

if TYPE_CHECKING:
    from opentelemetry.trace import Tracer

NAME = "midwatch"
PATH = "/v1/traces"
# How long a receiver has to take a batch, also when going down.
TIMEOUT_S = 3.0


class Spans:
    """One span a call, made when the call has ended; sending them is the SDK's own thread's work."""

    def __init__(self, tracer: "Tracer") -> None:
        self._tracer = tracer

    def add(self, row: UsageRow) -> None:
        from opentelemetry.trace import SpanKind, Status, StatusCode

        ended = row.created_at + timedelta(milliseconds=row.duration_ms)
        span = self._tracer.start_span(
            f"chat {row.model}",
            kind=SpanKind.CLIENT,
            attributes=_attributes(row),
            start_time=_ns(row.created_at),
        )
        if row.outcome != "ok":
            span.set_status(Status(StatusCode.ERROR, row.outcome))
        span.end(_ns(ended))


@asynccontextmanager
async def opened_spans(url: str) -> AsyncGenerator[Spans | None]:
    """Where calls are traced to: an OTLP receiver. "" traces nothing and loads nothing.

    Raises `Invalid` when the extra is not installed.
    """
    if not url:
        yield None
        return
    provider = _provider(url)
    try:
        yield Spans(provider.get_tracer(NAME))
    finally:
        # It sends what waits, by blocking requests.
        await asyncio.to_thread(provider.shutdown)


def endpoint(url: str) -> str:
    """Where spans are posted to: receivers are called by their root, and by the whole address."""
    root = url.rstrip("/")
    return root if root.endswith(PATH) else f"{root}{PATH}"


def _provider(url: str) -> Any:
    try:
        resources = import_module("opentelemetry.sdk.resources")
        trace = import_module("opentelemetry.sdk.trace")
        export = import_module("opentelemetry.sdk.trace.export")
        otlp = import_module("opentelemetry.exporter.otlp.proto.http.trace_exporter")
    except ImportError as error:
        raise SENTENCES.error(Invalid, "no_tracing") from error
    provider = trace.TracerProvider(resource=resources.Resource.create({"service.name": NAME}))
    exporter = otlp.OTLPSpanExporter(endpoint=endpoint(url), timeout=TIMEOUT_S)
    provider.add_span_processor(export.BatchSpanProcessor(exporter))
    return provider


def _attributes(row: UsageRow) -> dict[str, str | int | float | bool]:
    """What the conventions have a name for, and the rest under our own."""
    told: dict[str, str | int | float | bool | None] = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": row.provider,
        "gen_ai.request.model": row.model,
        "gen_ai.conversation.id": row.conversation_id,
        "gen_ai.agent.name": row.subagent,
        "gen_ai.usage.input_tokens": row.input_tokens,
        "gen_ai.usage.output_tokens": row.output_tokens,
        "gen_ai.usage.cache_read.input_tokens": row.cache_read_tokens,
        "gen_ai.usage.cache_creation.input_tokens": row.cache_write_tokens,
        "gen_ai.usage.reasoning.output_tokens": row.reasoning_tokens,
        "error.type": None if row.outcome == "ok" else row.outcome,
        "user.id": row.subject,
        "midwatch.run_id": row.run_id,
        "midwatch.request_id": row.request_id,
        "midwatch.cost_usd": row.cost_usd,
        "midwatch.first_token_ms": row.first_token_ms,
        "midwatch.estimated": row.estimated,
    }
    return {name: value for name, value in told.items() if value is not None}


def _ns(at: datetime) -> int:
    return round(at.timestamp() * 1_000_000_000)
