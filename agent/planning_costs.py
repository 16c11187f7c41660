"""Pure: the calls for questions about money: what was spent, on what."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from agent.asked import Asked
from agent.calendar_periods import period_told
from agent.moments import length_to
from agent.naming import NAME, could_be_name
from agent.planning_budgets import OF_MODELS, budgets, scope_named
from agent.room import pods_to_come
from agent.steps import Step
from agent.toolbox import Result
from core.errors import NotFound

SPEND = "budgets_spend"
LOAD = "forecast_load"
DISKS = "forecast_disks"
SAVINGS = "budgets_savings"
ANOMALIES = "budgets_anomalies"
HOURLY = "budgets_hourly_anomalies"
WHAT_IF = "budgets_what_if"
BILLS = "budgets_kept_bills"
MODEL_SPEND = "budgets_model_spend"
PERIOD_COST = "budgets_foretell"

# What a period will have cost, and no load: "what will this month cost", "本月底预计花多少钱".
COSTING = re.compile(
    r"\b(?:costs?|spend(?:ing)?|bills?|invoices?|pay|money|dollars|usd)\b|花费|花多少|花销|费用|成本|账单|开销|支出|多少钱"
)
TO_COME = re.compile(r"\bwill\b(?!\s+not\b)|\bgoing to\b|预计|预测|将会|会花")
# What costs more than it did, and not what costs most.
GREW = re.compile(
    r"\bgr(?:ew|own|owth)\b|\bincreas\w+|\brose\b|\brisen\b|\bwent up\b|涨|增长|增加了?最|上升"
)
OF_A_YEAR, OF_A_QUARTER = re.compile(r"\byear\b|年"), re.compile(r"\bquarter\b|季")

# "What if we double …": how many times, or how many.
REPLICAS = re.compile(
    r"replicas?|instances?|pods?|copies|\bscal(?:e|ed|ing)\b|副本|实例|扩容|缩容|扩到|缩到"
)
TIMES = (
    (2.0, re.compile(r"\bdoubl\w+|\btwice\b|翻一?[倍番]|两倍|2 ?倍")),
    (3.0, re.compile(r"\btripl\w+|三倍|3 ?倍")),
    (0.5, re.compile(r"\bhalv\w+|\bhalf\b|减半|一半")),
)
SUPPOSED = re.compile(r"\bwhat if\b|\bif (?:we|i)\b|\bwould\b|如果|假如|要是|多花|能省|会省|省多少")
TO_COUNT = re.compile(
    r"(?:\bto|到|为|成)\s*(\d{1,4})|(\d{1,4})\s*(?:replicas|instances|pods|个?副本|个?实例)"
)

# When what fills up is full: of a volume, a disk or all of them.
FULL = re.compile(
    r"\bfull\b|\bfill(?:s|ed|ing)?\b|\brun\w*\s+out\b|写满|用满|用完|耗尽|满|(?:撑|够用|用|坚持)多[久长]"
)
DISK = re.compile(
    r"\bdisks?\b|\bvolumes?\b|\bpvcs?\b|\bclaims?\b|\bstorage\b|磁盘|硬盘|卷|存储|空间|pvc"
)

# A cloud's bill that was read in, and not what the cluster's own workloads cost.
CLOUD_BILL = re.compile(
    r"\b(?:cloud|imported|kept|provider'?s?|aws|azure|gcp|aliyun)\b[^.?]*\b(?:bills?|invoices?)\b"
    r"|\b(?:bills?|invoices?)\b[^.?]*\b(?:imported|kept|cloud)\b"
    r"|云账单|云服务账单|云厂商[^，。]*账单|(?:导入|保存)的?账单|(?:阿里云|腾讯云|华为云|aws|azure)[^，。]*账单"
)

# The shortest time that has a bill.
HOUR_LONG = timedelta(hours=1)
OF_A_BUDGET = re.compile(r"\bbudgets?\b|预算")
HOUR = re.compile(r"\bhour(?:s|ly)?\b|小时|钟头")

# A month set against the one before it; in "more than last month" it is this one.
MONTH = re.compile(r"\bmonths?\b|[本当上这](?:个)?月|环比")
THIS_MONTH = re.compile(r"\bthis month\b|[本当这]个?月")
LAST_MONTH = re.compile(r"(?<!the )\b(?:last|previous) month\b|上个?月")
THAN_LAST = re.compile(
    r"\b(?:than|to|against|vs\.?|versus|with|from|over) (?:last|previous) month\b|[比较跟与和]上个?月"
)

# How likely a peak is above a level: "the chance that … exceeds 2 cores", "超过 2 核的概率".
LIKELY = re.compile(
    r"\b(?:probabilit\w+|chances?|odds|likel\w+|risk)\b|概率|可能性|几率|机率|多大可能|可能超过"
)
LEVEL = re.compile(
    r"(?:\b(?:exceeds?|exceeding|above|over|beyond|pass(?:es)?|(?:more|higher|greater)\sthan)\b"
    r"|超过|超出|高于|大于|突破)\s*(\d+(?:\.\d+)?)\s*(%|[kmgt]i?b?\b|cores?|核)?"
)
CORES = re.compile(r"\d\s*(?:cores?\b|核)")
MACHINES = re.compile(r"\b(?:nodes?|machines?|servers|pods|cluster)\b|机器|节点|服务器|主机|集群")
BYTES = {"mi": "Mi", "gi": "Gi", "ti": "Ti", "ki": "Ki", "mb": "M", "gb": "G", "tb": "T", "kb": "k"}

# Whom calls of models are divided by; else teams.
OF_USERS = re.compile(r"\b(?:users?|people|person|who|whom)\b|用户|谁|人员|每个?人|按人")
OF_EACH_MODEL = re.compile(
    r"\b(?:per|by|which|each|every) (?:\w+ )?models?\b|[按各哪]个?模型|每个?模型(?!的)"
)
# "shop 的 checkout": a workload of a namespace, where the second is no part of the first.
OWNED_ZH = re.compile(rf"({NAME.pattern})\s*的\s*({NAME.pattern})")

# What may cost and do nothing, where only this is asked for.
UNUSED = (
    ("balancers", re.compile(r"\b(?:load\s?-?)?balancers?\b|负载均衡")),
    ("volumes", re.compile(r"\b(?:volumes?|pvs?|pvcs?|claims?|disks?)\b|卷|磁盘|硬盘|pvc?")),
)

# What people divide a bill by, and the label that usually carries it.
LABELS = (
    (("team", "团队", "小组"), "label:team"),
    (("project", "项目"), "label:project"),
    (("department", "部门"), "label:department"),
    (("environment", "per env", "by env", "环境"), "label:environment"),
)
WORKLOADS = ("workload", "deployment", "service", "工作负载", "服务", "应用")


def spend(asked: Asked, results: Sequence[Result]) -> list[Step]:
    """By what was said; a bare name may be a namespace, else it is a workload of any."""
    if GREW.search(asked.question.lower()):
        return anomalies(asked, results)
    if other := _no_bill(asked):
        return [] if results else [other]
    told = [one for one in results if one.tool == SPEND]
    # A budget is spent in a month.
    usual = "P30D" if OF_A_BUDGET.search(asked.said) else ""
    arguments = {**_when(asked, usual), "language": asked.language}
    if len(asked.names) > 1:
        return _of_several(asked, told, arguments)
    if asked.name and not asked.namespace and not asked.kind and not names_label(asked):
        if not told:
            return [Step(SPEND, {**arguments, "namespace": asked.name, "by": "workload"})]
        missing = told[-1].status == NotFound.code and len(told) == 1
        return [Step(SPEND, {**arguments, "by": "workload"})] if missing else []
    by = "workload" if asked.name and not names_label(asked) else divided_by(asked)
    return [Step(SPEND, {**arguments, "namespace": asked.namespace, "by": by})] if not told else []


def _no_bill(asked: Asked) -> Step | None:
    """What is asked about money and is not what the cluster's own workloads have cost."""
    words = asked.question.lower()
    if supposed := other_replicas(asked):
        return Step(WHAT_IF, supposed)
    if CLOUD_BILL.search(asked.said):
        by = divided_by(asked)
        by = f"tag:{by.removeprefix('label:')}" if by.startswith("label:") else "ServiceName"
        return Step(BILLS, {"by": by, "language": asked.language})
    if OF_MODELS.search(words):
        return Step(MODEL_SPEND, _of_models(asked))
    return Step(PERIOD_COST, _of_period(asked)) if TO_COME.search(words) else None


