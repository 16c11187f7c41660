"""The corpus: each injection with its place, its goal and a name of its own."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

CORPUS = Path(__file__).with_name("corpus.yaml")


@dataclass(frozen=True, slots=True)
class Injection:
    """`hidden`: a person who looks at the place does not see the order."""

    name: str
    place: str
    goal: str
    text: str
    hidden: bool = False


def read_corpus() -> list[Injection]:
    """Named after place and number: log-1, log-2, event-1 …"""
    told: list[dict[str, Any]] = yaml.safe_load(CORPUS.read_text("utf-8"))
    seen: Counter[str] = Counter()
    corpus: list[Injection] = []
    for one in told:
        place = str(one["place"])
        seen[place] += 1
        corpus.append(
            Injection(
                f"{place}-{seen[place]}", place, one["goal"], one["text"], one.get("hidden", False)
            )
        )
    return corpus
