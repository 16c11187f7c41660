"""Pure: the calls for budgets: shown, tried out, and set, changed or removed once a person said yes."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from agent.asked import Asked
from agent.naming import could_be_name
from agent.raising import is_raised, raised
from agent.steps import Step
from agent.toolbox import Result

BUDGETS, PREVIEW = "budgets_list", "budgets_preview"
ADD, CHANGE, REMOVE = "budgets_add", "budgets_change", "budgets_remove"
CHANGING = (PREVIEW, ADD, CHANGE, REMOVE)

SETTING = re.compile(
    r"\b(?:set|create|add|make|define|establish|change|adjust|raise|increase|lower|reduce|cut|give)\b"
    r"|设|建|制定|定[个一]|调|改|提高|降|上调|下调|加一?个|来个"
)
REMOVING = re.compile(r"\b(?:remove|delete|drop|cancel)\b|删|取消|移除|撤销|去掉")
# What is only considered: it is tried out, and nobody is asked to say yes.
CONSIDERED = re.compile(
    r"\b(?:what if|if we|if i|would|suppose|enough)\b|如果|假如|要是|够不够|够吗|会不会"
)
PERIODS = {
    "quarter": re.compile(r"\bquarter(?:ly)?\b|季度|每季"),
    "year": re.compile(r"\b(?:year(?:ly)?|annual(?:ly)?)\b|每年|年度|全年|一年"),
    "month": re.compile(r"\bmonth(?:ly)?\b|每月|月度|月预算|一个月"),
}
WHOLE = re.compile(r"\b(?:cluster|everything|overall|total|whole)\b|集群|整体|全部|总预算|总体")
OF_MODELS = re.compile(
    r"\b(?:llms?|(?:language |ai )?models?|tokens?)\b(?!\s*-)|大模型|语言模型|模型|token"
)
LABELS = {
    "project": re.compile(r"\bproject\s+([a-z0-9][\w.-]*)|([\w.-]+)\s*项目|项目\s*([\w.-]+)"),
    "department": re.compile(r"\bdepartment\s+([a-z0-9][\w.-]*)|([\w.-]+)\s*部门|部门\s*([\w.-]+)"),
    "environment": re.compile(
        r"\benv(?:ironment)?\s+([a-z0-9][\w.-]*)|([\w.-]+)\s*环境|环境\s*([\w.-]+)"
    ),
}
TOLD = re.compile(
    r"(?:\b(?:tell|notify|inform|alert|message|ping|warn)\s+(?:the\s+)?(?:channel\s+)?"
    r"|(?:通知|告诉|告知|提醒|发给|发到|知会)\s*(?:渠道)?\s*)[#@]?([a-z0-9][\w.:-]*)"
)
NOBODY = frozenset(("me", "us", "when", "if", "once", "them", "you", "at", "about"))
EVERYBODY = frozenset(("everyone", "everybody", "all"))
PERCENT = re.compile(r"(\d{1,3})\s*%")
# Of "from 500 to 800" the second is meant.
FROM_TO = re.compile(
    r"(?:\bfrom\b|从).*?(?:\bto\b|到|至|为|成)\s*[$€£¥￥]?\s*(\d[\d,]*(?:\.\d+)?)\s*(k\b|万)?"
)


def budgets(asked: Asked, results: Sequence[Result]) -> list[Step]:
    """All of them, as which one is meant is found in their names and scopes; then what was wanted."""
    listed = [one for one in results if one.tool == BUDGETS]
    if not listed:
        return [Step(BUDGETS, {"language": asked.language})]
    if not listed[-1].ok:
        return []
    rows = listed[-1].data["rows"]
    if removes(asked):
        meant = of_scope(asked, rows)
        return [Step(REMOVE, {"name": meant[0]["name"]})] if len(meant) == 1 else []
    return _setting(asked, rows, results) if sets(asked) else []


def sets(asked: Asked) -> bool:
    words = asked.question.lower()
    told = "amount" in asked.arguments or is_raised(words)
    return told and bool(SETTING.search(words) or CONSIDERED.search(words) or is_raised(words))


def removes(asked: Asked) -> bool:
    words = asked.question.lower()
    return "amount" not in asked.arguments and bool(REMOVING.search(words))


def of_scope(asked: Asked, rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The budgets of just what was named, else the one that is called so, else those of what is
    called so: "otter's budget" is a namespace's only where one has a budget."""
    scope, place = scope_text(scope_named(asked)), _place(asked)
    guessed = place if place != asked.sure_namespace else ""
    exact = [row for row in rows if row["scope"] == scope]
    called = [row for row in rows if row["name"] == place]
    kept = [row for row in rows if guessed and re.split("[/=]", row["scope"])[-1] == guessed]
    return exact or called or kept


