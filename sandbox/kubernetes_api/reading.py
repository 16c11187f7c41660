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
from sandbox.kubernetes_api.statuses import bad_request, expired, not_found, too_large
from sandbox.kubernetes_api.views import view
from sandbox.store import Key

Json = dict[str, Any]
Place = tuple[str, str]  # namespace and name
Token = tuple[int, int, Place]  # the list, where to go on in it, and the last object before that

# The number of no list: go on after the place in what is there now.
_ANEW = -1

# Lists that clients have begun to page through; the least recently used one expires first.
REMEMBERED_LISTS = 64

_TOO_OLD = (
    "The provided continue parameter is too old to display a consistent list result. "
    "You can start a new list without the continue parameter, or use the continue token in this "
    "response to retrieve the remainder of the results. Continuing with the provided token results "
    "in an inconsistent list - objects that were created, modified, or deleted between the time the "
    "first chunk was returned and now may show up in the list."
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

    def next(self, told: Token, limit: int) -> Page:
        """The page after. Refused with a token for what is there now if the list is forgotten."""
        number, start, place = told
        if number not in self._lists:
            refusal = expired(_TOO_OLD)
            refusal.status["metadata"] = {"continue": _token(_ANEW, 0, place)}
            raise refusal
        self._lists.move_to_end(number)
        return self._page(number, start, limit)

    def _page(self, number: int, start: int, limit: int) -> Page:
        items, version, counted = self._lists[number]
        end = start + limit if limit > 0 else len(items)
        left = max(len(items) - end, 0)
        more = _token(number, end, _place(items[end - 1])) if left else ""
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
    told = _read_token(token) if token else (_ANEW, 0, ("", ""))
    if told[0] != _ANEW:
        return pages.next(told, limit)
    _check_version(call, cluster.store.version)
    matches = selected(call, kind)
    everything = cluster.list(kind.resource, call.target.namespace)
    items = [view(kind, one) for one in everything if _place(one) > told[2] and matches(one)]
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
        raise too_large(asked, now)
    if call.query.get("resourceVersionMatch") == "Exact" and asked != now:
        raise expired(f"The resourceVersion for the provided list is too old: {asked} ({now})")


def _place(one: Json) -> Place:
    return one["metadata"].get("namespace") or "", one["metadata"]["name"]


def _token(number: int, start: int, place: Place) -> str:
    told = {"list": number, "start": start, "after": place}
    return base64.urlsafe_b64encode(orjson.dumps(told)).decode()


def _read_token(token: str) -> Token:
    try:
        told = orjson.loads(base64.urlsafe_b64decode(token))
        namespace, name = told["after"]
        return int(told["list"]), int(told["start"]), (str(namespace), str(name))
    except (binascii.Error, ValueError, KeyError, TypeError):
        raise bad_request(f"continue key is not valid: {token}") from None
