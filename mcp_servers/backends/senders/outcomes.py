"""How a try to tell somebody ended, and whether another one helps."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outcome:
    """`result`: sent, retry (another try may help) or refused (it will not).

    `code` is the channel's own, `retry_after_s` what it asked for, and `why` a sentence without any
    text that the channel sent, which might hold anything.
    """

    result: str
    code: str = ""
    why: str = ""
    retry_after_s: float = 0.0
    rests: bool = False  # the whole channel wants to be left alone, not this message alone

    @property
    def sent(self) -> bool:
        return self.result == "sent"


def sent(code: str = "") -> Outcome:
    return Outcome("sent", code)


def retry(code: str, why: str, *, after_s: float = 0.0, rests: bool = False) -> Outcome:
    return Outcome("retry", code, why, after_s, rests)


def refused(code: str, why: str) -> Outcome:
    return Outcome("refused", code, why)
