"""Whether what an answer cites really stands in the snapshot it was given."""

import re
from functools import cached_property
from pathlib import Path

from evals.truth import Json
from sandbox.snapshot import LogKey, Snapshot

_EVENT = re.compile(r"\(event ([^)]+)\)$")
_METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]{3,}")

# Where an answer left something out: the middle of a long text, a credential, a count.
_GAPS = re.compile(r"…|⏎|\*{3}|\[redacted[^\]]*\]| \(\d+×[^)]*\)$")


class Witness:
    """A snapshot that can be asked whether a citation is true."""

    def __init__(self, folder: Path) -> None:
        self._snapshot = Snapshot.read(folder)

    def bears_out(self, evidence: Json) -> bool:
        ref, text = str(evidence["ref"]), str(evidence["text"])
        if evidence["source"] == "log":
            return self._logged(ref, text)
        if evidence["source"] == "event":
            return self._happened(ref, text)
        if evidence["source"] == "metric":
            return any(name in self._families for name in _METRIC.findall(ref))
        if evidence["source"] == "alert":
            return self._alerted(ref)
        return self._stands(ref)

    def _alerted(self, ref: str) -> bool:
        """An alert, a rule or a silence of the snapshot."""
        what, _, name = ref.partition(" ")
        if what == "rule":
            return name in self._rules
        if what == "silence":
            return any(one["id"] == name for one in self._snapshot.silences)
        return any(one["labels"].get("alertname", "-") in ref for one in self._snapshot.alerts)

    @cached_property
    def _rules(self) -> set[str]:
        return {
            f"{group['name']}/{one.get('alert') or one.get('record')}"
            for group in self._snapshot.rules
            for one in group.get("rules") or ()
        }

    def _stands(self, ref: str) -> bool:
        kind, _, rest = ref.partition(" ")
        name = rest.split(" ")[0]
        return (kind, name) in self._objects or (kind in self._kinds and not rest.strip("/*"))

    def _happened(self, ref: str, text: str) -> bool:
        """The event of this uid says so; one without a uid is looked for by its text."""
        found = _EVENT.search(ref)
        uid = found.group(1) if found else ""
        said = [
            f"{one.get('reason')}: {_flat(str(one.get('message') or one.get('note')))}"
            for one in self._snapshot.objects
            if one["kind"] == "Event" and uid in ("", one["metadata"].get("uid"))
        ]
        return any(_says(each, text) for each in said)

    def _logged(self, ref: str, text: str) -> bool:
        where, _, instance = ref.partition(" ")
        namespace, pod, container = where.split("/", 2)
        key = LogKey(namespace, pod, container, previous=bool(instance))
        # A container that waits to be restarted has one last run, which is both.
        other = LogKey(namespace, pod, container, previous=not instance)
        log = self._snapshot.logs.get(key) or self._snapshot.logs.get(other)
        return log is not None and _says(_flat(log.content.decode("utf-8", "replace")), text)

    @cached_property
    def _objects(self) -> set[tuple[str, str]]:
        found: set[tuple[str, str]] = set()
        for one in self._snapshot.objects:
            metadata = one["metadata"]
            space = metadata.get("namespace")
            name = f"{space}/{metadata['name']}" if space else metadata["name"]
            found.add((one["kind"], name))
        return found

    @cached_property
    def _kinds(self) -> set[str]:
        return {kind for kind, _ in self._objects}

    @cached_property
    def _families(self) -> set[str]:
        text = "\n".join(path.read_text("utf-8") for path in self._snapshot.metrics)
        return set(_METRIC.findall(text))


def _flat(text: str) -> str:
    return " ".join(text.split())


def _says(whole: str, text: str) -> bool:
    return all(piece.strip() in whole for piece in _GAPS.split(_flat(text)))