def names_label(asked: Asked) -> bool:
    """Whether the name is what a bill is divided by: "cost per department"."""
    return any(asked.name in said for said, _ in LABELS)


def _of_several(asked: Asked, told: Sequence[Result], arguments: Mapping[str, str]) -> list[Step]:
    """What is set side by side: namespaces, and workloads where none of them is one."""
    if not told:
        by = "workload" if asked.namespace else "namespace"
        return [Step(SPEND, {**arguments, "namespace": asked.namespace, "by": by})]
    [first, *more] = told
    found = first.ok and any(row["name"] in asked.names for row in first.data["rows"])
    if more or found or asked.namespace or not first.ok:
        return []
    return [Step(SPEND, {**arguments, "by": "workload"})]


def _of_models(asked: Asked) -> dict[str, str]:
    """By whom, and over how long; this day of the calendar ends now."""
    words = asked.question.lower()
    by = "user" if OF_USERS.search(words) else "model" if OF_EACH_MODEL.search(words) else "team"
    period = period_told(words, asked.now)
    window = _exactly(asked.now - period.since) if period else asked.window
    return {"by": by, "window": window or "P30D", "language": asked.language}


def _when(asked: Asked, usual: str) -> dict[str, str]:
    """What time the bill is of: a day, week or month that is named ends where the calendar says."""
    span, period = asked.span, period_told(asked.question.lower(), asked.now)
    if period and (span is None or span.until is None):
        return _bill_of(period.since, period.until or asked.now)
    if span is None or span.until is None or span.until - span.since < HOUR_LONG:
        return {"window": asked.window or usual}
    until = min(span.until, asked.now)
    return {"window": length_to(span, until), "until": until.isoformat(timespec="seconds")}


