"""Changes of a base in Redis: each is seen whole or not at all.

A small one is one transaction. A greater one, which would keep every other client waiting, is built as a
copy beside the one in use, and switched to when it is complete; what is broken off is taken up again.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from secrets import token_hex

from core.errors import UpstreamUnavailable
from knowledge_base.index import Entry, taken
from knowledge_base.index.redis_space import (
    Command,
    Space,
    documents_query,
    fingerprint_of,
    passages_of,
)
from knowledge_base.index.redis_wire import Changed, Missing, Wire
from knowledge_base.sentences import SENTENCES

# Passages of a transaction: putting one into the graph takes about a millisecond.
SMALL = 250
# How long a copy belongs to its builder after the last sign of life.
LEASE_S = 60
# How often a reader or writer begins again because somebody has written in between.
ATTEMPTS = 20


@dataclass(frozen=True, slots=True)
class State:
    """Which copy is in use. `space` None: nothing has been put in yet."""

    space: Space | None
    embedder: str
    version: str


@dataclass(frozen=True, slots=True)
class Change:
    """What is to be put in and taken out; with an `embedder`, the vectors of all others go."""

    entries: Sequence[Entry]
    gone: frozenset[str] = frozenset()
    embedder: str | None = None

    @property
    def dimensions(self) -> int:
        made = (one.vectors.shape[1] for one in self.entries if one.vectors is not None)
        return max(made, default=0)

    def touched(self, kept: Mapping[str, str]) -> int:
        """How many passages go or come."""
        new = self.new(kept)
        names = {*new, *self.gone}
        old = sum(passages_of(mark) for doc, mark in kept.items() if doc in names)
        return old + sum(len(one.document.passages) for one in new.values())

    def new(self, kept: Mapping[str, str]) -> dict[str, Entry]:
        """The entries to put in where the documents have these marks."""
        return taken(self.entries, {doc: fingerprint_of(mark) for doc, mark in kept.items()})


@dataclass(frozen=True, slots=True)
class Copy:
    """A copy that is being built by `builder`: `old` is the one in use, `kept` what it holds."""

    space: Space
    builder: str
    old: Space | None
    kept: Mapping[str, str]
    with_vectors: bool

    def after(self, change: Change) -> dict[str, tuple[int, str]]:
        """What it holds when it is complete: how many passages of each document, its fingerprint."""
        told = {doc: (passages_of(mark), fingerprint_of(mark))
                for doc, mark in self.kept.items() if doc not in change.gone}  # fmt: skip
        return told | {
            doc: (len(one.document.passages), one.fingerprint)
            for doc, one in change.new(self.kept).items()
        }

    def missing(self, there: Mapping[str, str], change: Change) -> Iterable[Command]:
        """What it lacks of that, and what it has too much."""
        after, new = self.after(change), change.new(self.kept)
        held = {doc: (passages_of(mark), fingerprint_of(mark)) for doc, mark in there.items()}
        for doc, told in held.items():
            if after.get(doc) != told:
                yield from self.space.forgotten(doc, told[0])
        for doc, told in after.items():
            if held.get(doc) == told:
                continue
            if doc in new:
                yield from self.space.added(new[doc])
            elif self.old is not None:
                yield from self.space.copied(
                    doc, self.kept[doc], self.old, vectors=self.with_vectors
                )


@dataclass(frozen=True, slots=True)
class Changes:
    """Writers wait for nobody: one who finds that another was faster begins again."""

    wire: Wire
    root: str

    @property
    def key(self) -> str:
        """A hash: the copy in use, what made its vectors, and a number that grows with each change."""
        return f"{self.root}:state"

    @property
    def sources(self) -> str:
        """A set: the folders and files that a refresh looks through."""
        return f"{self.root}:sources"

    @property
    def asked(self) -> Command:
        """What asks for the state, alone or beside other things."""
        return ("HGETALL", self.key)

    def state(self) -> State:
        return self.told(self.wire.ask(*self.asked))

    def told(self, told: Mapping[bytes, bytes]) -> State:
        name, wide = told.get(b"space", b"").decode(), int(told.get(b"dimensions", 0))
        space = Space(self.root, name, wide) if name else None
        embedder, version = told.get(b"embedder", b""), told.get(b"version", b"0")
        return State(space, embedder.decode(), version.decode())

    def marks(self, space: Space) -> dict[str, str]:
        told: dict[bytes, bytes] = self.wire.ask("HGETALL", space.marks)
        return {doc.decode(): mark.decode() for doc, mark in told.items()}

    def make(self, change: Change) -> None:
        for _ in range(ATTEMPTS):
            state = self.state()
            kept = {} if state.space is None else self.marks(state.space)
            try:
                if state.space is not None and _is_small(change, state.space, kept):
                    self._commit(state, _in_place(change, state.space, kept))
                else:
                    self._switch(state, kept, change)
            except (Changed, Missing):
                continue
            return
        raise SENTENCES.error(UpstreamUnavailable, "index_contended")

    def erase(self) -> None:
        """Take the whole base out of Redis."""
        names: list[bytes] = self.wire.ask("HKEYS", f"{self.root}:spaces")
        # Without its state nobody begins to read a copy that is half gone.
        self.wire.ask("DEL", self.key)
        for name in names:
            self._drop(Space(self.root, name.decode(), 0))
        self.wire.ask("DEL", f"{self.root}:spaces", self.sources)

    def _switch(self, state: State, kept: Mapping[str, str], change: Change) -> None:
        """Build the state after the change as a copy, and use that from now on."""
        old, revectored = state.space, change.embedder is not None
        wide = change.dimensions or (0 if revectored or old is None else old.dimensions)
        embedder = state.embedder if change.embedder is None else change.embedder
        same = not revectored and old is not None and old.dimensions == wide
        builder = token_hex(8)
        space = self._begun(wide, embedder, builder)
        copy = Copy(space, builder, old, kept, same)
        try:
            self._build(copy, change)
        except (Changed, Missing):
            self._drop(copy.space)
            raise
        named = {"space": copy.space.id, "dimensions": wide, "embedder": embedder}
        told = ("HSET", self.key, *(part for pair in named.items() for part in pair))
        try:
            self._commit(state, [told, ("DEL", copy.space.lease)], built=copy)
        except Changed:  # the next attempt finds it and adds what is new
            if self._holds(copy):
                self.wire.ask("DEL", copy.space.lease)
            raise
        self._drop_unused()

    def _build(self, copy: Copy, change: Change) -> None:
        """Raises `Changed` when what was copied from was taken away meanwhile."""
        space, after = copy.space, copy.after(change)

        def alive() -> None:
            self.wire.ask("EXPIRE", space.lease, LEASE_S)

        self.wire.send(copy.missing(self.marks(space), change), alive)
        counts = [documents_query(one, "", limit=0) for one in (space.documents, space.passages)]
        documents, passages = (int(told[0]) for told in self.wire.ask_all(counts))
        if (documents, passages) != (len(after), sum(count for count, _ in after.values())):
            raise Changed

    def _begun(self, dimensions: int, embedder: str, builder: str) -> Space:
        """A copy to build on: one that was left unfinished by somebody who is gone, or a new one."""
        kind = f"{dimensions} {embedder}"
        spaces: dict[bytes, bytes] = self.wire.ask("HGETALL", f"{self.root}:spaces")
        for name, told in spaces.items():
            space = Space(self.root, name.decode(), dimensions)
            if told.decode() == kind and self._leased(space, builder):
                # Looked at after it was taken: its builder may just have finished.
                if space != self.state().space:
                    return space
                self.wire.ask("DEL", space.lease)
        space = Space(self.root, token_hex(4), dimensions)
        self._leased(space, builder)
        self.wire.ask("HSET", f"{self.root}:spaces", space.id, kind)
        self.wire.ask_all(space.created())
        return space

    def _leased(self, space: Space, builder: str) -> bool:
        return bool(self.wire.ask("SET", space.lease, builder, "NX", "EX", LEASE_S))

    def _holds(self, copy: Copy) -> bool:
        """Whether it still belongs to its builder; one who was silent for too long has lost it."""
        return self.wire.ask("GET", copy.space.lease) == copy.builder.encode()

    def _drop_unused(self) -> None:
        """Copies that nobody uses or builds any more."""
        names: list[bytes] = self.wire.ask("HKEYS", f"{self.root}:spaces")
        for space in (Space(self.root, name.decode(), 0) for name in names):
            if self._leased(space, "nobody"):
                in_use = self.state().space
                if in_use and in_use.id == space.id:
                    self.wire.ask("DEL", space.lease)
                else:
                    self._drop(space)

    def _drop(self, space: Space) -> None:
        self.wire.ask("HDEL", f"{self.root}:spaces", space.id)
        for command in space.dropped():
            try:
                self.wire.ask(*command)
            except Missing:
                continue

    def _commit(
        self, state: State, commands: Sequence[Command], *, built: Copy | None = None
    ) -> None:
        """All of it and another version, unless the state is another one by now."""
        counted = ("HINCRBY", self.key, "version", 1)
        watched = [self.key, *([built.space.lease] if built else [])]

        def still() -> bool:
            return self.state() == state and (built is None or self._holds(built))

        self.wire.change(watched, still, [*commands, counted])


def _is_small(change: Change, space: Space, kept: Mapping[str, str]) -> bool:
    fits = change.embedder is None and change.dimensions in (0, space.dimensions)
    return fits and change.touched(kept) <= SMALL


def _in_place(change: Change, space: Space, kept: Mapping[str, str]) -> list[Command]:
    new = change.new(kept)
    old = [doc for doc in {*new, *change.gone} if doc in kept]
    forgotten = [one for doc in old for one in space.forgotten(doc, passages_of(kept[doc]))]
    return [*forgotten, *(one for entry in new.values() for one in space.added(entry))]
