"""`midwatch facts` as a program: of this machine, and of a running service."""

import asyncio
import json
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from tests.api.conftest import Midwatch
from tests.api.test_command_line import midwatch as run

FACT = "team payments owns checkout"


def test_a_fact_is_taught_listed_used_and_deleted_on_this_machine(tmp_path: Path) -> None:
    assert "Nothing was told yet" in run("facts", "list", cwd=tmp_path).stdout
    assert "还没有记下" in run("facts", "list", "--lang", "zh", cwd=tmp_path).stdout
    for _ in range(2):
        assert run("facts", "teach", f"  {FACT} ", cwd=tmp_path).returncode == 0
    [fact] = json.loads(run("facts", "list", "-o", "json", cwd=tmp_path).stdout)["items"]
    assert (fact["text"], fact["told_by"], fact["everybody"]) == (FACT, "local", False)
    asked = run("ask", "Why is checkout failing?", "-o", "json", cwd=tmp_path)
    cited = [(one["source"], one["text"]) for one in json.loads(asked.stdout)["citations"]]
    assert ("person", FACT) in cited
    assert run("facts", "delete", fact["id"], cwd=tmp_path).returncode == 0
    assert FACT not in run("facts", "list", cwd=tmp_path).stdout


def test_a_fact_told_in_a_first_question_is_remembered_on_this_machine(tmp_path: Path) -> None:
    assert "Nobody has told me" in run("ask", "who owns checkout?", cwd=tmp_path).stdout
    run("ask", FACT, cwd=tmp_path)
    assert FACT in run("ask", "who owns checkout?", cwd=tmp_path).stdout


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("teach", "  "), "The fact is empty."),
        (("teach", "x" * 500), "has 500 characters"),
        (("delete", "no-such-fact"), "There is no fact 'no-such-fact'."),
    ],
)
def test_wrong_use_is_one_sentence(words: tuple[str, ...], said: str, tmp_path: Path) -> None:
    done = run("facts", *words, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


async def test_facts_of_a_running_service_are_those_of_the_token(midwatch: Midwatch) -> None:
    token = await midwatch.token_of("fay")

    async def there(*words: str, token: str = token) -> CompletedProcess[str]:
        more = ("--server", midwatch.address, "--token", token)
        return await asyncio.to_thread(run, "facts", *words, *more)

    assert (await there("teach", FACT)).returncode == 0
    refused = await there("teach", "everybody knows this", "--everybody")
    taught = await there("teach", "nights are ours", "--everybody", token=midwatch.token)
    listed = json.loads((await there("list", "-o", "json")).stdout)["items"]
    shown = (await there("list")).stdout
    for one in listed:
        await there("delete", one["id"], token=token if one["told_by"] == "fay" else midwatch.token)
    left = (await there("list")).stdout
    assert "Only managers" in refused.stderr
    assert taught.returncode == 0
    assert [(one["text"], one["everybody"]) for one in listed] == [
        (FACT, False),
        ("nights are ours", True),
    ]
    assert "told to everybody by" in shown
    assert "Nothing was told yet" in left
