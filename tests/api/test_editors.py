"""The files by which editors find Midwatch: what is written starts it, and what was there stays."""

import json
import os
import re
import stat
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from mcp import ClientSession, StdioServerParameters
from mcp.client.stdio import stdio_client

from tests.api.conftest import Midwatch
from tests.api.test_command_line import ROOT
from tests.api.test_command_line import midwatch as at_terminal

FILES = {"claude": ".mcp.json", "cursor": ".cursor/mcp.json", "vscode": ".vscode/mcp.json"}
LISTS = {"claude": "mcpServers", "cursor": "mcpServers", "vscode": "servers"}


def installed(folder: Path, client: str, *more: str) -> dict[str, Any]:
    done = at_terminal("mcp", "install", "--client", client, *more, cwd=folder)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == FILES[client]
    return json.loads((folder / FILES[client]).read_text())[LISTS[client]]["midwatch"]


def on_the_path(folder: Path) -> str:
    """A PATH on which the program has its name, as an installation has it."""
    program = folder / "bin" / "midwatch"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m api.cli "$@"\n')
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return f"{program.parent}{os.pathsep}/usr/bin{os.pathsep}/bin"


@pytest.mark.parametrize("client", FILES)
async def test_what_is_written_starts_midwatch_as_the_editor_would(
    tmp_path: Path, client: str
) -> None:
    entry = installed(tmp_path, client, "--snapshot", "shop")
    started = StdioServerParameters(
        command=entry["command"],
        args=entry["args"],
        env={"PATH": on_the_path(tmp_path), "PYTHONPATH": str(ROOT)},
        cwd=tmp_path,
    )
    async with (
        stdio_client(started) as (incoming, outgoing),
        ClientSession(incoming, outgoing) as session,
    ):
        await session.initialize()
        names = {tool.name for tool in (await session.list_tools()).tools}
    assert {"ask", "kubernetes_list_pods"} <= names


@pytest.mark.parametrize(
    ("client", "variable"),
    [("claude", "${MIDWATCH_TOKEN}"), ("cursor", "${env:MIDWATCH_TOKEN}")],
)
async def test_a_running_midwatch_is_named_without_its_token(
    midwatch: Midwatch, tmp_path: Path, client: str, variable: str
) -> None:
    more = ("--server", midwatch.address, "--token", midwatch.token)
    entry = installed(tmp_path, client, *more)
    assert entry["headers"] == {"Authorization": f"Bearer {variable}"}
    assert midwatch.token not in (tmp_path / FILES[client]).read_text()
    async with midwatch.client() as http:
        asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
        accepts = {"Accept": "application/json, text/event-stream"}
        assert (await http.post(entry["url"], json=asked, headers=accepts)).status_code == 200


def test_other_servers_of_the_file_stay_and_a_second_time_changes_nothing(tmp_path: Path) -> None:
    other = {"mcpServers": {"other": {"command": "x"}}, "inputs": ["钥匙"]}
    file = tmp_path / ".mcp.json"
    file.write_text(json.dumps(other))
    installed(tmp_path, "claude")
    told = file.read_text()
    assert json.loads(told)["mcpServers"]["other"] == {"command": "x"}
    assert "钥匙" in told
    installed(tmp_path, "claude")
    assert file.read_text() == told
    shown = at_terminal("mcp", "install", "--print", "--server", "http://h:1", cwd=tmp_path)
    assert json.loads(shown.stdout)["mcpServers"]["midwatch"]["url"] == "http://h:1/mcp"
    assert file.read_text() == told


@pytest.mark.parametrize("text", ["[1]", "{", '{"mcpServers": []}'])
def test_a_file_that_is_something_else_is_left_as_it_is(tmp_path: Path, text: str) -> None:
    file = tmp_path / ".mcp.json"
    file.write_text(text)
    refused = at_terminal("mcp", "install", cwd=tmp_path)
    assert refused.returncode == 2
    assert ".mcp.json is no JSON object with a list of servers" in refused.stderr
    assert file.read_text() == text


