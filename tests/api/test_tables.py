"""Tables of commands: they fit a terminal of 80 columns, and go whole into a file."""

import os
import subprocess
import sys
from fcntl import ioctl
from pathlib import Path
from pty import openpty
from struct import pack
from termios import TIOCSWINSZ

import pytest

from api.cli.tables import fitted, shortened, width
from tests.api.test_command_line import midwatch

COLUMNS, ROOT = 80, Path(__file__).parents[2]


def on_a_terminal(home: Path, *command: str) -> list[str]:
    """What the command prints on a terminal of 80 columns."""
    here, there = openpty()
    ioctl(there, TIOCSWINSZ, pack("HHHH", 40, COLUMNS, 0, 0))
    environment = {
        "HOME": str(home), "PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT),
        "MIDWATCH_DATA_DIR": str(home / "data"), "TERM": "xterm-256color",
    }  # fmt: skip
    program = [sys.executable, "-m", "api.cli", *command]
    running = subprocess.Popen(
        program, stdin=subprocess.DEVNULL, stdout=there, stderr=there, cwd=home, env=environment
    )
    os.close(there)
    told = bytearray()
    while part := _read(here):
        told += part
    os.close(here)
    assert running.wait(timeout=120) == 0, told.decode()
    return told.decode().splitlines()


def _read(terminal: int) -> bytes:
    """Nothing once the other end is closed."""
    try:
        return os.read(terminal, 65536)
    except OSError:
        return b""


@pytest.mark.parametrize("language", ["en", "zh"])
def test_a_table_fits_a_terminal_and_goes_whole_elsewhere(tmp_path: Path, language: str) -> None:
    command = ("savings", "--snapshot", "shop", "--lang", language)
    lines = on_a_terminal(tmp_path, *command)
    whole = midwatch(*command, cwd=tmp_path).stdout
    rows = [one for one in lines if one.startswith("  ") and ": " not in one]
    assert len(rows) > 3
    assert max(map(width, rows)) <= COLUMNS
    assert any("…" in one for one in rows)
    assert "…" not in "".join(one for one in whole.splitlines() if ": " not in one)


def test_a_list_fits_a_terminal_too_and_has_no_colours(tmp_path: Path) -> None:
    lines = on_a_terminal(tmp_path, "rules", "--snapshot", "shop")
    assert lines[0].split()[:2] == ["GROUP", "NAME"]
    assert max(map(width, lines)) <= COLUMNS
    assert "\x1b" not in "".join(lines)


TABLE = (
    ("ID", "NAME", "AT", "USD"),
    ("0123456789abcdef0123456789abcdef", "one-name-that-is-longer-than-others", "2026-11-29T01:00:00Z", "-1.03"),
)  # fmt: skip


def test_texts_are_cut_in_their_middle_and_figures_times_and_identifiers_never() -> None:
    _, row = fitted(TABLE, 85)
    assert row == [TABLE[1][0], "one-name-th…han-others", *TABLE[1][2:]]
    assert sum(map(width, row)) + 6 <= 85


@pytest.mark.parametrize("room", [None, 200])
def test_what_fits_is_left_as_it_is(room: int | None) -> None:
    assert fitted(TABLE, room) == [list(one) for one in TABLE]


@pytest.mark.parametrize(
    ("text", "places", "told"),
    [("storefront", 10, "storefront"), ("storefront", 7, "sto…ont"), ("制定变更方案", 7, "制…方案"), ("ab", 1, "…")],
)  # fmt: skip
def test_a_text_keeps_its_beginning_and_its_end(text: str, places: int, told: str) -> None:
    assert shortened(text, places) == told
    assert width(told) <= places


def test_a_group_that_lists_alone_takes_list_too(tmp_path: Path) -> None:
    place = {"MIDWATCH_DATA_DIR": str(tmp_path / "data")}
    alone = midwatch("budgets", "-o", "json", cwd=tmp_path, **place)
    listed = midwatch("budgets", "list", "-o", "json", cwd=tmp_path, **place)
    assert (listed.returncode, listed.stdout) == (alone.returncode, alone.stdout), listed.stderr
