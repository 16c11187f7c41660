"""Packages of our libraries that would only weigh here: kept out, or put off until they are used."""

import sys
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any


@contextmanager
def without(package: str) -> Generator[None]:
    """Let an import do without an optional package, unless somebody loaded that already.

    A library may warn that it misses the package; that is what was asked for.
    """
    with _standing_in({package: None}), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@contextmanager
def put_off(package: str, *functions: str) -> Generator[None]:
    """Let an import name a package, or a module directly in one, that is loaded when it is used.

    `functions` are what is imported from it by name; they load it when they are called.
    """
    stand_in = _Later(package)
    for name in functions:
        setattr(stand_in, name, _later(package, name))
    top = package.partition(".")[0]
    with _standing_in({top: stand_in if top == package else _Later(top), package: stand_in}):
        yield


def only_parts_of(package: str) -> None:
    """Let parts of a package be imported without all that its `__init__` imports beside them.

    Whoever else imports the package in this process finds the others too: they load when named.
    """
    spec = find_spec(package) if package not in sys.modules else None
    if spec is not None:
        bare = _Parts(package)
        bare.__path__ = spec.submodule_search_locations or []
        bare.__spec__ = spec
        sys.modules[package] = bare


class _Parts(ModuleType):
    """A package whose modules are imported when they are asked for as its attributes."""

    def __getattr__(self, name: str) -> Any:
        whole = f"{self.__name__}.{name}"
        if name.startswith("__") or find_spec(whole) is None:
            raise AttributeError(
                f"module {self.__name__!r} has no attribute {name!r}", name=name, obj=self
            )
        return import_module(whole)


class _Later(ModuleType):
    """Looks like the module, and asks the real one for all that is wanted of it."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        try:
            return getattr(import_module(self.__name__), name)
        except AttributeError:
            return import_module(f"{self.__name__}.{name}")


def _later(package: str, name: str) -> Any:
    def call(*args: Any, **options: Any) -> Any:
        return getattr(import_module(package), name)(*args, **options)

    return call


@contextmanager
def _standing_in(stand_ins: dict[str, Any]) -> Generator[None]:
    """For the time of an import; `None` is how Python says "not installed"."""
    placed = {name: one for name, one in stand_ins.items() if name not in sys.modules}
    sys.modules.update(placed)
    try:
        yield
    finally:
        for name in placed:
            del sys.modules[name]
