"""Logs and metrics. Logs go to stderr, so that stdout carries answers alone."""

import logging
import sys
from typing import Literal, TextIO

from core.absent import in_name_only, without
from core.redaction import redact_fields

# It could serve metrics by itself and push them; ours are one route of the service.
with in_name_only("http.server", "wsgiref.simple_server", "urllib.request"):
    from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

# structlog draws tracebacks with rich where it finds it. Ours are plain, redacted lines, and rich
# with its lexers is 4 MiB of every process.
with without("rich"):
    import structlog
    from structlog.typing import EventDict, Processor, WrappedLogger

TURN_BUCKETS_S = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
CALL_BUCKETS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)

# Their requests carry addresses with tokens, and say nothing that our own lines do not.
CHATTY = ("httpx2", "httpcore2", "aiosqlite", "asyncio", "kubernetes", "mcp", "alembic")


def configure_logging(
    format: Literal["pretty", "json"],  # noqa: A002 - the setting is called so
    level: str = "info",
    *,
    stream: TextIO | None = None,
) -> None:
    """Send every log line of the process, ours and the libraries', through one form.

    Call it once, at start-up. Secrets are taken out of each field before it is written.
    """
    output = stream or sys.stderr
    structlog.configure(
        processors=[*_shared(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    handler = logging.StreamHandler(output)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=_shared(),
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *_rendering(format, colors=output.isatty()),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=level.upper(), force=True)
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)
    # Warns of each retry, with the address; what came of them is ours to say.
    logging.getLogger("urllib3").setLevel(logging.ERROR)


def _shared() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]


def _rendering(format: Literal["pretty", "json"], *, colors: bool) -> list[Processor]:  # noqa: A002 - as above
    if format == "json":
        return [
            structlog.processors.format_exc_info,
            _redacted,
            structlog.processors.JSONRenderer(ensure_ascii=False),
        ]
    return [
        structlog.processors.format_exc_info,
        _redacted,
        structlog.dev.ConsoleRenderer(colors=colors, pad_event_to=0),
    ]


def _redacted(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    return redact_fields(event)


# What is bound stands in every line of a block: with it the names of a request, for instance.
bound = structlog.contextvars.bound_contextvars


def logger(name: str) -> structlog.stdlib.BoundLogger:
    """A structured logger: `log.info("turn.finished", thread_id=…)`."""
    return structlog.stdlib.get_logger(name)


class Metrics:
    """What one running Midwatch counts. Each has its own registry, so two in a process never mix."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._turns = Counter(
            "midwatch_turns",
            "Turns, by subagent and how they ended.",
            ["subagent", "status"],
            registry=self.registry,
        )
        self._turn_seconds = Histogram(
            "midwatch_turn_duration_seconds",
            "How long a turn took.",
            ["subagent"],
            buckets=TURN_BUCKETS_S,
            registry=self.registry,
        )
        self._turns_running = Gauge(
            "midwatch_turns_running", "Turns being answered now.", registry=self.registry
        )
        self._tool_calls = Counter(
            "midwatch_tool_calls",
            "Tool calls; status is ok or an error code.",
            ["server", "tool", "status"],
            registry=self.registry,
        )
        self._tool_seconds = Histogram(
            "midwatch_tool_call_duration_seconds",
            "How long a tool call took.",
            ["server", "tool"],
            buckets=CALL_BUCKETS_S,
            registry=self.registry,
        )
        self._tokens = Counter(
            "midwatch_model_tokens",
            "Model tokens; direction is input or output.",
            ["provider", "model", "direction"],
            registry=self.registry,
        )
        self._cost = Counter(
            "midwatch_model_cost_usd",
            "Cost of models with a known price, USD.",
            ["provider", "model"],
            registry=self.registry,
        )
        self._requests = Counter(
            "midwatch_http_requests",
            "HTTP requests, by route pattern.",
            ["method", "route", "status"],
            registry=self.registry,
        )
        self._request_seconds = Histogram(
            "midwatch_http_request_duration_seconds", "How long a request took to its first byte.",
            ["method", "route"], buckets=CALL_BUCKETS_S, registry=self.registry,
        )  # fmt: skip

    def turn_started(self) -> None:
        self._turns_running.inc()

    def turn_finished(self, subagent: str, status: str, duration_s: float) -> None:
        self._turns_running.dec()
        self._turns.labels(subagent, status).inc()
        self._turn_seconds.labels(subagent).observe(duration_s)

    def tool_called(self, server: str, tool: str, status: str, duration_s: float) -> None:
        self._tool_calls.labels(server, tool, status).inc()
        self._tool_seconds.labels(server, tool).observe(duration_s)

    def model_used(
        self,
        provider: str,
        model: str,
        *,
        input_tokens: int,
        output_tokens: int,
        cost_usd: float | None,
    ) -> None:
        """`cost_usd` None: the model has no known price, which is not the same as free."""
        self._tokens.labels(provider, model, "input").inc(input_tokens)
        self._tokens.labels(provider, model, "output").inc(output_tokens)
        if cost_usd is not None:
            self._cost.labels(provider, model).inc(cost_usd)

    def request_answered(self, method: str, route: str, status: int, duration_s: float) -> None:
        """`route` is the pattern, never the address: an address has no bound."""
        self._requests.labels(method, route, str(status)).inc()
        self._request_seconds.labels(method, route).observe(duration_s)

    def exposition(self) -> bytes:
        """The Prometheus text format."""
        return generate_latest(self.registry)
