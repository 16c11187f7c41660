"""Container logs of a snapshot: where they lie, and their lines with times brought forward."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from pathlib import Path

from core.errors import Invalid
from sandbox.snapshot.documents import bad
from sandbox.snapshot.times import leading_time, moved, parse_time

_DUMPED = re.compile(
    rb"^==== START logs for container (?P<container>\S+) of pod (?P<namespace>[^/\s]+)/(?P<pod>\S+) ====\n"
    rb"(?P<content>.*?)^==== END logs for container (?P=container) of pod ",
    re.MULTILINE | re.DOTALL,
)
_CURRENT, _PREVIOUS = ".log", ".previous.log"


@dataclass(frozen=True, slots=True, order=True)
class LogKey:
    namespace: str
    pod: str
    container: str
    previous: bool = False


@dataclass(frozen=True)
class Log:
    """One container's log as the file has it; `shift` is added to the times of its lines."""

    content: bytes
    shift: timedelta = field(default=timedelta())

    @cached_property
    def lines(self) -> list[tuple[str, bytes]]:
        """(time, text), oldest first. A line without a time has the time of the line before, or ""."""
        return list(self._read())

    def newest(self) -> datetime | None:
        """The time of the last line that has one."""
        for line in reversed(self.content.splitlines()):
            if stamp := leading_time(line):
                return parse_time(stamp.decode())
        return None

    def _read(self) -> Iterator[tuple[str, bytes]]:
        time = ""
        for line in self.content.split(b"\n") if self.content else ():
            stamp = leading_time(line)
            if stamp:
                time = moved(stamp.decode(), self.shift)
            yield time, line[len(stamp) + 1 :] if stamp else line


def read_logs(folder: Path) -> dict[LogKey, bytes]:
    """`logs/` of a snapshot, and the `logs.txt` files of a cluster-info dump."""
    logs = dict(_kept(folder / "logs"))
    for path in sorted(folder.glob("*/*/logs.txt")):
        for found in _DUMPED.finditer(_content(path)):
            namespace, pod, container = (
                found[name].decode() for name in ("namespace", "pod", "container")
            )
            logs.setdefault(LogKey(namespace, pod, container), found["content"].removesuffix(b"\n"))
    return logs


def _kept(folder: Path) -> Iterator[tuple[LogKey, bytes]]:
    for path in sorted(folder.rglob(f"*{_CURRENT}")):
        parts = path.relative_to(folder).parts
        if len(parts) != 3:
            raise bad(path, 1, "a log is logs/<namespace>/<pod>/<container>.log")
        namespace, pod, name = parts
        previous = name.endswith(_PREVIOUS)
        container = name.removesuffix(_PREVIOUS if previous else _CURRENT)
        yield LogKey(namespace, pod, container, previous), _content(path)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes().replace(b"\r\n", b"\n").removesuffix(b"\n")
    except OSError as error:
        raise Invalid(f"{path}: it cannot be read ({error.strerror}).") from error
