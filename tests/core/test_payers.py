"""Who pays, in the language of who reads, and back."""

import pytest

from core.payers import NOBODY, known_payer, payer


@pytest.mark.parametrize("name", [*NOBODY, *(f"team={one}" for one in NOBODY)])
def test_nobody_is_said_in_chinese_and_known_again(name: str) -> None:
    told = payer(name, "zh")
    assert told.isascii() is False
    assert known_payer(told) == name
    assert payer(name, "en") == name


@pytest.mark.parametrize("name", ["shop", "team=search", "Deployment shop/checkout", "none", ""])
def test_whoever_pays_keeps_the_name(name: str) -> None:
    assert payer(name, "zh") == known_payer(name) == name
