"""Buttons and forms as Slack draws them."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from agent.approvals import REASON_CHARACTERS
from agent.intents import Language
from agent.wording import phrase

Block = dict[str, Any]


def approval_blocks(
    asked: Mapping[str, Any], language: Language, *, approve: str, deny: str
) -> list[Block]:
    """Yes and no to one change. At high risk the name is typed in a form behind the button."""
    value = {"id": asked["id"], "typed": asked["typed"], "language": language}
    told = orjson.dumps(value).decode()
    yes: Block = {
        **_button(phrase("bots.approve", language), approve, told),
        "style": "primary",
    }
    if not asked["typed"]:
        yes["confirm"] = {
            "title": _text(phrase("bots.sure", language)),
            "text": _text(f"{asked['tool']} {asked['objects']}"[:300]),
            "confirm": _text(phrase("bots.approve", language)),
            "deny": _text(phrase("bots.deny", language)),
        }
    no: Block = {**_button(phrase("bots.deny", language), deny, told), "style": "danger"}
    return [{"type": "actions", "block_id": asked["id"], "elements": [yes, no]}]


def feedback_blocks(action: str, run_id: str, root: str, language: Language) -> list[Block]:
    """Thumbs under an answer."""

    def thumb(label: str, helpful: bool) -> Block:
        told = {"run": run_id, "root": root, "helpful": helpful, "language": language}
        return {"text": _text(phrase(label, language)), "value": orjson.dumps(told).decode()}

    element: Block = {
        "type": "feedback_buttons",
        "action_id": action,
        "positive_button": thumb("bots.helped", helpful=True),
        "negative_button": thumb("bots.helped_not", helpful=False),
    }
    return [{"type": "context_actions", "elements": [element]}]


def decided_blocks(blocks: Sequence[Block], line: str) -> list[Block]:
    """The message as it was, with who decided in place of the buttons."""
    kept = [one for one in blocks if one.get("type") != "actions"]
    return [*kept, {"type": "context", "elements": [{"type": "mrkdwn", "text": line}]}]


def typed_view(callback: str, told: str, wanted: str, language: Language) -> Block:
    """The form in which the name that confirms a high risk is typed."""
    label = phrase("bots.type_label", language, wanted=wanted)
    return _view(callback, told, ("bots.type_title", "bots.approve"), _field(label), language)


def why_not_view(callback: str, told: str, language: Language) -> Block:
    """The form that says no, with why if somebody likes to say so."""
    field = _field(phrase("bots.deny_label", language))
    field["optional"] = True
    field["element"] |= {"multiline": True, "max_length": REASON_CHARACTERS}
    return _view(callback, told, ("bots.deny_title", "bots.deny"), field, language)


def escaped(text: str) -> str:
    """Text that Slack reads no mention or link in."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _view(
    callback: str, told: str, words: tuple[str, str], field: Block, language: Language
) -> Block:
    """`words`: what names the form, and what sends it."""
    title, submit = (_text(phrase(one, language)) for one in words)
    form = {"type": "modal", "callback_id": callback, "private_metadata": told}
    return {**form, "title": title, "submit": submit, "blocks": [field]}


def _field(label: str) -> Block:
    element: Block = {"type": "plain_text_input", "action_id": "typed"}
    return {"type": "input", "block_id": "typed", "label": _text(label), "element": element}


def _button(label: str, action: str, value: str) -> Block:
    return {"type": "button", "text": _text(label), "action_id": action, "value": value}


def _text(text: str) -> Block:
    return {"type": "plain_text", "text": text}