def scope_named(asked: Asked) -> Mapping[str, str]:
    """What is to have a budget, as the tools take it; nothing when nothing was named."""
    words = asked.question.lower()
    team = str(asked.arguments.get("team", ""))
    of_team = {"label": f"team={team}"} if team else {}
    if OF_MODELS.search(words):
        return {"spend": "models", **of_team}
    if of_team:
        return of_team
    for key, pattern in LABELS.items():
        found = pattern.search(words)
        value = next((one for one in found.groups() if one), "") if found else ""
        if value and (could_be_name(value) or not value.isascii()):
            return {"label": f"{key}={value}"}
    if _place(asked):
        return {"namespace": _place(asked)}
    return {"namespace": ""} if WHOLE.search(words) else {}


def _place(asked: Asked) -> str:
    """The namespace that was named: a bare name after "tell" is whom to tell."""
    is_told = asked.namespace in _channels(asked) and asked.namespace != asked.sure_namespace
    return "" if is_told else asked.namespace


def scope_text(scope: Mapping[str, str]) -> str:
    """As lists of budgets tell it."""
    if not scope:
        return ""
    parts = ["models"] if scope.get("spend") else []
    parts += [f"namespace/{scope['namespace']}"] if scope.get("namespace") else []
    parts += [scope["label"]] if scope.get("label") else []
    return " ".join(parts) or "cluster"


def _setting(
    asked: Asked, rows: Sequence[Mapping[str, Any]], results: Sequence[Result]
) -> list[Step]:
    """Tried out first; done only when that held, and was not merely considered."""
    scope, meant = scope_named(asked), of_scope(asked, rows)
    amount = _amount(asked, meant)
    if not amount or (not meant and not scope):
        return []
    tried = [one for one in results if one.tool == PREVIEW]
    name = str(meant[0]["name"]) if meant else _name(scope, rows)
    channels = _channels(asked)
    if tried and not tried[-1].ok and len(tried) == 1 and "channel" in tried[-1].text:
        channels = [f"tag:{one}" for one in channels if ":" not in one and one != "*"]
        if not channels:
            return []
    elif tried and tried[-1].ok:
        channels = tried[-1].arguments.get("channels", [])
    wanted = {
        "name": name,
        "amount": amount,
        "period": _period(asked),
        "channels": channels or None,
        "language": asked.language,
    }
    fresh = {**scope, "currency": asked.arguments.get("currency", "")}
    if not tried or (not tried[-1].ok and len(tried) == 1):
        return [Step(PREVIEW, {**wanted, **fresh})]
    if not tried[-1].ok or CONSIDERED.search(asked.question.lower()):
        return []
    raises = is_raised(asked.question.lower())
    shares = sorted({int(one) for one in PERCENT.findall(asked.question)})
    wanted["thresholds"] = None if raises else shares or None
    return [Step(CHANGE, wanted)] if meant else [Step(ADD, {**wanted, **fresh})]


def _name(scope: Mapping[str, str], rows: Sequence[Mapping[str, Any]]) -> str:
    """Of what it is for; with a number when that name is another budget's."""
    label = scope.get("label", "").partition("=")[2] if scope.get("label") else ""
    named = label or scope.get("namespace", "") or ("" if scope.get("spend") else "cluster")
    parts = [named, "models" if scope.get("spend") else ""]
    plain = re.sub(r"[^a-z0-9_.-]", "", "-".join(one for one in parts if one).lower())
    base = plain.lstrip("_.-")[:90] or "budget"
    taken = {row["name"] for row in rows}
    return next(one for one in (base, *(f"{base}-{i}" for i in range(2, 99))) if one not in taken)


def _amount(asked: Asked, meant: Sequence[Mapping[str, Any]]) -> str:
    """What the budget shall be; "" where it shall be more or less than one that is not known."""
    words = asked.question.lower()
    if is_raised(words):
        now = meant[0].get("amount") if meant else None
        amount = raised(words, float(now)) if now is not None else None
        return _written(amount) if amount is not None and amount >= 0 else ""
    found = FROM_TO.search(words)
    amount = float(asked.arguments["amount"])
    if found:
        times = {"k": 1_000, "万": 10_000}.get(found[2] or "", 1)
        amount = float(found[1].replace(",", "")) * times
    return _written(amount)


def _written(amount: float) -> str:
    return f"{amount:.6f}".rstrip("0").rstrip(".")


def _period(asked: Asked) -> str:
    words = asked.question.lower()
    return next((name for name, pattern in PERIODS.items() if pattern.search(words)), "")


def _channels(asked: Asked) -> list[str]:
    found = (match[1].rstrip(".") for match in TOLD.finditer(asked.question.lower()))
    named = [one for one in found if one not in NOBODY and not one.isdigit()]
    return ["*" if one in EVERYBODY else one for one in dict.fromkeys(named)]
