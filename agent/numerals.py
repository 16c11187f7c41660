"""Pure: small numbers as people write them, in digits or in words of either language."""

_ENGLISH = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_HAN = {word: number for number, word in enumerate("零一二三四五六七八九")} | {"两": 2}
_TENS = {"十": 10, "百": 100}

ENGLISH_NUMBERS = "|".join(_ENGLISH)
HAN_NUMBERS = f"[{''.join(_HAN)}{''.join(_TENS)}]+"
COUNT = rf"\d+|{HAN_NUMBERS}|{ENGLISH_NUMBERS}"


def number_of(word: str) -> int:
    """A count in digits, in an English word up to ten, or in Chinese up to some hundreds."""
    if word.isdigit():
        return int(word)
    return _ENGLISH.index(word) if word in _ENGLISH else _han(word)


def _han(word: str) -> int:
    total, ones = 0, 0
    for letter in word:
        if letter in _TENS:
            total, ones = total + (ones or 1) * _TENS[letter], 0
        else:
            ones = _HAN[letter]
    return total + ones
