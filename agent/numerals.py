"""Pure: small numbers as people write them, in digits or in words of either language."""

_UNITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_TEENS = ("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen")  # fmt: skip
_ROUND = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_ENGLISH = {word: number for number, word in enumerate((*_UNITS, *_TEENS))}
_ROUNDED = {word: 10 * number for number, word in enumerate(_ROUND, 2)}
_ALONE = {**_ENGLISH, **_ROUNDED, "dozen": 12, "a dozen": 12, "hundred": 100, "a hundred": 100}
_HAN = {word: number for number, word in enumerate("零一二三四五六七八九")} | {"两": 2}
_TENS = {"十": 10, "百": 100}

# "twenty-four" before "twenty", "sixteen" before "six".
ENGLISH_NUMBERS = "|".join(
    (
        rf"(?:{'|'.join(_ROUND)})[\s-](?:{'|'.join(_UNITS[1:10])})\b",
        *sorted(_ALONE, key=len, reverse=True),
    )
)
HAN_NUMBERS = f"[{''.join(_HAN)}{''.join(_TENS)}]+"
COUNT = rf"\d+|{HAN_NUMBERS}|{ENGLISH_NUMBERS}"


def number_of(word: str) -> int:
    """A count in digits, in English words up to a hundred, or in Chinese up to some hundreds."""
    if word.isdigit():
        return int(word)
    if word in _ALONE:
        return _ALONE[word]
    tens, _, ones = word.replace("-", " ").partition(" ")
    return _ROUNDED[tens] + _ENGLISH[ones.strip()] if tens in _ROUNDED else _han(word)


def _han(word: str) -> int:
    total, ones = 0, 0
    for letter in word:
        if letter in _TENS:
            total, ones = total + (ones or 1) * _TENS[letter], 0
        else:
            ones = _HAN[letter]
    return total + ones
