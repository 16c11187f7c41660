"""Where the keys for secrets at rest come from: a setting, a file, or a command that asks a key service."""

import math
import shlex
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from core.clock import monotonic_s
from core.errors import Invalid, OpsError, UpstreamUnavailable
from core.security.sentences import SENTENCES
from core.settings.groups import LEAST_KEY_CHARACTERS, EncryptionSettings
from core.telemetry import logger

# A key service is asked by a call that secrets wait for.
COMMAND_TIMEOUT_S = 10.0
# How long keys are believed before they are looked at again: what a file costs, and a service.
FILE_S, COMMAND_S = 1.0, 60.0

Source = Callable[[], Sequence[str]]
log = logger(__name__)


@dataclass
class Keys:
    """The key in use and those before it, read when first needed and again as time goes by.

    So that a key is rotated while services run: each of them finds the new one by itself.
    """

    source: Source
    believed_s: float = math.inf
    now_s: Callable[[], float] = monotonic_s
    _known: Sequence[str] = ()
    _asked_s: float = -math.inf

    def all(self) -> Sequence[str]:
        """Raises what the source does, the first time; later the keys from before are kept."""
        if self.now_s() - self._asked_s < self.believed_s and self._known:
            return self._known
        self._asked_s = self.now_s()
        try:
            self._known = self.source()
        except OpsError as error:
            if not self._known:
                raise
            log.warning("keys.not_read_again", why=str(error))
        return self._known


def keys_of(settings: EncryptionSettings, *, otherwise: Callable[[], str]) -> Keys:
    """As the settings say; without any the key that `otherwise` gives."""
    if settings.keys_file is not None:
        return Keys(from_file(settings.keys_file), FILE_S)
    if settings.keys_command:
        return Keys(from_command(shlex.split(settings.keys_command)), COMMAND_S)
    return Keys(lambda: _split(settings.keys) or [otherwise()])


def from_file(path: Path) -> Source:
    """A key a line; empty lines and those that begin with # are passed over."""

    def read() -> Sequence[str]:
        try:
            return _checked(path.read_text("utf-8"), str(path))
        except (OSError, UnicodeDecodeError) as error:
            raise SENTENCES.error(Invalid, "keys_unreadable", where=str(path)) from error

    return read


def from_command(command: Sequence[str]) -> Source:
    """What a command prints, as in a file. It is run without a shell, and what it prints is not shown."""

    def ask() -> Sequence[str]:
        try:
            done = subprocess.run(  # noqa: S603 - the operator's own setting, no shell
                command, capture_output=True, timeout=COMMAND_TIMEOUT_S, check=True
            )
            return _checked(done.stdout.decode(), command[0])
        except (OSError, subprocess.SubprocessError, UnicodeDecodeError) as error:
            raise SENTENCES.error(UpstreamUnavailable, "keys_away", where=command[0]) from error

    return ask


def _checked(text: str, where: str) -> Sequence[str]:
    keys = [
        one
        for line in text.splitlines()
        if not line.lstrip().startswith("#")
        for one in _split(line)
    ]
    if not keys or any(len(one) < LEAST_KEY_CHARACTERS for one in keys):
        raise SENTENCES.error(Invalid, "keys_short", where=where, least=LEAST_KEY_CHARACTERS)
    return keys


def _split(text: str) -> list[str]:
    return [one.strip() for one in text.split(",") if one.strip()]
