"""Pure: the calls for questions about alerts, silences, rules and who was told."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Any

from agent.asked import Asked
from agent.steps import Step
from agent.toolbox import Result
from core.clock import utc_now

FIRING, RULES = "prometheus_alerts", "prometheus_rules"
RECEIVED, QUALITY, SHOW = "alerting_list", "alerting_quality", "alerting_show"
ANALYSES = "alerting_list_analyses"
PATROLS, PATROL_REPORT = "alerting_list_patrols", "alerting_patrol_report"
WATCHES = "alerting_list_watches"
LINT = "alerting_lint_rules"
MANAGERS = "alerting_list_alertmanagers"
RULE_FILES, BACK_TEST = "alerting_list_rule_files", "alerting_back_test_rules"
SILENCES, PREVIEW = "alerting_list_silences", "alerting_preview_silence"
SET, EXPIRE = "alerting_create_silence", "alerting_expire_silence"
CHANNELS, HEALTH, DELIVERIES = "channels_list", "channels_health", "channels_deliveries"

NOISY = (
    "noisy",
    "noise",
    "flap",
    "useless",
    "too many",
    "吵",
    "噪音",
    "噪声",
    "太多",
    "抖动",
    "质量",
)
PAST = (
    *("received", "history", "last night", "yesterday", "came in", "went off", "record"),
    *("收到", "历史", "昨晚", "昨天", "处理记录", "触发过"),
)
TOLD = (
    *("who was", "who got", "who has been", "paged", "notified", "delivered", "sent", "told"),
    *("谁被", "通知了谁", "通知了哪", "发给", "发送记录", "呼叫了", "送达", "被通知", "收到通知"),
)
ANALYSED = (
    *("analys", "analyz", "looked into", "investigations of", "causes of the alerts"),
    *("cause was found", "cause did", "found out about"),
    *("分析", "查出", "查明", "告警的原因", "告警原因"),
)
PATROLLED = ("patrol", "巡检")
WATCHED = ("usage watch", "watches", "用量监视", "监视规则", "用量告警")
BACK_TESTED = (
    "back-test",
    "backtest",
    "back test",
    "would have fired",
    "回测",
    "本会触发",
    "会触发几次",
    "会触发多少次",
)
STORED = ("rule file", "stored rule", "versions of the rules", "规则文件", "保存的规则", "规则版本")
# What a question that is about these is offered beside the tools of every day, by part of their names.
SPOKEN_OF: tuple[tuple[tuple[str, ...], str], ...] = (
    (PATROLLED, "patrol"),
    ((*ANALYSED, "analys", "investigat", "分析"), "_analys"),
    (("alertmanager",), "alertmanagers"),
    ((*STORED, "rule", "规则"), "rule_file"),
    ((*BACK_TESTED, "noisy", "rule", "规则"), "back_test"),
    ((*WATCHED, "usage", "model", "watch", "用量", "模型"), "watch"),
    (("policy", "policies", "route", "routing", "escalat", "inhibit", "策略", "路由", "升级"), "polic"),
    (("policy", "policies", "dry run", "would have", "策略", "试运行"), "dry_run"),
    (("channel", "notif", "deliver", "slack", "mail", "ding", "feishu", "渠道", "通知", "送达", "飞书", "钉钉"), "channels_"),
)  # fmt: skip
LINTED = (
    *(
        "lint",
        "mistakes in",
        "errors in the",
        "wrong with the alert rules",
        "wrong with our alert rules",
    ),
    *("check the alert rules", "check our alert rules", "check the rules"),
    *("检查告警规则", "检查规则", "规则有没有", "规则有什么问题", "规则写得", "规则里的错误"),
)
WORKING = (
    *("work", "health", "fail", "broken", "success", "reliab", "latency"),
    *("正常", "健康", "失败", "成功率", "可用", "延迟"),
)
LISTED = (
    *("list", "show", "which silences", "what silences", "are there", "active silences"),
    *("列出", "查看", "有哪些", "哪些", "有没有", "当前"),
)
ENDED = (
    *(
        "expire",
        "unsilence",
        "unmute",
        "end the silence",
        "remove the silence",
        "delete the silence",
    ),
    *("lift", "cancel", "解除", "取消", "结束", "删除静默", "移除"),
)
# The label that an object of a kind is named by.
LABELS = {"Node": "node", "Pod": "pod", "Service": "service", "Deployment": "deployment"}
USUAL_LENGTH = "PT2H"
# Words that name what alerts are about, and the part of alert names they stand for.
SUBJECTS = {"disk": "disk", "磁盘": "disk", "memory": "memory", "内存": "memory", "cpu": "cpu"}


def alerts(asked: Asked, _: Sequence[Result]) -> list[Step]:
    """What fires now; or what came in before; or which alerts are worth having."""
    if _any(asked, WATCHED):
        return [Step(WATCHES)]
    if _any(asked, ("alertmanager",)) and _any(
        asked, (*WORKING, "cluster", "member", "集群", "成员")
    ):
        return [Step(MANAGERS)]
    if _any(asked, PATROLLED):
        listed = _any(asked, LISTED) and not _any(asked, ("report", "报告", "结果", "result"))
        return [Step(PATROLS) if listed else Step(PATROL_REPORT, {"language": asked.language})]
    if _any(asked, ANALYSED):
        return [Step(ANALYSES, {"language": asked.language})]
    if _any(asked, NOISY):
        return [Step(QUALITY)]
    if _any(asked, PAST):
        window = asked.window or "PT24H"
        named = asked.arguments.get("alert", "")
        return [Step(RECEIVED, {"window": window, "namespace": asked.namespace, "name": named})]
    return [Step(FIRING, {"namespace": asked.namespace})]


def silences(asked: Asked, results: Sequence[Result]) -> list[Step]:
    """Those there are; or one that is tried out, and set only when nothing speaks against it."""
    if _any(asked, LISTED) or _any(asked, ENDED):
        return _ended(asked, results)
    firing = [one for one in results if one.tool == FIRING]
    if not firing and not asked.arguments.get("alert"):
        return [Step(FIRING, {"namespace": asked.namespace})]
    matchers = matchers_for(asked, firing)
    if not matchers:
        return [Step(SILENCES)]
    wanted = {"matchers": matchers, "duration": _length(asked), "comment": asked.question[:200]}
    tried = [one for one in results if one.tool == PREVIEW]
    if not tried:
        return [Step(PREVIEW, wanted)]
    if not tried[0].ok or tried[0].data.get("objections"):
        return []
    return [Step(SET, wanted)]


def rules(asked: Asked, _: Sequence[Result]) -> list[Step]:
    if _any(asked, BACK_TESTED):
        named = asked.arguments.get("alert", "")
        return [Step(BACK_TEST, {"rule": named, "window": asked.window or "P7D"})]
    if _any(asked, STORED):
        return [Step(RULE_FILES)]
    if _any(asked, LINTED):
        return [Step(LINT, {"language": asked.language})]
    if _any(asked, NOISY):
        return [Step(QUALITY)]
    return [Step(RULES, {"name": asked.arguments.get("alert", "")})]


def channels(asked: Asked, _: Sequence[Result]) -> list[Step]:
    """Who was told of what; or how well channels work; or which there are."""
    if _any(asked, TOLD):
        return [Step(DELIVERIES)]
    return [Step(HEALTH if _any(asked, WORKING) else CHANNELS)]


def matchers_for(asked: Asked, firing: Sequence[Result]) -> list[str]:
    """Matchers of what was named: the alert by its name, the object by the label that holds it."""
    rows = [row for one in firing if one.ok for row in one.data.get("rows") or ()]
    found: dict[str, str] = {}
    named = str(asked.arguments.get("alert", "")) or _subject(asked, rows)
    if named:
        found["alertname"] = named
    if asked.namespace:
        found["namespace"] = asked.namespace
    if asked.name:
        found[_label(asked, rows)] = asked.name
    if severity := str(asked.arguments.get("severity", "")):
        found["severity"] = severity
    return [f'{name}="{value}"' for name, value in found.items()]


def _subject(asked: Asked, rows: Sequence[Mapping[str, Any]]) -> str:
    """The one alert of what fires that a word such as "disk" stands for; "" when there are several."""
    words = {part for word, part in SUBJECTS.items() if word in asked.question.lower()}
    names = {str(row["name"]) for row in rows if any(one in row["name"].lower() for one in words)}
    return names.pop() if len(names) == 1 else ""


def _label(asked: Asked, rows: Sequence[Mapping[str, Any]]) -> str:
    for row in rows:
        for label, value in row["labels"].items():
            if value == asked.name:
                return str(label)
    return LABELS.get(asked.kind_of_many, "service")


def _length(asked: Asked) -> str:
    """As long as was said: for so long, or until a time of day (UTC)."""
    if said := str(asked.arguments.get("duration", "")):
        return said
    at = str(asked.arguments.get("at", ""))
    if not at:
        return USUAL_LENGTH
    now = utc_now()
    hour, minute = map(int, at.split(":"))
    until = now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    until += timedelta(days=until <= now)
    return f"PT{max(1, round((until - now).total_seconds() / 60))}M"


def _ended(asked: Asked, results: Sequence[Result]) -> list[Step]:
    """The list; and where one is to be ended and only one can be meant, its end."""
    listed = [one for one in results if one.tool == SILENCES]
    if not listed:
        return [Step(SILENCES, {"state": "active"} if _any(asked, ENDED) else {})]
    if not _any(asked, ENDED) or not listed[0].ok:
        return []
    named = [asked.name, asked.namespace, str(asked.arguments.get("alert", ""))]
    rows = [
        row
        for row in listed[0].data.get("rows") or ()
        if all(f'"{one}"' in " ".join(row["matchers"]) for one in named if one)
    ]
    return [Step(EXPIRE, {"silence_id": rows[0]["id"]})] if len(rows) == 1 else []


def _any(asked: Asked, words: Sequence[str]) -> bool:
    return any(word in asked.question.lower() for word in words)


def spoken_of(asked: Asked, on_demand: Collection[str]) -> set[str]:
    """Which of the tools that are offered on demand a question is about."""
    said = asked.question.lower()
    parts = [part for words, part in SPOKEN_OF if any(word in said for word in words)]
    return {name for name in on_demand if any(part in name for part in parts)}
