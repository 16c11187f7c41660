"""`midwatch sandbox inject`: break a practice cluster while it runs, and mend it again."""

from pathlib import Path
from typing import Annotated, Any, cast

import typer

from api.cli.outcome import OK, finish, put, put_json, spoken
from api.cli.sentences import SENTENCES
from api.cli.source import Output, OutputOption

_PATH = "/sandbox/faults"
_TIMEOUT_S = 10.0


def inject(
    fault: Annotated[
        str,
        typer.Argument(
            help="oom, bad-image, missing-config, crash, not-ready or node-not-ready.",
            show_default=False,
        ),
    ] = "",
    target: Annotated[str, typer.Option(help="deployment/NAME, node/NAME and so on.")] = "",
    namespace: Annotated[str, typer.Option("-n", "--namespace", help="Where it is.")] = "default",
    kubeconfig: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            envvar="KUBECONFIG",
            help="The kubeconfig that `sandbox serve` has written.",
        ),
    ] = None,
    *,
    remove: Annotated[bool, typer.Option("--remove", help="Take the fault out again.")] = False,
    list_all: Annotated[bool, typer.Option("--list", help="Show what is injected.")] = False,
    output: OutputOption = Output.TEXT,
) -> None:
    """Inject a fault into a running practice cluster, or remove it."""
    told = {"fault": fault, "target": target, "namespace": namespace}
    method = "GET" if list_all else "DELETE" if remove else "POST"
    finish(_inject(method, told, kubeconfig, output))


async def _inject(
    method: str, told: dict[str, str], kubeconfig: Path | None, output: Output
) -> int:
    from core.errors import Invalid

    if method != "GET" and not (told["fault"] and told["target"]):
        raise SENTENCES.error(Invalid, "no_fault_named")
    if told["target"].startswith("node/"):
        told["namespace"] = ""
    address, token = _credentials(kubeconfig)
    answer = await _asked(method, address, token, None if method == "GET" else told)
    faults: list[dict[str, Any]] = answer["faults"]
    if output is Output.JSON:
        put_json(answer)
    elif faults:
        put("\n".join(f"{one['fault']:<16}{_place(one)}" for one in faults))
    else:
        put(SENTENCES.said("no_fault_injected", known=", ".join(answer["kinds"])).told(spoken()))
    return OK


def _place(fault: dict[str, Any]) -> str:
    return f"{fault['target']} -n {fault['namespace']}" if fault["namespace"] else fault["target"]


def _credentials(kubeconfig: Path | None) -> tuple[str, str]:
    """Where the practice cluster listens, and the token of its admin."""
    import yaml

    from core.errors import Invalid

    if kubeconfig is None:
        raise SENTENCES.error(Invalid, "which_practice")
    try:
        told = cast("dict[str, Any]", yaml.safe_load(kubeconfig.read_text(encoding="utf-8")))
        return told["clusters"][0]["cluster"]["server"], told["users"][0]["user"]["token"]
    except (OSError, yaml.YAMLError, KeyError, IndexError, TypeError) as error:
        raise SENTENCES.error(
            Invalid, "no_practice_kubeconfig", kubeconfig=str(kubeconfig)
        ) from error


async def _asked(
    method: str, address: str, token: str, told: dict[str, str] | None
) -> dict[str, Any]:
    from core.errors import KINDS, Invalid, UpstreamUnavailable
    from core.http import RequestFailed, client

    headers = {"authorization": f"Bearer {token}"}
    try:
        async with client(address, timeout_s=_TIMEOUT_S, headers=headers) as http:
            response = await http.request(method, _PATH, json=told)
    except RequestFailed as error:
        raise SENTENCES.error(UpstreamUnavailable, "practice_away", address=address) from error
    try:
        answer = cast("dict[str, Any]", response.json())
    except ValueError as error:
        raise SENTENCES.error(UpstreamUnavailable, "no_practice", address=address) from error
    if response.is_success and "faults" in answer:
        return answer
    kind = KINDS.get(str(answer.get("code")), Invalid)
    raise kind(str(answer.get("message")), hint=str(answer.get("hint") or ""))
