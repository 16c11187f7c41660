"""Pure: words that can hardly be anything but the names of alerts: "DiskFull", "KubePodCrashLooping"."""

import re

from agent.lexicon.stopwords import STOPWORDS
from agent.naming import CAMEL, KIND_WORDS

# How signals call the name of an alert.
ALERT_NAME = "camelname"
# States, reasons and errors of Kubernetes, and what products are called: no alert is.
_OTHERS = re.compile(
    r".*(?:backoff|error|exception|exceeded)|(?:err)?image.*|oom.*|(?:failed|un)\w*(?:mount|schedul|create|attach|pull)\w*"
    r"|(?:not)?ready|container\w+|pod\w*initiali[sz]\w+|(?:disk|memory|pid)pressure|(?:is)?up|git(?:hub|lab)|ding\s?talk|pager\s?duty"
    r"|open(?:shift|stack|search|telemetry)|elastic\w+|click\w+|java\w+|type\w+|you\w+|cloud\w+|word\w+|power\w+|kube(?:config|ctl)"
)


def with_alerts_called(word: str, message: str) -> str:
    """The message with one word for the name of each alert: "DiskFull is noisy" → "alert is noisy"."""
    return CAMEL.sub(lambda found: word if _is_alert(found[0].lower()) else found[0], message)


def _is_alert(word: str) -> bool:
    return word not in STOPWORDS and word not in KIND_WORDS and not _OTHERS.fullmatch(word)
