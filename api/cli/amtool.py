"""Alertmanager's own checker, where it is installed."""

import asyncio
import shutil
from asyncio.subprocess import PIPE, STDOUT
from pathlib import Path

from api.cli.rule_folder import put_at_once

MOST_CHARACTERS = 500


async def amtool_says(text: str, folder: Path) -> str | None:
    """What amtool finds wrong with a configuration, empty when nothing; None where there is no amtool.

    It lies in `folder` meanwhile, so that relative names of templates mean what they will mean there.
    """
    amtool = shutil.which("amtool")
    if amtool is None:
        return None
    # No name that an Alertmanager is started with.
    file = folder / ".alertmanager.yml.checked"
    try:
        await asyncio.to_thread(put_at_once, file, text.encode())
        done = await asyncio.create_subprocess_exec(
            amtool, "check-config", str(file), stdout=PIPE, stderr=STDOUT
        )
        told = (await done.communicate())[0].decode(errors="replace")
    finally:
        file.unlink(missing_ok=True)
    words = " ".join(told.replace(str(file), "alertmanager.yml").split())[:MOST_CHARACTERS]
    return (words or f"amtool: {done.returncode}") if done.returncode else ""
