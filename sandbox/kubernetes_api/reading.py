"""get and list: selectors, pages that stay consistent while others write."""

import base64
import binascii
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import orjson

from sandbox.kubernetes_api.calls import Call
from sandbox.kubernetes_api.cluster import Cluster
from sandbox.kubernetes_api.kinds import Kind
from sandbox.kubernetes_api.selectors import Matches, field_selector, label_selector
from sandbox.kubernetes_api.statuses import Refusal, bad_request, expired, not_found
from sandbox.kubernetes_api.views import view
from sandbox.store import Key

Json = dict[str, Any]

# Lists that clients have begun to page through; the least recently used one expires first.
REMEMBERED_LISTS = 64

_TOO_OLD = (
    "The provided continue parameter is too old to display a consistent list result. "
    "You can start a new list without the continue parameter."
)


@dataclass(frozen=True, slots=True)
class Page:
    """Some objects of a list, and where the next are."""

    items: Sequence[Json]
    version: int
    more: str = ""
    remaining: int | None = None

    def metadata(self) -> Json:
        found: Json = {"resourceVersion": str(self.version)}
        if self.more:
            found["continue"] = self.more
        if self.remaining:
            found["remainingItemCount"] = self.remaining
        return found


class Pages:
    """Lists half read. Stored objects are never altered, so keeping them costs only references."""

    def __init__(self) -> None:
        self._lists: OrderedDict[int, tuple[Sequence[Json], int, bool]] = OrderedDict()
        self._numbers = count()

    def first(self, items: Sequence[Json], version: int, limit: int, *, counted: bool) -> Page:
        if not 0 < limit < len(items):
            return Page(items, version)
        number = next(self._numbers)
        self._lists[number] = (items, version, counted)
        while len(self._lists) > REMEMBERED_LISTS:
            self._lists.popitem(last=False)
        return self._page(number, 0, limit)

    def next(self, token: str, limit: int) -> Page:
        number, start = _read_token(token)
        if number not in self._lists:
            raise expired(_TOO_OLD)
        self._lists.move_to_end(number)
        return self._page(number, start, limit)

    def _page(self, number: int, start: int, limit: int) -> Page:
        items, version, counted = self._lists[number]
        end = start + limit if limit > 0 else len(items)
        left = max(len(items) - end, 0)
        more = _token(number, end) if left else ""
        return Page(items[start:end], version, more, left if counted else None)


def get(cluster: Cluster, kind: Kind, namespace: str, name: str) -> Json:
    """The object as this kind shows it. Refused as "not found" when there is none."""
    found = cluster.get(Key(kind.resource, namespace if kind.namespaced else "", name))
    if found is None:
        raise not_found(kind, name)
    return view(kind, found)


def selected(call: Call, kind: Kind) -> Matches:
    """What a stored object must be to belong to the list or watch that is asked for."""
    labels = label_selector(call.query.get("labelSelector", ""))
    fields = field_selector(call.query.get("fieldSelector", ""), kind.resource)
    name = call.target.name
    return lambda one: labels(one) and fields(one) and (not name or one["metadata"]["name"] == name)


def list_page(cluster: Cluster, pages: Pages, call: Call, kind: Kind) -> Page:
    limit, token = call.number("limit") or 0, call.query.get("continue", "")
    if token:
        return pages.next(token, limit)
    _check_version(call, cluster.store.version)
    matches = selected(call, kind)
    everything = cluster.list(kind.resource, call.target.namespace)
    items = [view(kind, one) for one in everything if matches(one)]
    chosen = "labelSelector" in call.query or "fieldSelector" in call.query
    return pages.first(items, cluster.store.version, limit, counted=not chosen)


def list_body(page: Page, kind: Kind) -> Json:
    """Items of standard kinds do not repeat their kind: that is how a real server lists them."""
    items = page.items
    if kind.builtin:
        items = [{k: v for k, v in one.items() if k not in {"kind", "apiVersion"}} for one in items]
    return {
        "kind": f"{kind.kind}List",
        "apiVersion": kind.group_version,
        "metadata": page.metadata(),
        "items": items,
    }


def _check_version(call: Call, now: int) -> None:
    asked = call.number("resourceVersion") or 0
    if asked > now:
        message = f"Too large resource version: {asked}, current: {now}"
        raise Refusal(504, "Timeout", message, {"retryAfterSeconds": 1})
    if call.query.get("resourceVersionMatch") == "Exact" and asked != now:
        raise expired(f"The resourceVersion for the provided list is too old: {asked} ({now})")


def _token(number: int, start: int) -> str:
    return base64.urlsafe_b64encode(orjson.dumps({"list": number, "start": start})).decode()


def _read_token(token: str) -> tuple[int, int]:
    try:
        told = orjson.loads(base64.urlsafe_b64decode(token))
        return int(told["list"]), int(told["start"])
    except (binascii.Error, ValueError, KeyError, TypeError):
        raise bad_request(f"continue key is not valid: {token}") from None
