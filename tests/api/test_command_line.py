"""The command line as a program: results on stdout, sentences on stderr, exit codes."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PROGRAM = [sys.executable, "-m", "api.cli"]


def midwatch(
    *arguments: str, cwd: Path = ROOT, stdin: str = "", **variables: str
) -> subprocess.CompletedProcess[str]:
    """One run, away from the settings of this machine."""
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8", **variables}
    return subprocess.run(
        [*PROGRAM, *arguments],
        cwd=cwd,
        env=environment,
        input=stdin,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )


def test_help_names_the_commands_and_loads_nothing_heavy() -> None:
    assert "investigate" in midwatch("--help").stdout
    heavy = "{'langchain_core', 'langgraph', 'mcp', 'fastapi', 'sqlalchemy', 'pydantic'}"
    code = f"import sys, api.cli; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_diagnose_prints_the_findings_as_json_and_nothing_else(tmp_path: Path) -> None:
    done = midwatch("diagnose", "--snapshot", "bad-image", "-o", "json", cwd=tmp_path)
    report = json.loads(done.stdout)
    assert (done.returncode, done.stderr) == (0, "")
    assert any("image" in finding["rule"] for finding in report["findings"])
    assert list(tmp_path.iterdir()) == []


def test_an_exit_code_can_be_asked_for() -> None:
    assert midwatch("diagnose", "--snapshot", "shop", "--exit-code").returncode == 1
    assert midwatch("diagnose", "--snapshot", "healthy", "--exit-code").returncode == 0


def test_an_account_that_sees_nothing_is_not_told_that_all_is_well() -> None:
    nobody = ("--as", "system:serviceaccount:shop:checkout")
    done = midwatch("diagnose", "--snapshot", "shop", "-n", "shop", "--exit-code", *nobody)
    assert done.returncode == 1
    assert done.stdout.startswith("Too little of shop could be looked at")
    assert 'resources: ["namespaces", "nodes"' in done.stdout


@pytest.mark.parametrize(
    ("symptom", "said"),
    [("Why is checkout failing?", "Root cause found"), ("checkout 为什么报错？", "已找到根因")],
)
def test_investigate_speaks_the_language_of_the_symptom(symptom: str, said: str) -> None:
    done = midwatch("investigate", symptom, "--snapshot", "shop", "--since", "2h")
    assert done.returncode == 0
    assert said in done.stdout
    assert "256Mi" in done.stdout


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["diagnose", "--snapshot", "nowhere"], "There is no snapshot folder nowhere. Shipped: "),
        (["diagnose", "--snapshot", "shop", "-n", "shp"], "no namespace 'shp'. Did you mean shop?"),
        (
            ["investigate", "--snapshot", "shop", "--since", "soon"],
            "'soon' is not a length of time",
        ),
        (["budgets", "noticed", "--since", "soon"], "'soon' is not a length of time"),
        (["predict", "cpu", "--horizon", "soon"], "'soon' is not a length of time"),
        (["predict", "cpu", "--snapshot", "shop", "--exceeds", "80%"], "is of disks only"),
        (["diagnose", "--kubeconfig", "/nowhere/config"], "/nowhere/config"),
        (["diagnose", "--snapshot", "shop", "--context", "x"], "cannot both be asked"),
        (["ask", " "], "There is no question."),
        (["ask", "why", "--server", "http://127.0.0.1:9"], "--server needs a token"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(arguments: list[str], said: str) -> None:
    done = midwatch(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_broken_snapshot_is_named_with_its_line(tmp_path: Path) -> None:
    (tmp_path / "objects").mkdir()
    (tmp_path / "objects" / "pods.yaml").write_text("kind: Pod\nmetadata: [\n")
    done = midwatch("diagnose", "--snapshot", str(tmp_path))
    assert done.returncode == 2
    assert "objects/pods.yaml" in done.stderr
    assert "line" in done.stderr


@pytest.mark.parametrize("command", [("up",), ("sandbox", "serve", "shop")])
@pytest.mark.parametrize("port", ["-1", "65536", "http"])
def test_a_port_that_cannot_be_is_said_to_be(command: tuple[str, ...], port: str) -> None:
    done = midwatch(*command, "--port", port)
    assert (done.returncode, done.stdout) == (2, "")
    assert "'--port'" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_misspelt_setting_is_named() -> None:
    done = midwatch("diagnose", MIDWATCH_PROMETHEUS__ULR="http://x")
    assert done.returncode == 2
    assert "Did you mean MIDWATCH_PROMETHEUS__URL?" in done.stderr


def test_a_server_that_is_away_is_exit_code_3() -> None:
    done = midwatch("ask", "why", "--server", "http://127.0.0.1:9", "--token", "mw_x")
    assert done.returncode == 3
    assert "http://127.0.0.1:9 does not answer" in done.stderr


def test_a_cluster_that_is_away_is_exit_code_3(tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text(
        "apiVersion: v1\nkind: Config\ncurrent-context: c\n"
        "clusters: [{name: c, cluster: {server: 'http://127.0.0.1:9'}}]\n"
        "users: [{name: u, user: {token: t}}]\n"
        "contexts: [{name: c, context: {cluster: c, user: u}}]\n"
    )
    done = midwatch("diagnose", "--kubeconfig", str(config), "--lang", "en")
    assert (done.returncode, done.stdout) == (3, "")
    assert len(done.stderr.splitlines()) == 1
    asked = midwatch("ask", "Why is checkout failing?", "--kubeconfig", str(config))
    assert (asked.returncode, asked.stderr) == (3, "")
    assert "The Kubernetes API at 127.0.0.1:9 does not answer" in asked.stdout


def test_the_doctor_tells_what_is_away_from_what_is_not_configured(tmp_path: Path) -> None:
    away = "http://127.0.0.1:9"
    config = tmp_path / "config"
    config.write_text(
        f"current-context: c\nclusters: [{{name: c, cluster: {{server: '{away}'}}}}]\n"
        "users: [{name: u, user: {token: t}}]\ncontexts: [{name: c, context: {cluster: c, user: u}}]\n"
    )
    done = midwatch("doctor", "--kubeconfig", str(config), "--prometheus", away, "-o", "json")
    told = {one["name"]: one["status"] for one in json.loads(done.stdout)["components"]}
    assert done.returncode == 1
    assert (told["kubernetes"], told["prometheus"]) == ("failed", "failed")
    assert told["alertmanager"] == "off"
    in_chinese = midwatch("doctor", "--kubeconfig", str(config), "--lang", "zh").stdout
    assert "未设置 MIDWATCH_ALERTMANAGER__URL" in in_chinese
    assert "离线：按规则作答" in in_chinese


def test_an_installation_without_a_channel_says_that_nobody_is_told(tmp_path: Path) -> None:
    kept = {"MIDWATCH_DATA_DIR": str(tmp_path)}
    received = midwatch("alerts", "list", "--lang", "en", **kept)
    assert "Nobody is told of alerts: there is no channel" in received.stdout
    assert "midwatch channels add" in received.stdout
    doctor = json.loads(midwatch("doctor", "-o", "json", "--lang", "zh", **kept).stdout)
    [channels] = [one for one in doctor["components"] if one["name"] == "channels"]
    assert (channels["status"], channels["detail"][:8]) == ("off", "没有通知渠道：告")


def test_the_shipped_practice_clusters_are_listed() -> None:
    listed = json.loads(midwatch("sandbox", "list", "-o", "json").stdout)["snapshots"]
    assert {"shop", "bad-image", "missing-key", "selector-miss", "node-pressure"} <= set(listed)


def test_users_and_tokens_are_made_at_the_terminal(tmp_path: Path) -> None:
    kept = {"MIDWATCH_DATA_DIR": str(tmp_path)}
    made = midwatch("users", "add", "ann", "--role", "guest", **kept)
    assert "/login?token=" in made.stdout
    secret = midwatch("tokens", "create", "ann", "--label", "ci", **kept).stdout.strip()
    assert secret.startswith("mw_")
    [token] = json.loads(midwatch("tokens", "list", "-o", "json", **kept).stdout)["tokens"]
    assert (token["user_name"], token["label"]) == ("ann", "ci")
    assert secret not in str(token)
    gone = midwatch("tokens", "revoke", token["id"], **kept)
    assert (gone.returncode, gone.stderr) == (0, "")
    again = midwatch("users", "add", "ann", **kept)
    assert (again.returncode, again.stderr) == (2, "There is already a user 'ann'.\n")


def test_ctrl_c_ends_a_command_without_a_traceback() -> None:
    command = [*PROGRAM, "sandbox", "serve", "healthy"]
    with subprocess.Popen(
        command,
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        # Tests that a shell runs in the background inherit that Ctrl-C is not for them.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509 - no threads yet
    ) as run:
        try:
            assert run.stderr is not None
            assert b"until Ctrl-C" in run.stderr.readline()
            run.send_signal(signal.SIGINT)
            _, err = run.communicate(timeout=120)
        finally:
            run.kill()
    assert (run.returncode, err) == (130, b"")


def test_the_stream_is_printed_one_event_a_line() -> None:
    done = midwatch("ask", "checkout 为什么报错？", "--snapshot", "shop", "-o", "jsonl")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert (events[0]["type"], events[-1]["type"]) == ("RUN_STARTED", "RUN_FINISHED")


def test_a_file_of_questions_is_routed_line_by_line(tmp_path: Path) -> None:
    (tmp_path / "questions").write_text("Why is checkout failing?\n如何轮换证书？\n")
    done = midwatch("route", "--questions", str(tmp_path / "questions"), "--snapshot", "healthy")
    routes = [json.loads(line) for line in done.stdout.splitlines()]
    assert [route["subagent"] for route in routes] == ["rca", "rag"]
    assert [route["language"] for route in routes] == ["en", "zh"]


def test_route_tells_every_decision_about_a_question_that_asks_for_several_things() -> None:
    question = "why is checkout down, and is cart healthy?"
    told = midwatch("route", question, "--snapshot", "healthy", "-o", "text").stdout.splitlines()
    shape = json.loads(midwatch("route", question, "--snapshot", "healthy", "-o", "json").stdout)
    assert [line.partition(":")[0] for line in told] == ["rca", "rca"]
    names = [(one["arguments"]["name"], one["words"]) for one in shape["asks"]]
    assert names == [("checkout", "why is checkout down"), ("cart", "is cart healthy")]
    assert shape["arguments"] == shape["asks"][0]["arguments"]


def test_a_named_thread_is_remembered_between_commands(tmp_path: Path) -> None:
    kept = {"MIDWATCH_DATA_DIR": str(tmp_path)}
    asking = ("--snapshot", "shop", "--thread", "night", "-o", "json")
    midwatch("ask", "Why is checkout failing?", *asking, **kept)
    follow_up = json.loads(midwatch("ask", "And since when?", *asking, **kept).stdout)
    assert (follow_up["thread_id"], follow_up["route"]) == ("night", ["rca"])
    assert "checkout" in follow_up["answer"]


@pytest.mark.parametrize("folder", ["data", "/proc/nowhere"])
def test_a_question_about_money_needs_no_service_and_one_about_a_fault_no_database(
    folder: str, tmp_path: Path
) -> None:
    place = str(tmp_path / folder)  # an absolute one stands for itself
    money = midwatch("ask", "Why is this month 30 % up?", MIDWATCH_DATA_DIR=place)
    told = "USD a day in the last week" in money.stdout
    assert (money.returncode, told) == ((0, True) if folder == "data" else (3, False))
    fault = midwatch("ask", "Why is checkout failing?", MIDWATCH_DATA_DIR=place)
    assert "OOMKilled" in fault.stdout
