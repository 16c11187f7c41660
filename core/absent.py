"""Packages of our libraries that would only weigh here: kept out, or put off until they are used."""

import sys
import warnings
from collections.abc import Generator, Mapping
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


@contextmanager
def in_name_only(*modules: str) -> Generator[None]:
    """Let an import name classes of modules that it never makes anything of.

    They can be subclassed and compared with. To call one calls the real one, which is loaded then;
    what was made of a subclass does not work.
    """
    with _standing_in({name: _Named(name) for name in modules}):
        yield


def leave_out(module: str) -> None:
    """The same for good, unless somebody loaded it already: nobody here makes anything of it."""
    sys.modules.setdefault(module, _Named(module))


def only_parts_of(package: str, **homes: str) -> None:
    """Let parts of a package be imported without all that its `__init__` imports beside them.

    Whoever else imports the package in this process finds the others too: they load when named, and so
    does what `homes` says in which module it is.
    """
    spec = find_spec(package) if package not in sys.modules else None
    if spec is not None:
        bare = _Parts(package)
        bare.homes = homes
        bare.__path__ = spec.submodule_search_locations or []
        bare.__spec__ = spec
        sys.modules[package] = bare


class _Parts(ModuleType):
    """A package whose modules are imported when they are asked for as its attributes."""

    homes: Mapping[str, str] = {}

    def __getattr__(self, name: str) -> Any:
        if name in self.homes:
            return getattr(import_module(self.homes[name]), name)
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


class _Named(ModuleType):
    """Has a class of every name, which stands for whatever the real module has of that name."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        members: dict[str, Any] = {"__new__": _made, "__class_getitem__": classmethod(_as_it_is)}
        stand_in = type(name, (), {**members, "__module__": self.__name__, "stands": True})
        setattr(self, name, stand_in)
        return stand_in


def _made(cls: type[Any], *args: Any, **options: Any) -> Any:
    own: Any = object.__new__(cls)
    if "stands" not in vars(cls):
        return own
    home, name = import_module(cls.__module__), cls.__name__
    is_left_out = isinstance(home, _Named)
    if is_left_out:
        raise ImportError(f"{name} of {cls.__module__} is left out of this process.")
    return getattr(home, name)(*args, **options)


def _as_it_is(cls: type, _: Any) -> type:
    """Types in signatures name it with arguments, too."""
    return cls


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
