"""Optional packages of our libraries that would only weigh: to them they are not installed."""

import sys
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any


@contextmanager
def without(package: str) -> Generator[None]:
    """Let an import do without an optional package, unless somebody loaded that already.

    A library may warn that it misses the package; that is what was asked for.
    """
    absent: dict[str, Any] = {} if package in sys.modules else {package: None}
    sys.modules.update(absent)  # `None` is how Python says "not installed"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield
    for name in absent:
        del sys.modules[name]
