"""A base of an earlier format in Redis: what people added to it goes into this one, and then it goes."""

from collections.abc import Iterator

from core.errors import Invalid
from knowledge_base.chunking import document
from knowledge_base.index import ABSENT, Entry
from knowledge_base.index.earlier_format import SHIPPED
from knowledge_base.index.redis_changes import Change, Changes
from knowledge_base.index.redis_space import Space
from knowledge_base.index.redis_wire import Wire

# Bodies that are asked for in one go.
BATCH = 100


def take_over(wire: Wire, root: str, newest: int) -> None:
    """Put the pages and sources of every earlier format into the base of the `newest` one.

    Formats differ in the words of a passage alone; the Markdown lies where it lay. What is there
    by now stays, so that several services may do this at once, and one that is broken off is begun
    again by the next. Pages come without vectors, which are made like all that are missing.
    """
    for number in range(1, newest):
        earlier = Changes(wire, f"{root}:{number}")
        if wire.ask("EXISTS", earlier.key, earlier.sources):
            _take_over(earlier, Changes(wire, f"{root}:{newest}"))


def _take_over(earlier: Changes, new: Changes) -> None:
    space = earlier.state().space
    if space is not None:
        new.make(Change(list(_entries(earlier, space))))
    for source in earlier.wire.ask("SMEMBERS", earlier.sources):
        new.wire.ask("SADD", new.sources, source)
    earlier.erase()


def _entries(earlier: Changes, space: Space) -> Iterator[Entry]:
    """The fingerprint is empty, so that the next ingest of its source replaces it."""
    docs = [doc for doc in earlier.marks(space) if not doc.startswith(SHIPPED)]
    for start in range(0, len(docs), BATCH):
        some = docs[start : start + BATCH]
        bodies = earlier.wire.ask_all([("HGET", space.document_key(doc), "body") for doc in some])
        for doc, body in zip(some, bodies, strict=True):
            yield from _entry(doc, body)


def _entry(doc: str, body: bytes | None) -> Iterator[Entry]:
    try:
        if body is not None:
            yield Entry(document(doc, body.decode()), fingerprint="", replaces=ABSENT)
    except Invalid:
        return
