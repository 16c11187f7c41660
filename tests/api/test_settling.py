"""What no collection looks through any more: libraries, and never the turns of a busy hour."""

import gc
import sys
from collections.abc import Generator
from types import ModuleType

import pytest

from api.app.serving import LIBRARY, Settling

WHOLE = {"generation": 2}


@pytest.fixture(autouse=True)
def thawed() -> Generator[None]:
    """What a test sets aside is given back."""
    yield
    gc.unfreeze()


def loaded(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for n in range(LIBRARY):
        monkeypatch.setitem(sys.modules, f"{name}_{n}", ModuleType(f"{name}_{n}"))


def test_a_library_that_was_loaded_is_set_aside_once(monkeypatch: pytest.MonkeyPatch) -> None:
    settling = Settling(lambda: 1)
    loaded(monkeypatch, "late")
    settling("start", WHOLE)
    settling("stop", {"generation": 0})
    before = gc.get_freeze_count()
    settling("stop", WHOLE)
    aside = gc.get_freeze_count()
    more = [[n] for n in range(1_000)]
    settling("stop", WHOLE)
    # What was set aside may still go when nobody holds it: never is there more of it.
    assert before < aside >= gc.get_freeze_count()
    assert len(more) == 1_000


def test_while_turns_are_at_work_nothing_is_set_aside(monkeypatch: pytest.MonkeyPatch) -> None:
    turns = [200]
    settling = Settling(lambda: turns[0])
    loaded(monkeypatch, "meanwhile")
    before = gc.get_freeze_count()
    settling("stop", WHOLE)
    assert gc.get_freeze_count() <= before
    turns[0] = 0
    settling("stop", WHOLE)
    assert gc.get_freeze_count() > before


def test_many_objects_are_no_library() -> None:
    settling = Settling(lambda: 0)
    before, many = gc.get_freeze_count(), [[n] for n in range(100_000)]
    settling("stop", WHOLE)
    assert gc.get_freeze_count() <= before
    assert len(many) == 100_000
