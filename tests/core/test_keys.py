"""Keys for secrets at rest: from a setting, a file or a command, and another one while all goes on."""

import sys
from pathlib import Path

import pytest

from core.errors import Invalid, OpsError, UpstreamUnavailable
from core.security.encryption import Vault
from core.security.keys import Keys, from_command, from_file, keys_of
from core.settings import load
from core.settings.groups import EncryptionSettings

OLD, NEW = "o" * 40, "n" * 40


def clock() -> list[float]:
    return [0.0]


def test_keys_come_from_the_setting_or_are_ones_own() -> None:
    given = EncryptionSettings(keys=f"{NEW}, {OLD}")
    assert keys_of(given, otherwise=lambda: "own").all() == [NEW, OLD]
    assert keys_of(EncryptionSettings(), otherwise=lambda: "own").all() == ["own"]


def test_a_file_has_a_key_a_line_and_words_beside_them(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(f"# since May\n{NEW}\n\n{OLD}\n")
    assert from_file(file)() == [NEW, OLD]
    assert keys_of(EncryptionSettings(keys_file=file), otherwise=str).all() == [NEW, OLD]


def test_a_command_is_run_without_a_shell_and_what_it_prints_are_the_keys(tmp_path: Path) -> None:
    script = tmp_path / "a key service.py"
    script.write_text(f"print('{NEW}')\nprint('{OLD}')\n")
    told = EncryptionSettings(keys_command=f"{sys.executable} '{script}'")
    assert keys_of(told, otherwise=str).all() == [NEW, OLD]
    with pytest.raises(UpstreamUnavailable, match="did not work: false"):
        from_command(["false", f"; echo {NEW}"])()
    with pytest.raises(UpstreamUnavailable):
        from_command(["/there/is/none"])()


@pytest.mark.parametrize("text", ["", "# nothing\n", "short\n", f"{NEW}\nshort\n"])
def test_a_file_without_a_key_that_will_do_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "keys"
    file.write_text(text)
    with pytest.raises(Invalid, match="at least 32 characters") as refused:
        from_file(file)()
    assert "short" not in refused.value.message.replace("too short", "")
    with pytest.raises(Invalid, match="cannot be read"):
        from_file(tmp_path / "none")()


def test_of_the_places_of_keys_only_one_is_given(tmp_path: Path) -> None:
    both = {"keys": NEW, "keys_file": str(tmp_path / "keys")}
    with pytest.raises(Invalid, match="only one"):
        load(env_file=None, data_dir=tmp_path, encryption=both)


def test_another_key_is_found_while_services_run_and_both_read_what_either_seals(
    tmp_path: Path,
) -> None:
    file, now = tmp_path / "keys", clock()
    file.write_text(OLD)
    first, second = [Vault(Keys(from_file(file), 1.0, lambda: now[0])) for _ in range(2)]
    before = first.seal("secret", place="a")
    file.write_text(f"{NEW}\n{OLD}\n")
    now[0] += 1.0
    after = second.seal("secret", place="a")
    for vault in (first, second):
        assert vault.open(before, place="a") == vault.open(after, place="a") == "secret"
        assert (vault.is_current(before), vault.is_current(after)) == (False, True)
    file.write_text(NEW)
    now[0] += 1.0
    for vault in (first, second):
        assert vault.open(after, place="a") == "secret"
        with pytest.raises(Invalid, match="sealed with a key that is not here"):
            vault.open(before, place="a")


def test_a_source_that_fails_later_leaves_the_keys_there_were(tmp_path: Path) -> None:
    file, now = tmp_path / "keys", clock()
    file.write_text(OLD)
    vault = Vault(Keys(from_file(file), 1.0, lambda: now[0]))
    sealed = vault.seal("secret", place="a")
    file.unlink()
    now[0] += 5.0
    assert vault.open(sealed, place="a") == "secret"
    with pytest.raises(OpsError):
        Vault(Keys(from_file(file))).seal("secret", place="a")
