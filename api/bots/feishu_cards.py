"""What Feishu shows: cards of version 2.0 with Markdown, buttons and a form for what is typed."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from agent.approvals import REASON_CHARACTERS
from agent.intents import Language
from agent.wording import phrase
from api.turns.watching import Step

Card = dict[str, Any]
APPROVE, DENY = "approve", "deny"
HELPED, HELPED_NOT = "helped", "helped_not"
# A card has about 30 KB at most, and its JSON escapes lines and quotes.
TEXT_BYTES = 20_000
SHOWN_STEPS, STEP_CHARACTERS, WHAT_CHARACTERS = 20, 160, 300
TAG = re.compile(r"<(?=/?\s*(?:at|person)\b)", re.IGNORECASE)
MARKS = {"started": "⏳", "ok": "✅", "failed": "❌"}


def card(*elements: Card) -> Card:
    """`update_multi`: everybody sees it change, not only who pressed."""
    return {"schema": "2.0", "config": {"update_multi": True}, "body": {"elements": elements}}


def markdown(text: str) -> Card:
    return {"tag": "markdown", "content": text}


def working_card(steps: Iterable[Step], language: Language) -> Card:
    """What is being done, as long as it is."""
    shown = list(steps)[-SHOWN_STEPS:]
    lines = [f"{MARKS[one.status]} {plain(one.text)[:STEP_CHARACTERS]}" for one in shown]
    return card(markdown("\n".join(lines) or f"⏳ {phrase('bots.working', language)}"))


def approval_card(asked: Mapping[str, Any], where: Mapping[str, str], language: Language) -> Card:
    """Yes, and a no with its reason, to one change; at high risk its name is typed into the card.

    `where` comes back.
    """
    what = f"{asked['tool']} {asked['objects']}"[:WHAT_CHARACTERS]
    carried = {**where, "id": asked["id"], "language": language, "what": what}
    yes = _button("bots.approve", {**carried, "do": APPROVE}, language, "primary")
    no = _button("bots.deny", {**carried, "do": DENY}, language, "danger")
    denying = _form("denying", no, phrase("bots.deny_label", language), "reason", required=False)
    if not asked["typed"]:
        yes["confirm"] = {
            "title": _text(phrase("bots.sure", language)),
            "text": _text(what),
        }
        return card(markdown(plain(what)), yes, denying)
    label = phrase("bots.type_label", language, wanted=asked["typed"])
    typing = _form("typing", yes, label, "typed", required=True)
    return card(markdown(f"{plain(what)}\n{plain(label)}"), typing, denying)


def decided_card(what: str, said: str) -> Card:
    """Who decided, in place of the buttons. `said` is Markdown."""
    return card(markdown(f"{plain(what)}\n{said}"))


def answer_card(
    text: str, language: Language = "en", asked: Mapping[str, str] | None = None
) -> Card:
    """A whole answer; no tag in what it cites names or calls anybody. `asked` comes back with a thumb."""
    shown = markdown(TAG.sub("&#60;", text))
    if not asked:
        return card(shown)
    carried = {**asked, "id": asked["run"], "language": language}
    thumbs = [
        _button(f"bots.{do}", {**carried, "do": do}, language, "default")
        for do in (HELPED, HELPED_NOT)
    ]
    return card(shown, _row(*thumbs))


def person(open_id: str) -> str:
    """Somebody's name, which Feishu puts there."""
    return f"<at id={open_id}></at>"


def plain(text: str) -> str:
    """Text that Feishu reads no tag in, so that no name of a thing calls everybody."""
    return text.replace("&", "&#38;").replace("<", "&#60;").replace(">", "&#62;")


def _form(name: str, button: Card, label: str, field: str, *, required: bool) -> Card:
    """One field, sent with the press of its button; names are unique in a card."""
    typed: Card = {"tag": "input", "name": field, "required": required}
    typed["placeholder"] = _text(label)
    if not required:
        typed["max_length"] = REASON_CHARACTERS
    sends = {**button, "name": f"{name}_sent", "form_action_type": "submit"}
    return {"tag": "form", "name": name, "elements": [typed, sends]}


def _row(*buttons: Card) -> Card:
    columns = [{"tag": "column", "width": "auto", "elements": [one]} for one in buttons]
    return {"tag": "column_set", "columns": columns}


def _button(label: str, value: Mapping[str, Any], language: Language, kind: str) -> Card:
    behaviors = [{"type": "callback", "value": value}]
    text = _text(phrase(label, language))
    return {"tag": "button", "text": text, "type": kind, "behaviors": behaviors}


def _text(text: str) -> Card:
    return {"tag": "plain_text", "content": text}
