"""The language that a command answers in."""

import locale
import re
from enum import StrEnum

CJK = re.compile(r"[\u4e00-\u9fff]")


class Language(StrEnum):
    AUTO = "auto"
    EN = "en"
    ZH = "zh"


def chosen(language: Language, words: str = "") -> str:
    """`en` or `zh`: as asked, or that of the words, or that of the terminal."""
    if language is not Language.AUTO:
        return language.value
    if words:
        return "zh" if CJK.search(words) else "en"
    return "zh" if (locale.getlocale(locale.LC_CTYPE)[0] or "").startswith("zh") else "en"
