# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
"""Prometheus over its HTTP API: PrometheusConnect in a thread, with bounds on time and size.

All of it reads, so all of it may be asked again: `retrying` says after which failures.
"""

import asyncio
import io
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Self, TypeVar

import orjson
import requests
from prometheus_api_client.prometheus_connect import PrometheusConnect
from urllib3.exceptions import HTTPError, ReadTimeoutError
from urllib3.util.retry import Retry

from core.errors import Forbidden, Invalid, OpsError, TooLarge, UpstreamUnavailable
from mcp_servers.backends.addresses import host_of, is_loopback
from mcp_servers.backends.retrying import (
    PASSING,
    PATIENCE,
    Deadline,
    Passing,
    Patience,
    asked_wait_s,
    patiently,
)
from mcp_servers.facts.alerts import Alert, Labels, Rule, Target
from mcp_servers.facts.kubernetes import moment
from mcp_servers.facts.metrics import Series

Found = TypeVar("Found")
Json = Mapping[str, Any]

# More points than this say no more, and cost the server, the wire and the reader.
MOST_POINTS = 300
MOST_BYTES = 32 << 20

# The client's own limit counts from byte to byte; this much later we stop waiting for the whole.
GRACE_S = 1.0


@dataclass(frozen=True)
class Prometheus:
    """One Prometheus, or none: then every call says that it is not configured.

    `timeout_s` is for a whole call, all its tries included.
    """

    url: str
    timeout_s: float
    _api: PrometheusConnect | None
    _session: requests.Session
    patience: Patience = PATIENCE

    @classmethod
    def connect(cls, url: str, timeout_s: float = 10.0, *, patience: Patience = PATIENCE) -> Self:
        """Nothing is asked of it yet. `url` is its root, with the prefix it is served under."""
        address = url.rstrip("/")
        session = _session()
        if not address:
            return cls("", timeout_s, None, session)
        seconds: Any = timeout_s  # the client says int and hands it on as it is
        # Not a proxy of the environment, nor its .netrc, for what runs on this machine.
        session.trust_env = not is_loopback(address)
        retry = Retry(total=0, read=False)  # False: a timeout is raised as what it is
        api = PrometheusConnect(address, retry=retry, session=session, timeout=seconds)
        return cls(address, timeout_s, api, session, patience)

    @property
    def configured(self) -> bool:
        return self._api is not None

    def close(self) -> None:
        self._session.close()

    async def query(self, promql: str) -> list[Series]:
        """The value of an expression now: one point a series. Raises `Invalid` on bad PromQL."""
        params = {"timeout": f"{self.timeout_s:g}s"}
        found = await self._ask(lambda api: api.custom_query(promql, params=params))
        return self._read(lambda: _series_of(promql, found))

    async def query_range(
        self, promql: str, *, start: datetime, end: datetime, points: int = 120
    ) -> list[Series]:
        """An expression over time, at `points` places at most and never more than 300."""
        step = step_of(end - start, points).total_seconds()
        params = {"timeout": f"{self.timeout_s:g}s"}
        found = await self._ask(
            lambda api: api.custom_query_range(promql, start, end, f"{step:g}", params=params)
        )
        return self._read(lambda: _series_of(promql, found))

    async def series(
        self, match: Sequence[str], *, start: datetime, end: datetime
    ) -> list[dict[str, str]]:
        """The label sets that match any of the selectors in this time."""
        params = {"match[]": list(match)}
        found = await self._ask(lambda api: api.get_series(start, end, params))
        return self._read(lambda: [dict(one) for one in found])

    async def label_values(
        self, label: str, match: Sequence[str] = (), *, start: datetime, end: datetime
    ) -> list[str]:
        """The values of one label, `__name__` for the names of all metrics."""
        params: dict[str, Any] = {"start": start.timestamp(), "end": end.timestamp()}
        if match:
            params["match[]"] = list(match)
        found = await self._ask(lambda api: api.get_label_values(label, params))
        return self._read(lambda: [str(one) for one in found])

    async def targets(self) -> list[Target]:
        """What is being scraped now, the unhealthy ones included."""
        found = await self._ask(lambda api: api.get_targets(state="active"))
        return self._read(lambda: [_target_of(one) for one in found["activeTargets"]])

    async def rules(self) -> list[Rule]:
        """Every rule in the order of its files."""
        found = await self._ask(lambda _: self._data("rules"))
        return self._read(
            lambda: [_rule_of(group, one) for group in found["groups"] for one in group["rules"]],
        )

    async def alerts(self) -> list[Alert]:
        """Pending and firing alerts; Prometheus knows nothing of silences."""
        found = await self._ask(lambda _: self._data("alerts"))
        return self._read(lambda: [_alert_of(one) for one in found["alerts"]])

    def _data(self, endpoint: str) -> Any:
        """PrometheusConnect has no method for these."""
        url = f"{self.url}/api/v1/{endpoint}"
        return self._session.request("GET", url, timeout=self.timeout_s).json()["data"]

    async def _ask(self, question: Callable[[PrometheusConnect], Any]) -> Any:
        api = self._api
        if api is None:
            raise UpstreamUnavailable(
                "Prometheus is not configured.",
                hint="Set MIDWATCH_PROMETHEUS__URL, or use --prometheus.",
            )

        async def ask(deadline: Deadline) -> Any:
            async with asyncio.timeout(deadline.left_s + GRACE_S):
                return await asyncio.to_thread(self._once, question, api)

        try:
            return await patiently(ask, self.patience, within_s=self.timeout_s)
        except TimeoutError as error:
            raise self._too_slow() from error

    def _once(self, question: Callable[[PrometheusConnect], Any], api: PrometheusConnect) -> Any:
        """One try, in a thread. A broken connection may be over soon; a spent time limit is not."""
        try:
            return question(api)
        except (requests.ReadTimeout, ReadTimeoutError, TimeoutError) as error:
            raise self._too_slow() from error
        except requests.exceptions.SSLError as error:
            raise self._away() from error
        except (requests.RequestException, HTTPError, OSError) as error:
            if isinstance(error, requests.exceptions.JSONDecodeError):
                raise self._stranger() from error
            raise Passing(self._away()) from error
        except (ValueError, KeyError, TypeError) as error:
            raise self._stranger() from error

    def _too_slow(self) -> UpstreamUnavailable:
        return UpstreamUnavailable(
            f"Prometheus at {host_of(self.url)} did not answer within {self.timeout_s:g} s.",
            hint="Ask for a shorter time or fewer series.",
        )

    def _away(self) -> UpstreamUnavailable:
        return UpstreamUnavailable(
            f"Prometheus at {host_of(self.url)} does not answer.",
            hint="Check that it runs and that this machine reaches it.",
        )

    def _read(self, shape: Callable[[], list[Found]]) -> list[Found]:
        try:
            return shape()
        except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
            raise self._stranger() from error

    def _stranger(self) -> UpstreamUnavailable:
        return UpstreamUnavailable(
            f"What answers at {host_of(self.url)} is not a Prometheus API.",
            hint="Check the address, with the prefix Prometheus is served under.",
        )