def _bill_of(since: datetime, until: datetime) -> dict[str, str]:
    """To the minute, so that nothing of the period before is in it; at least an hour."""
    until = until.replace(second=0, microsecond=0)
    length = max(until - since, HOUR_LONG)
    return {"window": _exactly(length), "until": until.isoformat(timespec="seconds")}


def _exactly(length: timedelta) -> str:
    minutes = max(round(length / timedelta(minutes=1)), 60)
    return f"PT{minutes}M" if minutes % 60 else f"PT{minutes // 60}H"


def other_replicas(asked: Asked) -> dict[str, Any]:
    """What a question supposes of a workload's replicas; nothing when it supposes nothing of them."""
    words = asked.said
    if not (asked.name and SUPPOSED.search(words) and REPLICAS.search(words)):
        return {}
    own = {"name": asked.name, "namespace": asked.namespace, "language": asked.language}
    if found := list(TO_COUNT.finditer(words)):
        return {**own, "replicas": int(found[-1][1] or found[-1][2])}
    times = next((factor for factor, pattern in TIMES if pattern.search(words)), None)
    return {**own, "times": times} if times else {}


def forecast(asked: Asked, results: Sequence[Result]) -> list[Step]:
    """Load, memory or a disk; a bare name is a service, and else the namespace of that name."""
    if OF_A_BUDGET.search(asked.question.lower()):
        return budgets(asked, results)
    if asks_when_full(asked):
        return _disks(asked, results)
    if COSTING.search(asked.question.lower()) and not asked.metric:
        return [] if results else [Step(PERIOD_COST, _of_period(asked))]
    if more := pods_to_come(asked.said):
        return _room_for(asked, more, results)
    told = [one for one in results if one.tool == LOAD]
    exceeds = exceeded(asked)
    ahead = {"horizon": asked.arguments.get("horizon", ""), "language": asked.language}
    metric = asked.metric or ("cpu" if _is_of_machines(asked) else "qps")
    arguments = {**ahead, "metric": metric, "namespace": asked.namespace}
    arguments |= {"exceeds": exceeds} if exceeds else {}
    tried = _meant(asked)
    empty = all(one.ok and not one.data["known_hours"] for one in told)
    if len(told) == len(tried) or not empty:
        return []
    return [Step(LOAD, {**arguments, **tried[len(told)]})]


def _meant(asked: Asked) -> list[dict[str, str]]:
    """Whose load it may be, the likeliest first: "A 的 B" is B in A, and a bare name a place too."""
    tried = [{"namespace": asked.namespace, "name": asked.name}]
    if not asked.name or asked.namespace or asked.is_literal:
        return tried
    owned = OWNED_ZH.search(asked.question.lower())
    if owned and asked.name == owned[1] and could_be_name(owned[2]):
        tried.insert(0, {"namespace": owned[1], "name": owned[2]})
    return [*tried, {"namespace": asked.name, "name": ""}]


