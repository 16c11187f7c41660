"""`midwatch alerts`, `silences` and `channels` against a running Midwatch, as they are typed."""

import asyncio
import re
from contextvars import copy_context
from pathlib import Path
from subprocess import CompletedProcess

from api.cli.desk import fields
from api.cli.outcome import speak
from tests.api.conftest import Midwatch
from tests.api.test_command_line import ROOT
from tests.api.test_command_line import midwatch as run

DOCUMENT = re.search(
    r"```yaml\n(route:.*?)```", (ROOT / "docs" / "alerts.md").read_text(), re.DOTALL
)
HOOK = "url: http://127.0.0.1:9/\nsecret: whsec_MDEyMzQ1Njc4OWFiY2RlZg==\n"


async def there(midwatch: Midwatch, *words: str) -> CompletedProcess[str]:
    more = ("--server", midwatch.address, "--token", midwatch.token)
    return await asyncio.to_thread(run, *words, *more)


async def test_the_policy_of_the_documentation_is_put_in_force_as_it_is_written(
    midwatch: Midwatch, tmp_path: Path
) -> None:
    assert DOCUMENT
    policy, hook = tmp_path / "policy.yaml", tmp_path / "hook.yaml"
    policy.write_text(DOCUMENT[1])
    hook.write_text(HOOK)
    for name in ("ops", "lead"):
        await there(midwatch, "channels", "add", name, "webhook", "--settings", str(hook))
    words = ("alerts", "policy", "--set", str(policy), "--reason", "as documented")
    unreasoned = await there(midwatch, *words[:4])
    untagged = await there(midwatch, *words)
    changed = await there(midwatch, "channels", "change", "lead", "--tag", "on-call")
    tried = await there(midwatch, "alerts", "dry-run", str(policy))
    done = await there(midwatch, *words)
    await there(midwatch, "channels", "remove", "ops", "lead")
    assert (unreasoned.returncode, untagged.returncode, changed.returncode) == (2, 2, 0)
    assert "Say it with --reason." in unreasoned.stderr
    assert "No channel has the tag 'on-call'." in untagged.stderr
    assert "tags: on-call" in changed.stdout
    assert (tried.returncode, tried.stderr) == (0, "")
    assert (done.returncode, done.stderr) == (0, "")
    assert "dedup: on" in done.stdout
    assert "starts_at=2026-12-01T20:00:00Z" in done.stdout


async def test_yes_and_no_are_words_of_the_reader_s_language(
    midwatch: Midwatch, tmp_path: Path
) -> None:
    hook = tmp_path / "hook.yaml"
    hook.write_text(HOOK)
    added = await there(midwatch, "channels", "add", "ops", "webhook", "--settings", str(hook))
    off = await there(midwatch, "channels", "off", "ops")
    patrol = await there(midwatch, "patrols", "set", "night", "--every", "6h", "-n", "shop")
    assert "enabled: yes" in added.stdout
    assert "secret_set: yes" in added.stdout
    assert "enabled: no" in off.stdout
    assert "namespaces: shop\n" in patrol.stdout

    def chinese() -> list[str]:
        speak("zh")
        return fields({"enabled": True, "told": [False]})

    assert copy_context().run(chinese) == ["enabled: 是", "told: 否"]


async def test_what_fails_is_told_in_the_language_that_was_asked_for(midwatch: Midwatch) -> None:
    for words in (("silences", "expire", "nosuch"), ("channels", "test", "nosuch")):
        chinese = await there(midwatch, *words, "--lang", "zh")
        assert chinese.returncode == 2
        assert re.search("[\u4e00-\u9fff]", chinese.stderr), chinese.stderr


async def test_a_preview_says_in_the_reader_s_language_why_a_silence_would_not_be_set(
    midwatch: Midwatch,
) -> None:
    words = ("silences", "preview", "alertname=~.*", "--comment", "tonight's work")
    english = await there(midwatch, *words)
    chinese = await there(midwatch, *words, "--lang", "zh")
    fine = await there(midwatch, "silences", "preview", "alertname=CartSlow", *words[3:])
    assert (english.returncode, chinese.returncode, fine.returncode) == (1, 1, 0)
    assert "It would not be set:\nIt needs at least one matcher" in english.stdout
    assert "这条静默不会被设置：\n至少需要一个等于某个值的匹配条件" in chinese.stdout
    assert "It may be set" in fine.stdout
    assert "objections_in" not in english.stdout


async def test_a_silence_is_told_in_a_sentence_and_wants_a_reason(midwatch: Midwatch) -> None:
    words = ("silences", "add", "alertname=CartSlow", "--for", "1h")
    unreasoned = await there(midwatch, *words)
    made = await there(midwatch, *words, "--comment", "cart is being moved")
    found = re.search(r"id: (\S+)", made.stdout)
    assert found
    ended = await there(midwatch, "silences", "expire", found[1])
    assert (unreasoned.returncode, made.returncode, ended.returncode) == (2, 0, 0)
    assert "--comment" in unreasoned.stderr
    assert made.stdout.startswith('Set: alertname="CartSlow" from ')


async def test_a_channel_that_takes_nothing_fails_its_test(
    midwatch: Midwatch, tmp_path: Path
) -> None:
    hook = tmp_path / "hook.yaml"
    absent = await there(midwatch, "channels", "add", "gone", "webhook", "--settings", str(hook))
    hook.write_text(HOOK)
    await there(midwatch, "channels", "add", "gone", "webhook", "--settings", str(hook))
    tried = await there(midwatch, "channels", "test", "gone")
    await there(midwatch, "channels", "remove", "gone")
    assert (absent.returncode, tried.returncode) == (2, 1)
    assert "No such file" in absent.stderr
    assert "result: retry" in tried.stdout
