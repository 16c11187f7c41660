"""`midwatch fix` as a program: what it prints, how it leaves, what it keeps."""

import json
from pathlib import Path

import pytest

from sandbox.server import Addresses, serving_in_thread
from tests.api.test_command_line import midwatch
from tests.sandbox.practising import SNAPSHOTS

POLICY = "[limits]\nsettle_s = 0.5\npoll_s = 0.2\n"


def where(addresses: Addresses) -> tuple[str, ...]:
    return (
        *("--kubeconfig", str(addresses.kubeconfig), "--prometheus", addresses.prometheus),
        *("--alertmanager", addresses.alertmanager),
    )


def test_a_change_goes_from_plan_to_verified_and_back_by_command(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text(POLICY)
    settings = {"MIDWATCH_FIXES__POLICY": "policy.toml"}
    with serving_in_thread(SNAPSHOTS / "shop", speed=60) as addresses:

        def fix(*command: str, **more: str) -> tuple[int, str, str]:
            done = midwatch("fix", *command, *where(addresses), cwd=tmp_path, **settings, **more)
            return done.returncode, done.stdout, done.stderr

        code, told, _ = fix("plan", "deployment/checkout", "-n", "shop", "-o", "json")
        plan = json.loads(told)
        assert (code, plan["refused"], plan["approval"]["required"]) == (0, None, True)
        assert plan["steps"][0]["target"]["uid"]

        code, told, said = fix("apply", plan["plan_id"])
        assert (code, told) == (2, "")
        assert "is not approved" in said

        code, told, _ = fix("approve", plan["plan_id"], "--lang", "en")
        assert (code, "Approved by local" in told) == (0, True)

        code, told, _ = fix("apply", plan["plan_id"], "-o", "json")
        change = json.loads(told)
        assert (code, change["status"]) == (0, "verified")
        assert change["verification"] == {"finding_cleared": True, "new_findings": []}

        code, told, _ = fix("rollback", change["change_id"], "--lang", "zh")
        assert (code, "已回滚" in told) == (0, True)
        assert change["change_id"] in fix("list")[1]
        assert fix("show", change["change_id"], "--report")[1].startswith("# Raise the memory")


def test_several_plans_are_carried_out_in_turn_by_command(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text(POLICY)
    settings = {"MIDWATCH_FIXES__POLICY": "policy.toml"}
    with serving_in_thread(SNAPSHOTS / "shop", speed=60) as addresses:

        def fix(*command: str) -> tuple[int, str]:
            done = midwatch("fix", *command, *where(addresses), cwd=tmp_path, **settings)
            return done.returncode, done.stdout

        scale = ("plan", "catalog", "-n", "shop", "--change", "scale", "--replicas", "4")
        told = [fix(*scale, "-o", "json"), fix("plan", "deployment/checkout", "-o", "json")]
        plans = [str(json.loads(one)["plan_id"]) for _, one in told]
        assert fix("approve", plans[0])[0] == 0
        assert fix("apply", *plans)[0] == 2
        assert fix("approve", plans[1])[0] == 0
        code, shown = fix("apply", *plans, "--lang", "zh")
        assert (code, shown.count("已验证")) == (0, 2)


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        (("approve", "fix-none"), 2, "There is no plan 'fix-none'"),
        (("approve", "fix-none", "--lang", "zh"), 2, "没有方案 'fix-none'"),
        (("show", "chg-none"), 2, "type `midwatch fix list`"),
        (("plan", "checkout", "--change", "explode"), 2, "change"),
        (("plan", "checkout", "--change", "scale", "-n", "shop"), 2, "replicas"),
        (("plan", "storefront", "--change", "scale", "--replicas", "5", "-n", "shop"), 1, ""),
    ],
)
def test_what_cannot_be_done_is_one_sentence_and_a_code(
    tmp_path: Path, command: tuple[str, ...], code: int, said: str
) -> None:
    done = midwatch("fix", *command, "--snapshot", "shop", cwd=tmp_path)
    assert done.returncode == code
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_rehearsal_touches_nothing_and_says_what_it_cannot_know(tmp_path: Path) -> None:
    done = midwatch(
        *("fix", "rehearse", "deployment/checkout", "-n", "shop", "--snapshot", "shop"),
        *("--lang", "en"),
        cwd=tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Rehearsal: verified")
    assert "What a rehearsal cannot know" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_the_kill_switch_is_a_file_that_the_command_writes(tmp_path: Path) -> None:
    stopped = midwatch("fix", "stop", "--reason", "fire drill", "--snapshot", "shop", cwd=tmp_path)
    assert stopped.returncode == 0, stopped.stderr
    assert "fire drill" in (tmp_path / "data" / "autofix-stopped").read_text()
    assert midwatch("fix", "status", "--snapshot", "shop", cwd=tmp_path).returncode == 1
    resumed = midwatch("fix", "resume", "--reason", "over", "--snapshot", "shop", cwd=tmp_path)
    assert (resumed.returncode, (tmp_path / "data" / "autofix-stopped").exists()) == (0, False)


def test_two_lists_are_not_asked_for_at_once_and_no_batch_is_told_in_words(tmp_path: Path) -> None:
    done = midwatch("fix", "list", "--plans", "--batches", "--lang", "zh", cwd=tmp_path)
    assert (done.returncode, done.stderr.strip()) == (2, "方案和批次是两个列表，请只选其一。")
    done = midwatch("fix", "show", "bat-none", "--snapshot", "shop", "--lang", "en", cwd=tmp_path)
    assert done.returncode == 2
    assert "There is no batch bat-none." in done.stderr
