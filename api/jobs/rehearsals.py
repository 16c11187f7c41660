"""Plans tried on a copy of the cluster, in a process of its own: reading a whole cluster and serving
its copy is work that nobody who asks something meanwhile should wait for."""

import asyncio
import sys
from collections.abc import Mapping
from subprocess import DEVNULL, PIPE
from typing import TYPE_CHECKING, Any

import orjson

from api.sentences import SENTENCES
from core.errors import UpstreamUnavailable
from core.settings import Settings

if TYPE_CHECKING:
    from mcp_servers.client import Rehearse

# A large cluster takes a minute to read; a change has five minutes, at the copy's own speed.
TIME_LIMIT_S = 300.0
# `midwatch fix rehearse` leaves so when it has an answer: it went well, or it did not.
ANSWERED = (0, 1)
OPTIONS = ("finding", "change", "replicas", "revision", "namespace")


def rehearser(reach: Settings) -> "Rehearse":
    """Tries on copies of the cluster that these settings reach."""

    async def rehearse(wish: Mapping[str, Any]) -> Mapping[str, Any]:
        return await _asked([*_command(wish), *_cluster(reach)])

    return rehearse


def _command(wish: Mapping[str, Any]) -> list[str]:
    target = [f"{wish['kind']}/{wish['name']}"] if wish.get("name") else []
    options = [
        part
        for name in OPTIONS
        if wish.get(name) not in (None, "")
        for part in (f"--{name}", str(wish[name]))
    ]
    return ["fix", "rehearse", *target, *options, "--lang", str(wish["language"]), "-o", "json"]


def _cluster(reach: Settings) -> list[str]:
    found = {
        "--kubeconfig": reach.kubernetes.kubeconfig,
        "--context": reach.kubernetes.context,
        "--as": reach.kubernetes.impersonate,
        "--prometheus": reach.prometheus.url,
        "--alertmanager": reach.alertmanager.url,
    }
    return [part for name, value in found.items() if value for part in (name, str(value))]


async def _asked(arguments: list[str]) -> dict[str, Any]:
    """Raises `UpstreamUnavailable` with what the program said when it had no answer."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "api.cli", *arguments, stdin=DEVNULL, stdout=PIPE, stderr=PIPE
    )
    try:
        async with asyncio.timeout(TIME_LIMIT_S):
            out, said = await process.communicate()
    except TimeoutError as error:
        raise SENTENCES.error(
            UpstreamUnavailable, "rehearsal_long", seconds=f"{TIME_LIMIT_S:g}"
        ) from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode not in ANSWERED:
        lines = said.decode(errors="replace").strip().splitlines() or ["It said nothing."]
        raise UpstreamUnavailable(lines[-1])
    return orjson.loads(out)
