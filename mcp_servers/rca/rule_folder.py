"""The folder of custom rules while it is used: read anew when its files change."""

import asyncio
import threading
from dataclasses import replace
from pathlib import Path

import structlog

from core.errors import Invalid
from mcp_servers.rca.rule_files import NO_RULES, RuleSet, read_rules

log = structlog.get_logger()

Stamp = tuple[tuple[str, int, int, int], ...]


class RuleFolder:
    """What the folder says now, or what it said last if it says nothing that can be read."""

    def __init__(self, folder: Path | None = None) -> None:
        """Raises `Invalid`: at the start there are no rules yet that could be kept."""
        self._folder = folder
        self._lock = threading.Lock()
        self._stamp = _stamp(folder) if folder else ()
        self._rules = read_rules(folder)

    async def rules(self) -> RuleSet:
        """Of a file that cannot be read, `RuleSet.fault` tells."""
        return await asyncio.to_thread(self._current) if self._folder else NO_RULES

    def _current(self) -> RuleSet:
        with self._lock:
            stamp = _stamp(self._folder) if self._folder else ()
            if stamp != self._stamp:
                self._stamp = stamp
                self._rules = self._read()
            return self._rules

    def _read(self) -> RuleSet:
        try:
            rules = read_rules(self._folder)
        except Invalid as error:
            log.warning("rules_not_read", folder=str(self._folder), why=error.message)
            return replace(self._rules, fault=error.message)
        log.info("rules_read", folder=str(self._folder), rules=len(rules.rules))
        return rules


def _stamp(folder: Path) -> Stamp:
    """What changes when a file is written, added, taken away or replaced by another."""
    found: list[tuple[str, int, int, int]] = []
    try:
        for path in sorted(folder.iterdir()):
            if path.suffix in (".yaml", ".yml"):
                about = path.stat()
                found.append((path.name, about.st_mtime_ns, about.st_size, about.st_ino))
    except OSError:  # gone, or going while it is looked at: to read it says so
        return (("", -1, -1, -1), *found)
    return tuple(found)