def _of_period(asked: Asked) -> dict[str, str]:
    """Of all, a team, or a namespace, which a bare name is; of a month where no longer period is named."""
    words = asked.question.lower()
    longer = "year" if OF_A_YEAR.search(words) else "quarter" if OF_A_QUARTER.search(words) else ""
    scope = {key: value for key, value in scope_named(asked).items() if key != "spend"}
    if not scope.get("label"):
        scope["namespace"] = asked.namespace or asked.name
    return {"period": longer or "month", "language": asked.language, **scope}


def _room_for(asked: Asked, more: int, results: Sequence[Result]) -> list[Step]:
    """What nodes have left is set against what the pods ask for: of which workload must be told."""
    if results or not asked.name:
        return []
    own = {"name": asked.name, "namespace": asked.namespace, "language": asked.language}
    return [Step(WHAT_IF, {**own, "more": more})]


def _is_of_machines(asked: Asked) -> bool:
    """Whether what machines have is meant, and no traffic: "when do we need more nodes"."""
    words = asked.said
    return bool(CORES.search(words) or (not asked.name and MACHINES.search(words)))


def exceeded(asked: Asked) -> str:
    """The level whose chance is asked for, as tools take amounts."""
    words = asked.said
    found = LEVEL.search(words)
    if not found or not LIKELY.search(words):
        return ""
    unit = found[2] or ""
    if unit == "%":
        return f"{found[1]}%" if asked.metric == "disk" else ""
    return found[1] + BYTES.get(unit[:2], "")


def asks_when_full(asked: Asked) -> bool:
    """Of disks: they are what runs out when nothing else is named."""
    words = asked.said
    of_disks = asked.metric in ("", "disk") or DISK.search(words)
    return bool(FULL.search(words) and of_disks)


def _disks(asked: Asked, results: Sequence[Result]) -> list[Step]:
    """A bare name is part of a claim's or a node's, and else the namespace of that name."""
    told = [one for one in results if one.tool == DISKS]
    own = {"namespace": asked.namespace, "language": asked.language}
    if not told:
        return [Step(DISKS, {**own, "name": asked.name})]
    bare = asked.name and not asked.namespace and not asked.is_literal
    empty = told[0].ok and not told[0].data["total"]
    return [Step(DISKS, {**own, "namespace": asked.name})] if bare and empty else []


def savings(asked: Asked, _: Sequence[Result]) -> list[Step]:
    words = asked.said
    what = next((name for name, said in UNUSED if said.search(words)), "")
    own = {"namespace": asked.namespace, "language": asked.language}
    return [Step(SAVINGS, own | ({"what": what} if what else {}))]


def anomalies(asked: Asked, results: Sequence[Result]) -> list[Step]:
    """Of a namespace; a bare name may be one, else it is a workload of any."""
    by = divided_by(asked)
    if HOUR.search(asked.said):
        own = {"namespace": asked.namespace, "language": asked.language}
        own |= {"by": by} if by.startswith("label:") else {}
        return [] if results else [Step(HOURLY, own)]
    told = [one for one in results if one.tool == ANOMALIES]
    arguments = {"by": by if by.startswith("label:") else "namespace", "language": asked.language}
    arguments |= {"month": month} if (month := compared_month(asked)) else {}
    return [] if told else [Step(ANOMALIES, {**arguments, "namespace": asked.namespace})]


def compared_month(asked: Asked) -> str:
    """The month to set against the one before it: "this", "last", or none."""
    words = asked.question.lower()
    words = words if MONTH.search(words) else asked.said
    if not MONTH.search(words):
        return ""
    of_last = LAST_MONTH.search(words) and not (THIS_MONTH.search(words) or THAN_LAST.search(words))
    return "last" if of_last else "this"


def divided_by(asked: Asked) -> str:
    for words in (asked.question.lower(), asked.said):  # what a half question says instead, first
        for said, by in LABELS:
            if any(one in words for one in said):
                return by
        if any(one in words for one in WORKLOADS):
            return "workload"
    return "workload" if asked.namespace else "namespace"