def step_of(span: timedelta, points: int) -> timedelta:
    """The whole-second step that puts at most `points`, and never more than 300, into a span."""
    gaps = max(1, min(points, MOST_POINTS) - 1)
    return timedelta(seconds=max(1, math.ceil(span.total_seconds() / gaps)))


def _session() -> requests.Session:
    session = requests.Session()
    session.hooks["response"].append(_bounded)
    return session


def _bounded(response: requests.Response, *_: Any, **__: Any) -> requests.Response:
    """Read a bounded body, and raise our errors with the server's own sentence."""
    content = response.raw.read(MOST_BYTES + 1, decode_content=True)
    if len(content) > MOST_BYTES:
        response.close()
        raise TooLarge(
            "Prometheus found too much for one answer.",
            hint="Aggregate with sum by (…) or topk, or select fewer series.",
        )
    if response.status_code in PASSING:
        after_s = asked_wait_s(response.headers.get("Retry-After"))
        raise Passing(_refusal(response.status_code, content), after_s)
    if response.status_code != requests.codes.ok:
        raise _refusal(response.status_code, content)
    response.raw = io.BytesIO(content)
    return response


def _refusal(status: int, content: bytes) -> OpsError:
    """What a status that is not 200 means; Prometheus says why in `error`."""
    try:
        said = str(orjson.loads(content).get("error") or "")
    except (orjson.JSONDecodeError, AttributeError):
        said = ""
    if status in (400, 405, 422) and said:
        return Invalid(f"Prometheus refused the query: {said}.")
    if status in (401, 403):
        return Forbidden(
            "Prometheus does not let Midwatch in.", hint="Put credentials into its address."
        )
    return UpstreamUnavailable(f"Prometheus answered {status}{f': {said}' if said else ''}.")


def _series_of(promql: str, found: Any) -> list[Series]:
    """Vectors and matrices; a scalar is one series without labels."""
    if len(found) == 2 and not isinstance(found[0], Mapping):
        return [Series(promql, (), (_point(found),))]
    return [
        Series(
            query=promql,
            labels=_labels(one["metric"]),
            points=tuple(_point(pair) for pair in one.get("values") or [one["value"]]),
        )
        for one in found
        if "value" in one or "values" in one  # native histograms have neither
    ]


def _point(pair: Sequence[Any]) -> tuple[datetime, float]:
    return datetime.fromtimestamp(float(pair[0]), UTC), float(pair[1])


def _labels(raw: Mapping[str, Any] | None) -> Labels:
    return tuple(sorted((key, str(value)) for key, value in (raw or {}).items()))


def _target_of(raw: Json) -> Target:
    labels = _labels(raw["labels"])
    return Target(
        job=str(raw["labels"].get("job", "")),
        instance=str(raw["labels"].get("instance", "")),
        labels=labels,
        health=str(raw["health"]),
        last_error=str(raw.get("lastError") or ""),
        last_scrape_at=moment(raw.get("lastScrape")),
        scrape_s=float(raw.get("lastScrapeDuration") or 0),
    )


def _rule_of(group: Json, raw: Json) -> Rule:
    return Rule(
        group=str(group["name"]),
        name=str(raw["name"]),
        kind=str(raw["type"]),
        query=str(raw["query"]),
        state=str(raw.get("state") or ""),
        health=str(raw.get("health") or "unknown"),
        last_error=str(raw.get("lastError") or ""),
        for_s=float(raw.get("duration") or 0),
        labels=_labels(raw.get("labels")),
        alerts=len(raw.get("alerts") or []),
    )


def _alert_of(raw: Json) -> Alert:
    return Alert(
        name=str(raw["labels"].get("alertname", "")),
        state=str(raw["state"]),
        labels=_labels(raw["labels"]),
        annotations=_labels(raw.get("annotations")),
        since=moment(raw.get("activeAt")),
    )
