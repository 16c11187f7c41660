"""Pure: the calls for questions about alerts, silences, rules and who was told."""

import re
from collections.abc import Collection, Mapping, Sequence
from typing import Any

from agent import durations
from agent.asked import Asked
from agent.planning_care import is_switched, is_taken, is_tried, switch_channel, take, try_channel
from agent.silence_places import MANAGERS, in_place, tried_elsewhere
from agent.silence_times import length, period
from agent.steps import Step
from agent.toolbox import Result
from core.clock import utc_now

FIRING, RULES = "prometheus_alerts", "prometheus_rules"
RECEIVED, QUALITY, SHOW = "alerting_list", "alerting_quality", "alerting_show"
ANALYSES = "alerting_list_analyses"
PATROLS, PATROL_REPORT = "alerting_list_patrols", "alerting_patrol_report"
WATCHES = "alerting_list_watches"
LINT = "alerting_lint_rules"
CONFIGS, TARGETS = "alerting_list_manager_configs", "alerting_list_rule_targets"
FLAGS = "alerting_list_flags"
OBJECTS = "alerting_list_rule_objects"
SUGGEST = "alerting_suggest_from_words"
RULE_FILES, BACK_TEST = "alerting_list_rule_files", "alerting_back_test_rules"
SILENCES, PREVIEW = "alerting_list_silences", "alerting_preview_silence"
SET, EXPIRE = "alerting_create_silence", "alerting_expire_silence"
CHANNELS, HEALTH, DELIVERIES = "channels_list", "channels_health", "channels_deliveries"

NOISY = (
    "nois",
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
    *("woken", "woke", "rang", "called"),
    *(
        "被叫醒",
        "叫醒了",
        "谁被",
        "通知了谁",
        "通知了哪",
        "发给",
        "发送记录",
        "呼叫了",
        "呼了",
        "page 了",
        "page 过",
        "送达",
        "被通知",
        "收到通知",
    ),
)
# Whom somebody would be told by: nobody has been yet.
TO_COME = re.compile(
    r"\bwho(?:'ll|\s(?:gets?|is|are|will|would|should|shall))\b(?!.*\b(?:last|yesterday|been|so\sfar)\b)|会(?:被)?(?:通知|叫|告诉|呼)|该通知"
)
ANALYSED = (
    *("analys", "analyz", "looked into", "investigations of", "causes of the alerts"),
    *("cause was found", "cause did", "found out about"),
    *("分析", "查出", "查明", "告警的原因", "告警原因"),
)
UNTOLD = (
    *("not told", "nobody was told", "told to nobody", "told nobody", "nobody heard", "unheard", "not notified"),
    *("没有通知到", "没通知到", "未通知", "没有通知任何人", "无人得知", "没人收到", "没有人收到"),
)  # fmt: skip
PATROLLED = ("patrol", "巡检")
CONFIGURED = ("config", "配置")
SWITCHED = ("smart function", "feature flag", "智能功能", "功能开关")
MEMBERS = ("cluster", "member", "node", "集群", "成员", "节点")
SYNCED = ("in step", "in sync", "out of sync", "out of step", "synced", "drift", "同步", "漂移")
PLACED = (
    "prometheusrule",
    "rule object",
    "rules in the cluster",
    "规则对象",
    "集群里的规则",
    "集群中的规则",
)
SUGGESTED = ("suggest", "recommend", "propose", "threshold", "slo", "burn", "推荐", "建议", "阈值")
PROPOSED = ("suggest", "recommend", "propose", "建议", "推荐")
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
    # Where there are several, a silence is for one of them.
    (("silenc", "mute", "snooz", "maintenance", "静默", "静音", "屏蔽", "维护"), "list_alertmanagers"),
    (("alertmanager", *CONFIGURED), "manager_config"),
    (SUGGESTED, "suggest_"),
    ((*SYNCED, "target", "prometheus", "目标"), "rule_target"),
    ((*PLACED, *SYNCED, "namespace", "命名空间"), "rule_object"),
    (PLACED, "rule_placement"),
    ((*SWITCHED, "flag", "shadow", "held back", "evaluat", "wrong cause", "right cause", "开关", "智能", "评测"), "flag"),
    (("right", "wrong", "rate", "对", "错"), "rate_analysis"),
    ((*SWITCHED, "evaluat", "评测"), "record_evaluation"),
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
NODE_NAME = re.compile(r"(?:node|worker|master|ip)-?\d")
# Words that name what alerts are about, and the part of alert names they stand for.
SUBJECTS = {"disk": "disk", "磁盘": "disk", "memory": "memory", "内存": "memory", "cpu": "cpu"}


