"""Programs of others, run beside a service that answers them from the same loop."""

import asyncio
from pathlib import Path

CLIENTS = Path(__file__).parent / "clients"
NODE = CLIENTS / "node_modules" / ".bin" / "node"


async def ended(
    *command: object, patience_s: float = 60, folder: Path | None = None, together: bool = False
) -> tuple[int, str, str]:
    """Status, output and complaints of a program; `together`: the complaints stand in its output.

    It is killed when it takes longer than `patience_s`.
    """
    process = await asyncio.create_subprocess_exec(
        *map(str, command),
        cwd=folder,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT if together else asyncio.subprocess.PIPE,
    )
    try:
        out, err = await asyncio.wait_for(process.communicate(), patience_s)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return process.returncode or 0, out.decode(), (err or b"").decode()