@pytest.mark.parametrize("client", FILES)
def test_the_page_about_editors_shows_what_is_written(tmp_path: Path, client: str) -> None:
    page = (ROOT / "docs" / "editors.md").read_text()
    shown = at_terminal(
        *("mcp", "install", "--print", "--client", client, "--server", "http://127.0.0.1:8080"),
        cwd=tmp_path,
    )
    assert shown.stdout.strip() in page


def test_results_are_printed_as_yaml_and_as_a_thing_a_line_too(tmp_path: Path) -> None:
    def told(kind: str) -> str:
        return at_terminal("users", "list", "-o", kind, MIDWATCH_DATA_DIR=str(tmp_path)).stdout

    assert at_terminal("users", "add", "安", MIDWATCH_DATA_DIR=str(tmp_path)).returncode == 0
    whole = json.loads(told("json"))
    assert yaml.safe_load(told("yaml")) == whole
    assert "安" in told("yaml")
    assert [json.loads(line) for line in told("jsonl").splitlines()] == whole["users"]
    version = at_terminal("version", "-o", "jsonl").stdout
    assert json.loads(version).keys() == {"version"}
    assert yaml.safe_load(at_terminal("version", "-o", "yaml").stdout) == json.loads(version)


def test_toolsets_that_are_asked_for_are_written_for_either_kind_of_server(tmp_path: Path) -> None:
    over_http = installed(tmp_path, "claude", "--server", "http://h:1", "--toolsets", "default,rca")
    assert over_http["url"] == "http://h:1/mcp?toolsets=default,rca"
    program = installed(tmp_path, "cursor", "--toolsets", "budgets")
    assert program["args"][-2:] == ["--toolsets", "budgets"]


# What the registry's schema of 2025-12-11 knows of an argument, a variable or a header.
INPUT_FIELDS = {
    *("type", "name", "value", "valueHint", "description", "default", "choices", "format"),
    *("isRequired", "isSecret", "isRepeated", "placeholder", "variables"),
}


def test_what_registries_are_told_agrees_with_the_package(tmp_path: Path) -> None:
    told = json.loads((ROOT / "server.json").read_text("utf-8"))
    [package], [remote] = told["packages"], told["remotes"]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert {told["version"], package["version"]} == {project["version"]}
    assert package["identifier"] == project["name"]
    assert len(told["description"]) <= 100
    assert re.fullmatch(r"[a-zA-Z0-9.-]+/[a-zA-Z0-9._-]+", told["name"])
    assert f"<!-- mcp-name: {told['name']} -->" in (ROOT / "README.md").read_text("utf-8")
    example = (ROOT / ".env.example").read_text("utf-8")
    assert all(f"{one['name']}=" in example for one in package["environmentVariables"])
    assert remote["url"].endswith("/mcp")
    assert package["transport"] == {"type": "stdio"}
    assert remote["type"] == "streamable-http"
    assert set(re.findall(r"{(\w+)}", remote["url"])) == set(remote["variables"])
    inputs = [*package["packageArguments"], *package["environmentVariables"], *remote["headers"]]
    inputs += remote["variables"].values()
    for one in inputs:
        assert set(one) <= INPUT_FIELDS, one
        assert one.get("format", "string") in ("string", "number", "boolean", "filepath")
        assert "default" not in one or one["default"] in one.get("choices", [one["default"]])
        assert set(re.findall(r"{(\w+)}", one.get("value", ""))) == set(one.get("variables", {}))
    assert all("value" in one or "name" in one for one in package["packageArguments"])
    secret = {one["name"] for one in inputs if one.get("isSecret")}
    assert secret == {"Authorization"}
    words = [one.get("name", one.get("value")) for one in package["packageArguments"]]
    assert at_terminal(*words, "default", "--help", cwd=tmp_path).returncode == 0
