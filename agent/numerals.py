"""Pure: small numbers as people write them, in digits or in words of either language."""

_UNITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_TEENS = ("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen")  # fmt: skip
_ROUND = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_ENGLISH = {word: number for number, word in enumerate((*_UNITS, *_TEENS))}
_ROUNDED = {word: 10 * number for number, word in enumerate(_ROUND, 2)}
_ALONE = {**_ENGLISH, **_ROUNDED, "dozen": 12, "a dozen": 12, "hundred": 100, "a hundred": 100}
_HAN = {word: number for number, word in enumerate("零一二三四五六七八九")} | {
    "两": 2,
    "俩": 2,
    "仨": 3,
}
_TENS = {"十": 10, "百": 100, "千": 1_000}
_MYRIAD = "万"

# "twenty-four" before "twenty", "sixteen" before "six".
ENGLISH_NUMBERS = "|".join(
    (
        rf"(?:{'|'.join(_ROUND)})[\s-](?:{'|'.join(_UNITS[1:10])})\b",
        *sorted(_ALONE, key=len, reverse=True),
    )
)
HAN_NUMBERS = f"[{''.join(_HAN)}十百]+"
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
    if _MYRIAD in word:
        myriads, _, rest = word.partition(_MYRIAD)
        return 10_000 * _han(myriads) + (_tail(rest, 1_000) if rest else 0)
    if len(word) > 2 and word[-1] in _HAN and word[-2] in _TENS and word[-2] != "十":
        return _han(word[:-1]) + _tail(word[-1], _TENS[word[-2]] // 10)
    total, ones = 0, 0
    for letter in word:
        if letter in _TENS:
            total, ones = total + (ones or 1) * _TENS[letter], 0
        else:
            ones = _HAN[letter]
    return total + ones


def _tail(rest: str, of: int) -> int:
    """What follows a unit: a digit alone counts the next smaller one, so that 一万二 is 12,000."""
    return _HAN[rest] * of if rest in _HAN else _han(rest)
