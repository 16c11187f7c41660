"""`fix.command` and `fix.env`: a slip in what starts a program, mended by what is known to be right."""

import re

from mcp_servers.engines.credentials import literal_credential
from mcp_servers.engines.fields import rows, section, text, words
from mcp_servers.engines.fixes.drafting import Case, Outcome, single
from mcp_servers.engines.fixes.earlier import last_good
from mcp_servers.engines.fixes.editing import container_edit, planned, workload
from mcp_servers.engines.revisions import container_in
from mcp_servers.facts.fixes import Advice
from mcp_servers.facts.kubernetes import Json, Resource
from mcp_servers.facts.nearest import similar

COMMANDS = ("command", "args")
# Never put in the place of a misspelt word: with the arguments that stand there it may destroy.
DESTROYING = frozenset(
    {"rm", "mv", "chmod", "chown", "kubectl", "mysqladmin", "dd", "kill", "truncate"}
)


def mend_command(case: Case) -> Outcome:
    """The misspelt program by the one known name that is near, else the last good command."""
    owner = workload(case)
    if isinstance(owner, Advice):
        return owner
    spec = planned(owner, case.container)
    if not spec:
        return case.advice("not_in_template", container=case.container)
    wrong, right = case.told("missing"), case.told("near")
    if right in DESTROYING:
        return case.advice("command_destroys", program=right)
    before = _command_before(case, owner)
    after = _replaced(spec, wrong, right) if wrong and right else before
    if not after or after == _command(spec):
        return case.advice("command_unknown", container=case.container, missing=wrong)

    def change(held: Json) -> None:
        for name in COMMANDS:
            held.pop(name, None)
            if after[name]:
                held[name] = after[name]

    params = {"old": _line(_command(spec)), "new": _line(after)}
    return single(container_edit("mend_command", owner, case.container, change, **params))


def _command(spec: Json) -> dict[str, list[str]]:
    return {name: words(spec, name) for name in COMMANDS}


def _line(command: dict[str, list[str]]) -> str:
    return " ".join(word for name in COMMANDS for word in command[name])


def _replaced(spec: Json, wrong: str, right: str) -> dict[str, list[str]]:
    """The program's name, wherever a word of the command or of its script is exactly it."""
    folder, _, name = wrong.rpartition("/")
    correct = f"{folder}/{right}" if folder else right
    shape = re.compile(rf"(?<![\w./-]){re.escape(wrong)}(?![\w./-])")
    changed = _command(spec)
    if not name:
        return changed
    for part in COMMANDS:
        changed[part] = [shape.sub(lambda _: correct, word) for word in changed[part]]
    return changed


def _command_before(case: Case, owner: Resource) -> dict[str, list[str]]:
    good = last_good(case.cluster, owner)
    found = container_in(good.template, case.container) if good else Json()
    return _command(found) if found else {}


def restore_variable(case: Case) -> Outcome:
    """A variable that the last good revision had: put back, or given its value again.

    Never one whose value looks like a credential, and never a value that was not seen before.
    """
    owner = workload(case)
    if isinstance(owner, Advice):
        return owner
    good = last_good(case.cluster, owner)
    before = container_in(good.template, case.container) if good else Json()
    now = planned(owner, case.container)
    if not now:
        return case.advice("not_in_template", container=case.container)
    wanted = _changed_variable(case, before, now)
    if wanted is None:
        return case.advice("value_never_seen", container=case.container, setting=_asked(case))
    name = text(wanted, "name")
    if literal_credential(name, text(wanted, "value")):
        return case.advice("value_is_credential", container=case.container, setting=name)
    return _restored(owner, case.container, now, before, wanted)


def _asked(case: Case) -> str:
    return case.told("setting") or case.told("host")


def _changed_variable(case: Case, before: Json, now: Json) -> Json | None:
    """The entry of the good revision that is absent now, or now names a host nobody knows."""
    held = {text(entry, "name"): entry for entry in rows(now, "env")}
    for entry in rows(before, "env"):
        name = text(entry, "name")
        present = held.get(name)
        if case.rule == "app.missing_setting" and name == case.told("setting") and present is None:
            return entry
        host = case.told("host")
        if host and present is not None and present != entry and host in text(present, "value"):
            return entry
    return None


def _restored(owner: Resource, container: str, now: Json, before: Json, wanted: Json) -> Outcome:
    name = text(wanted, "name")
    slip = _slip(rows(now, "env"), rows(before, "env"), wanted)

    def change(held: Json) -> None:
        kept = [entry for entry in rows(held, "env") if text(entry, "name") not in (name, slip)]
        held["env"] = _in_order([*kept, wanted], rows(before, "env"))

    source = section(wanted, "valueFrom")
    shown = "" if source else text(wanted, "value")
    return single(
        container_edit(
            "restore_variable", owner, container, change, setting=name, value=shown, misspelt=slip
        )
    )


def _slip(now: list[Json], before: list[Json], wanted: Json) -> str:
    """A variable with the same content under a name that is nearly the one wanted."""
    known = {text(entry, "name") for entry in before}
    for entry in now:
        name = text(entry, "name")
        same = {k: v for k, v in entry.items() if k != "name"} == {
            k: v for k, v in wanted.items() if k != "name"
        }
        if name not in known and same and similar(name, text(wanted, "name")):
            return name
    return ""


def _in_order(entries: list[Json], before: list[Json]) -> list[Json]:
    """As the good revision had them; what it did not have stays at the end."""
    places = {text(entry, "name"): n for n, entry in enumerate(before)}
    return sorted(entries, key=lambda entry: places.get(text(entry, "name"), len(places)))