def alerts(asked: Asked, results: Sequence[Result]) -> list[Step]:
    """What fires now; or what came in before; or which alerts are worth having; or that one is taken care of."""
    if is_taken(asked):
        return take(asked, results)
    if beside := _beside(asked):
        return [beside]
    if _any(asked, NOISY):
        return [Step(QUALITY)]
    if _any(asked, UNTOLD):
        return [Step(RECEIVED, {"status": "unheard", "namespace": asked.namespace})]
    if _any(asked, PAST):
        window = asked.window or "PT24H"
        named = asked.arguments.get("alert", "")
        return [Step(RECEIVED, {"window": window, "namespace": asked.namespace, "name": named})]
    return [Step(FIRING, {"namespace": asked.namespace})]


def _beside(asked: Asked) -> Step | None:
    """What belongs to alerts and is none: a suggestion, what Midwatch minds, patrols, analyses."""
    if _any(asked, PROPOSED):
        return Step(SUGGEST, {"words": asked.question[:500]})
    if minded := _minded(asked):
        return Step(minded)
    if _any(asked, PATROLLED):
        listed = _any(asked, LISTED) and not _any(asked, ("report", "报告", "结果", "result"))
        return Step(PATROLS) if listed else Step(PATROL_REPORT, {"language": asked.language})
    return Step(ANALYSES, {"language": asked.language}) if _any(asked, ANALYSED) else None


def _minded(asked: Asked) -> str:
    """The list of what Midwatch minds beside alerts; "" when the question is about none of it."""
    if _any(asked, WATCHED):
        return WATCHES
    if _any(asked, SWITCHED):
        return FLAGS
    if not _any(asked, ("alertmanager",)):
        return ""
    if _any(asked, CONFIGURED):
        return CONFIGS
    return MANAGERS if _any(asked, (*WORKING, *MEMBERS)) else ""


def silences(asked: Asked, results: Sequence[Result]) -> list[Step]:
    """Those there are; or one that is tried out, and set only when nothing speaks against it."""
    if _any(asked, LISTED) or _any(asked, ENDED):
        return _ended(asked, results)
    seen = [one for one in results if one.tool in (FIRING, RECEIVED)]
    if not asked.arguments.get("alert") and (step := _look(asked, seen)):
        return [step]
    matchers = matchers_for(asked, seen)
    if not matchers:
        return [Step(SILENCES)]
    now, comment = utc_now(), asked.question[:200]
    lasts = period(asked.question, now) or {"duration": length(asked, now)}
    wanted = {"matchers": matchers, "comment": comment, **lasts}
    tried = [one for one in results if one.tool == PREVIEW]
    if not tried:
        return [Step(PREVIEW, wanted)]
    if not tried[-1].ok:
        return tried_elsewhere(asked, results, Step(PREVIEW, wanted))
    if tried[-1].data.get("objections"):
        return []
    place = str(tried[-1].arguments.get("am_cluster", ""))
    return [Step(SET, in_place(wanted, place) if place else wanted)]


def _look(asked: Asked, seen: Sequence[Result]) -> Step | None:
    """What is still to be looked at to know what is meant: what fires, then what came in by other ways."""
    if not seen:
        return Step(FIRING, {"namespace": asked.namespace})
    if _meant(asked, _rows(seen)) or any(one.tool == RECEIVED for one in seen):
        return None
    return Step(RECEIVED, {"window": "PT24H", "namespace": asked.namespace})


def _rows(results: Sequence[Result]) -> list[Mapping[str, Any]]:
    return [row for one in results if one.ok for row in one.data.get("rows") or ()]


