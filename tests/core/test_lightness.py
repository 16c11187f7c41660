"""What stays out of a process until it is used. Each case is a fresh Python: imports are remembered."""

import subprocess
import sys
from pathlib import Path
from textwrap import dedent

ROOT = Path(__file__).parents[2]


def told(program: str) -> str:
    """What a program prints in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", dedent(program)],
        cwd=ROOT,
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_model_is_built_when_it_is_first_used() -> None:
    program = """
        from core.deferred import build_models_on_first_use
        build_models_on_first_use()
        from pydantic import BaseModel, ValidationError
        class Pod(BaseModel):
            restarts: int
        before = Pod.__pydantic_complete__
        try:
            Pod(restarts="many")
        except ValidationError as error:
            print(before, Pod(restarts=3).restarts, error.error_count(), Pod.__pydantic_complete__)
    """
    assert told(program) == "False 3 1 True"


def test_a_package_that_was_put_off_is_loaded_by_its_first_use() -> None:
    program = """
        import sys
        from core.absent import put_off
        with put_off("email.charset"), put_off("wave", "open"):
            import email.charset
            from wave import open as opened
        before = "wave" in sys.modules or "email.charset" in sys.modules
        made = email.charset.Charset("utf-8")
        try:
            opened("/nowhere")
        except FileNotFoundError:
            print(before, made.input_charset, "wave" in sys.modules)
    """
    assert told(program) == "False utf-8 True"


def test_a_package_somebody_loaded_before_stays_itself() -> None:
    program = """
        import wave
        from core.absent import put_off, without
        with put_off("wave", "open"):
            import wave as again
        with without("wave"):
            import wave as once_more
        print(again is wave is once_more)
    """
    assert told(program) == "True"


def test_a_class_that_is_in_name_only_can_be_subclassed_and_is_made_by_the_real_one() -> None:
    program = """
        import sys
        from core.absent import in_name_only
        with in_name_only("wave"):
            from wave import Wave_read, open as opened
        class Own(Wave_read):
            pass
        before = "wave" in sys.modules, isinstance(3, Wave_read), Wave_read[int] is Wave_read, type(Own())
        try:
            opened("/nowhere")
        except FileNotFoundError:
            print(before[:3], before[3] is Own, "wave" in sys.modules)
    """
    assert told(program) == "(False, False, True) True True"


def test_what_is_left_out_for_good_says_so_when_it_is_used() -> None:
    program = """
        from core.absent import leave_out
        leave_out("wave")
        from wave import Wave_read
        try:
            Wave_read("/nowhere")
        except ImportError as error:
            print(isinstance(3, Wave_read), error)
    """
    assert told(program) == "False Wave_read of wave is left out of this process."


def test_the_tool_servers_load_none_of_what_they_never_use() -> None:
    program = """
        import sys
        from mcp_servers.access import Gate
        from mcp_servers.client import Connections, connected
        from mcp_servers.registry import BUILDERS
        backends = connected(Connections(clusterless=True))
        built = [build(backends, Gate()).name for build in BUILDERS.values()]
        assert built == list(BUILDERS)
        unused = ("requests", "requests_oauthlib", "oauthlib", "websocket", "rich", "kubernetes.stream")
        print([name for name in unused if name in sys.modules])
    """
    assert told(program) == "[]"


def test_open_id_connect_comes_with_a_kubeconfig_that_uses_it() -> None:
    program = """
        import sys
        import mcp_servers.backends.kubernetes_client
        from kubernetes.config import kube_config
        before = "requests_oauthlib" in sys.modules
        session = kube_config.OAuth2Session(client_id="midwatch")
        refused = kube_config.oauthlib.oauth2.rfc6749.errors.InvalidClientIdError
        print(before, session.client_id, issubclass(refused, Exception))
    """
    assert told(program) == "False midwatch True"


def test_another_user_of_the_kubernetes_client_finds_all_its_parts() -> None:
    program = """
        import sys
        import mcp_servers.backends.kubernetes_client
        import kubernetes
        before = "kubernetes.watch" in sys.modules
        print(before, kubernetes.watch.Watch.__name__, hasattr(kubernetes, "nothing"))
    """
    assert told(program) == "False Watch False"


def test_the_commands_are_listed_without_an_http_library() -> None:
    program = """
        import sys
        import api.cli
        print([name for name in ("httpx2", "pydantic", "sqlalchemy") if name in sys.modules])
    """
    assert told(program) == "[]"


def test_the_service_starts_without_mcp_and_the_tool_servers() -> None:
    program = """
        import sys
        import api.app.serving
        from mcp_servers.client import Connections, connected
        connected(Connections(clusterless=True))
        heavy = ("mcp", "mcp_types", "mcp_servers.access", "mcp_servers.engines", "knowledge_base")
        unused = ("argparse", "click", "dateutil", "http.server", "jsonpatch", "multiprocessing",
                  "langchain_protocol", "tenacity", "uvicorn.main", "wsgiref", "api.routes.fixes")
        print([name for name in (*heavy, *unused) if name in sys.modules])
    """
    assert told(program) == "[]"


def test_a_service_at_work_has_loaded_none_of_what_it_never_uses() -> None:
    program = """
        import asyncio, sys
        from pathlib import Path
        from core.deferred import build_models_on_first_use
        build_models_on_first_use()
        from agent.graph import Assistant
        from agent.models import ModelChoice
        from api.app import create_app
        from core.settings import Settings
        from mcp_servers.client import Connections, in_process
        document = create_app(Settings()).openapi()
        async def main():
            async with in_process(Connections(clusterless=True)) as sessions:
                async with Assistant.opened(model=ModelChoice(), sessions=sessions, memory=None):
                    unused = ("pydantic.v1.", "langchain_protocol.", "uvicorn.main", "click.")
                    return [name for name in sys.modules if name.startswith(unused)]
        print(asyncio.run(main()), len(document["paths"]) > 100)
    """
    assert told(program) == "[] True"


def test_another_user_of_uvicorn_finds_all_its_parts() -> None:
    program = """
        import sys
        import api.app.serving
        import uvicorn
        before = "uvicorn.main" in sys.modules
        print(before, uvicorn.Server.__name__, uvicorn.Config.__name__, callable(uvicorn.run))
    """
    assert told(program) == "False Server Config True"


def test_a_question_loads_the_servers_that_answer_it_and_no_other() -> None:
    program = """
        import asyncio, sys
        from core.errors import OpsError
        from core.principal import Permission, Principal
        from mcp_servers.client import Connections, Tools, in_process
        async def main():
            async with in_process(Connections(clusterless=True)) as sessions:
                tools = Tools(sessions, Principal("ann", permissions=frozenset(Permission)))
                names = {one.server for one in await tools.list("rca", "kubernetes", "prometheus")}
            return sorted(names)
        names = asyncio.run(main())
        servers = ("alerting", "autofix", "budgets", "channels", "forecast", "knowledge", "foreign")
        print(names, [one for one in servers if f"mcp_servers.{one}" in sys.modules])
        print([one for one in sys.modules if one.startswith("mcp.client")])
        from mcp import Client, ClientSession, MCPError, StdioServerParameters
        print(Client.__module__)
    """
    assert told(program).splitlines() == [
        "['kubernetes', 'prometheus', 'rca'] []",
        "[]",
        "mcp.client.client",
    ]


def test_a_command_is_made_without_the_others_and_is_the_same() -> None:
    program = """
        from typer.main import get_command
        from api.cli import alone, whole
        def options(command):
            return [one.opts for one in command.params], command.help, sorted(getattr(command, "commands", ()))
        every = get_command(whole()).commands
        for name, command in every.items():
            made = get_command(alone(name)).commands
            assert list(made) == [name], made
            assert options(made[name]) == options(command), name
        print(len(every) > 20, alone("nothing"), alone(""))
    """
    assert told(program) == "True None None"


def test_a_command_is_loaded_without_the_others() -> None:
    program = """
        import sys
        from api.cli import alone
        alone("up")
        others = ("budgets", "alerting", "fixes", "kb", "people", "costs", "ask")
        print([one for one in others if f"api.cli.{one}" in sys.modules])
    """
    assert told(program) == "[]"
