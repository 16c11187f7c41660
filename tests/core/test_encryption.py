"""Secrets at rest open for their own place and key only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Invalid
from core.security.encryption import Vault

NEW, OLD = "a new key, long enough to be one", "an old key, long enough to be one"


@given(st.text(max_size=200), st.text(max_size=40))
def test_what_was_sealed_opens_again_and_shows_nothing(text: str, place: str) -> None:
    vault = Vault.of(NEW)
    sealed = vault.seal(text, place=place)
    assert vault.open(sealed, place=place) == text
    assert sealed != vault.seal(text, place=place)
    assert len(text) < 8 or text not in sealed


def test_a_rotated_key_opens_what_the_earlier_one_sealed() -> None:
    sealed = Vault.of(OLD).seal("secret", place="a")
    both = Vault.of(NEW, OLD)
    assert both.open(sealed, place="a") == "secret"
    assert not both.is_current(sealed)
    assert both.is_current(both.seal("secret", place="a"))


def test_without_its_key_it_stays_shut_and_the_sentence_says_what_to_do() -> None:
    with pytest.raises(Invalid, match="MIDWATCH_ENCRYPTION__KEYS"):
        Vault.of(NEW).open(Vault.of(OLD).seal("secret", place="a"), place="a")


def test_a_secret_copied_to_another_place_or_changed_does_not_open() -> None:
    vault = Vault.of(NEW)
    sealed = vault.seal("secret", place="channel a")
    with pytest.raises(Invalid, match="was changed"):
        vault.open(sealed, place="channel b")
    with pytest.raises(Invalid, match="was changed"):
        vault.open(sealed[:-8] + "AAAAAAA=", place="channel a")
    with pytest.raises(Invalid):
        vault.open("nonsense", place="channel a")