def _meant(asked: Asked, rows: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Of what fires, what is about the object that was named, and of the kind that was named."""
    words = {part for word, part in SUBJECTS.items() if word in asked.question.lower()}
    return [
        row
        for row in rows
        if row.get("status") != "resolved"
        and (not asked.name or asked.name in row["labels"].values())
        and (not words or any(one in row["name"].lower() for one in words))
    ]


def rules(asked: Asked, _: Sequence[Result]) -> list[Step]:
    if _any(asked, PROPOSED) and not _any(asked, (*BACK_TESTED, *NOISY)):
        return [Step(SUGGEST, {"words": asked.question[:500]})]
    if _any(asked, BACK_TESTED):
        named = asked.arguments.get("alert", "")
        return [Step(BACK_TEST, {"rule": named, "window": asked.window or "P7D"})]
    if _any(asked, PLACED):
        return [Step(OBJECTS)]
    if _any(asked, SYNCED):
        return [Step(TARGETS)]
    if _any(asked, STORED):
        return [Step(RULE_FILES)]
    if _any(asked, LINTED):
        return [Step(LINT, {"language": asked.language})]
    if _any(asked, NOISY):
        return [Step(QUALITY)]
    return [Step(RULES, {"name": asked.arguments.get("alert", "")})]


def channels(asked: Asked, results: Sequence[Result]) -> list[Step]:
    """Who was told of what; or how well channels work; or which there are, and so who will be told; or that
    one is tried or switched."""
    if is_tried(asked):
        return try_channel(asked, results)
    if is_switched(asked) is not None:
        return switch_channel(asked, results)
    if _any(asked, TOLD) and not TO_COME.search(asked.said):
        past = asked.window or durations.window(asked.said)
        return [Step(DELIVERIES, {"window": past} if past else {})]
    return [Step(HEALTH if _any(asked, WORKING) else CHANNELS)]


def matchers_for(asked: Asked, firing: Sequence[Result]) -> list[str]:
    """Matchers of what was named: the alert by its name, the object by the label that holds it."""
    rows = _rows(firing)
    found: dict[str, str] = {}
    if named := str(asked.arguments.get("alert", "")):
        found["alertname"] = named
    if asked.namespace:
        found["namespace"] = asked.namespace
    if asked.name:
        found[_label(asked, rows)] = asked.name
    if severity := str(asked.arguments.get("severity", "")):
        found["severity"] = severity
    alike = [] if named else _alike(asked, rows)
    return [*alike, *(f'{name}="{value}"' for name, value in found.items())]


def _alike(asked: Asked, rows: Sequence[Mapping[str, Any]]) -> list[str]:
    """The alerts of what fires that a word such as "disk" stands for, as one matcher; where none of them fires,
    those with that word in their names. A pattern alone is too wide a silence: it takes what they are about, too."""
    words = {part for word, part in SUBJECTS.items() if word in asked.question.lower()}
    if not words:
        return []
    names = sorted({str(row["name"]) for row in _meant(asked, rows)})
    if len(names) == 1:
        return [f'alertname="{names[0]}"']
    if not (asked.name or asked.namespace):
        return []
    told = "|".join(map(re.escape, names)) or f".*({'|'.join(map(_spelt, sorted(words)))}).*"
    return [f'alertname=~"{told}"']


def _spelt(word: str) -> str:
    """As it may stand in a name, for a matcher that tells cases apart."""
    return f"[{word[0].upper()}{word[0]}]{word[1:]}|{word.upper()}"


def _label(asked: Asked, rows: Sequence[Mapping[str, Any]]) -> str:
    for row in rows:
        for label, value in row["labels"].items():
            if value == asked.name:
                return str(label)
    if NODE_NAME.match(asked.name):
        return "node"
    return LABELS.get(asked.kind_of_many, "service")


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
    if len(rows) != 1:
        return []
    place = {"am_cluster": rows[0]["cluster"]} if rows[0].get("cluster") else {}
    return [Step(EXPIRE, {"silence_id": rows[0]["id"], **place})]


def _any(asked: Asked, words: Sequence[str]) -> bool:
    return any(word in asked.said for word in words)


def spoken_of(asked: Asked, on_demand: Collection[str]) -> set[str]:
    """Which of the tools that are offered on demand a question is about."""
    # A bare name in reply to "which channel?" says nothing of channels.
    said = f"{asked.question} {asked.intent}".lower() if asked.is_half else asked.question.lower()
    parts = [part for words, part in SPOKEN_OF if any(word in said for word in words)]
    return {name for name in on_demand if any(part in name for part in parts)}
