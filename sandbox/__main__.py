"""`python -m sandbox DIR`: a practice cluster in a process of its own.

Writes one JSON line, where it listens or why it cannot, and ends when its standard input does: however
whoever started it went away, nothing is left running.
"""

import signal
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson

from core.errors import OpsError
from sandbox.server import serving_in_thread


def main(folder: Path) -> int:
    # Ctrl-C reaches every process of a terminal; this one is ended by the one that started it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with serving_in_thread(folder) as addresses:
            _tell(asdict(addresses))
            sys.stdin.read()
    except OpsError as error:
        _tell({"code": error.code, "message": error.message, "hint": error.hint})
        return 2
    return 0


def _tell(what: dict[str, Any]) -> None:
    sys.stdout.write(orjson.dumps(what, default=str).decode() + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
