"""Prometheus's own checker, where it is installed: Prometheus itself says only that something is wrong."""

import asyncio
import shutil
from asyncio.subprocess import PIPE, STDOUT
from collections.abc import Sequence
from pathlib import Path

MOST_CHARACTERS = 500
# What it prints beside what is wrong.
IDLE = ("Checking ", "FAILED:", "SUCCESS:")


async def promtool_says(names: Sequence[str], folder: Path) -> str:
    """What promtool finds wrong with files of rules; empty when nothing, or where there is no promtool."""
    promtool = shutil.which("promtool")
    if promtool is None or not names:
        return ""
    done = await asyncio.create_subprocess_exec(
        promtool, "check", "rules", *names, cwd=folder, stdout=PIPE, stderr=STDOUT
    )
    told = (await done.communicate())[0].decode(errors="replace")
    lines = [one.strip() for one in told.splitlines()]
    wrong = [one for one in lines if one and not one.startswith(IDLE)]
    return " ".join(wrong)[:MOST_CHARACTERS] if done.returncode else ""
