"""What is said of settings that cannot be used."""

from core.faults import Unfit
from core.sentences import Fact, Sentences

SENTENCES = Sentences("core.settings")


class Unusable(Unfit):
    """What a check of settings raises; `why` says it in each language."""

    def __init__(self, key: str, **facts: Fact) -> None:
        super().__init__(SENTENCES.said(key, **facts))
