"""A policy file bounds changes; a mistake in it is told with its place."""

from datetime import timedelta
from pathlib import Path

import pytest

from core.errors import Invalid
from mcp_servers.autofix.policies import limits_told, read_policy, with_home
from mcp_servers.facts.fixes import Level
from mcp_servers.facts.guards import Policy, Share


def told(folder: Path, text: str) -> Policy:
    file = folder / "policy.toml"
    file.write_text(text, "utf-8")
    return read_policy(file)


def test_without_a_file_nothing_goes_without_a_person() -> None:
    policy = read_policy(None)
    assert (policy.unattended, policy.own, policy.version) == ((), Level.MEDIUM, "built-in")


def test_what_the_file_says_is_the_policy(tmp_path: Path) -> None:
    policy = told(
        tmp_path,
        """
        allowed = ["shop"]
        own_approval = "none"
        [limits]
        pods = 3
        approval_s = 60
        [[unattended]]
        fixes = ["fix.uncordon"]
        levels = ["low"]
        hours = [9, 17]
        """,
    )
    assert (policy.allowed, policy.own) == (frozenset({"shop"}), None)
    assert (policy.limits.pods, policy.limits.approval) == (3, timedelta(minutes=1))
    assert policy.unattended[0].hours == (9, 17)


def test_limits_are_told_by_the_names_and_units_of_the_file(tmp_path: Path) -> None:
    text = (
        "[limits]\napproval_s = 60\nsettle_s = 5\nreplica_factor = 3\neach = { pods_per_hour = 2 }"
    )
    limits = told(tmp_path, text).limits
    shown = limits_told(limits)
    assert shown["each"]["pods_per_hour"] == 2
    assert (shown["approval_s"], shown["settle_s"], shown["deadline_s"]) == (60, 5, None)
    lines = [f"{k} = {v}" for k, v in shown.items() if k != "each" and v is not None]
    again = "\n".join(["[limits]", *lines, "each = { pods_per_hour = 2 }"])
    assert told(tmp_path, again).limits == limits


def test_another_text_is_another_version(tmp_path: Path) -> None:
    assert told(tmp_path, "").version != told(tmp_path, "# edited").version


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("allowd = []", "allowd"),
        ("[limits]\nobjects = 0", "limits.objects"),
        ('[[never]]\nfixes = ["fix.everything"]', "no fix 'fix.everything'"),
        ('own_approval = "always"', "own_approval"),
        ("this is no toml", "policy.toml"),
    ],
)
def test_a_mistake_names_the_file_and_the_place(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(Invalid, match=said):
        told(tmp_path, text)


def test_a_file_that_is_not_there_is_not_taken_for_an_empty_one(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="Cannot read the policy file"):
        read_policy(tmp_path / "none.toml")


def test_the_namespace_that_midwatch_itself_runs_in_is_protected(tmp_path: Path) -> None:
    home = tmp_path / "namespace"
    assert with_home(Policy(), home) == Policy()
    home.write_text("ops\n")
    assert with_home(Policy(protected=frozenset({"payments"})), home).protected == {
        "payments",
        "ops",
    }


def test_budgets_of_some_and_of_each_are_read(tmp_path: Path) -> None:
    file = tmp_path / "policy.toml"
    file.write_text(
        "[limits.each]\nwrites_per_hour = 4\n"
        '[[budgets]]\nsubjects = ["nightly-*"]\nwrites_per_hour = 2\nnamespaces_per_hour = 1\n'
    )
    policy = read_policy(file)
    assert policy.share_of("ann").writes_per_hour == 4
    assert policy.share_of("nightly-eu") == Share(writes_per_hour=2, namespaces_per_hour=1)
    file.write_text("[[budgets]]\nwrites_per_hour = 2\n")
    with pytest.raises(Invalid, match=r"budgets\.0\.subjects"):
        read_policy(file)
