"""Pure: the calls for orders to change the cluster: a plan first, and nothing applied by itself."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from agent.asked import Asked
from agent.counting import count_ordered
from agent.naming import marked_namespace
from agent.ordering import without_ruled_out
from agent.outcomes import asks_to_stop
from agent.sizing import Sizes, names_resource, sizes, sizes_after
from agent.steps import Step
from agent.toolbox import Result
from core.errors import NotFound

PLAN, SHOW_PLAN, PLANS_LIST = "autofix_plan", "autofix_get_plan", "autofix_list_plans"
REHEARSE, ROLLBACK = "autofix_rehearse", "autofix_rollback"
STOP = "autofix_stop"
APPLY, CHANGES, SHOW_CHANGE = "autofix_apply", "autofix_list_changes", "autofix_get_change"

# A change that has not ended; how long a turn waits for its end, after the first answer.
UNFINISHED = ("running", "undoing")
FOLLOWED_S = 60
LATEST = 20

PLAN_ID, CHANGE_ID = re.compile(r"\bfix-[0-9a-f]{12}\b"), re.compile(r"\bchg-[0-9a-f]{12}\b")
APPLYING = re.compile(r"\bapply\b|\bexecute\b|\bcarry\b|\brun\b|执行|应用|实施")
# Points at a plan, and names none.
OF_A_PLAN = re.compile(
    r"\b(?:that|the|this|your|last|pending)\s(?:\w+\s)?plan\b|(?:这个|那个|该|刚才|刚刚|上面|之前)[^，。]{0,3}(?:方案|计划)|\bdry[\s-]?run\b|\brehears|演练|预演|试运行|试跑"
)
WAITING = re.compile(r"\bwait\w*|\bpending\b|\bawait\w*|\bneeds?\b|等|待")
TAKING_BACK = re.compile(
    r"\b(?:take|roll|go)\b.*\bback\b|\broll-?back\b|\bundo\b|\brevert\b|回滚|回退|撤销|撤回|还原"
)
REHEARSING = re.compile(r"\brehears\w*|\btry\b|\btrial\b|演练|试一下|试试|预演")
# What is asked for by which words; the first that fits. "roll checkout back" has a word between.
KINDS_OF_CHANGE = (
    ("uncordon", re.compile(r"\buncordon\b|\bmake\b.*(?<!un)schedulable|\btakes?\spods\sagain\b"
                            r"|恢复\S{0,12}\s?的?调度|放开调度|解封|解除(?:封锁|隔离)")),
    ("cordon", re.compile(r"\bcordon\b|\bunschedulable\b|\bout\sof\s(?:scheduling|rotation|service|the\spool)\b"
                          r"|\bno\snew\spods\b|\b(?:not|no\slonger|never)\s(?:get|take|receive|accept|run)\s(?:any\s)?(?:more\s|new\s|further\s)*pods\b|\bstop\sscheduling\b|封锁|隔离|(?:停止|禁止|别|不要|不再)[^，。]{0,12}调度"
                          r"|(?:别|不要)再?[^，。]{0,6}放[^，。]{0,3}pod|摘掉|不可调度")),
    ("drain", re.compile(r"\bdrain\b|\b(?:evacuate|vacate|empty)\b|\beverything\soff\b|\bevict\b.*\b(?:from|off)\b"
                         r"|排空|清空|腾空|(?:迁|挪|移|赶|疏散)走|驱逐\s*节点|驱逐.*上的")),
    ("evict", re.compile(r"\bevict\b|驱逐")),
    ("rerun", re.compile(r"\bre-?run\b|\bre-?try\b|\bre-?trigger\b|\b(?:run|start|trigger|kick\soff|launch|execute)\b.*\b(?:again|once\smore)\b"
                         r"|重跑|重试|(?:重新?|再)(?:跑|执行|触发|来)|再来一[次遍]|重来")),
    ("pin", re.compile(r"\bpin\b|\bdigest\b|钉[到在死住]|(?:镜像|版本)[^，。]{0,6}(?:固定|锁定|锁死)|(?:固定|锁定)[^，。]{0,16}镜像")),
    ("expire", re.compile(r"\bexpire\b.*\b(?:jobs?|runs?|cronjobs?)\b|\b(?:jobs?|runs?)\b.*\bexpire\b|\bttl\b|\bclean\w*\sup\s(?:by\sitself|by\sthemselves|automatically)"
                          r"|\b(?:delete|remove|clean)\w*\b.*\b(?:finished|completed|old)\b.*\bafter\b"
                          r"|(?:任务|job|作业|运行)[^，。]{0,14}过期|自动(?:清理|删除|回收|清掉)|ttl|(?:跑完|完成|结束)[^，。]{0,10}后[^，。]{0,6}(?:删|清|回收)")),
    ("rightsize", re.compile(r"\bright-?siz\w+|\b(?:sizing|savings)\s(?:advice|recommendation|suggestion)"
                             r"|\brecommended\s(?:requests?|sizes?|resources?)\b|\brequests?\sto\swhat\b"
                             r"|(?:按|照|采纳|应用|执行)[^，。]{0,10}(?:建议|推荐|用量)[^，。]{0,16}(?:资源|规格|配额|request)"
                             r"|(?:资源|规格|配额|request)[^，。]{0,6}(?:按|照)[^，。]{0,8}(?:建议|推荐|用量)|合理规格|缩减规格")),
    ("rollback", re.compile(r"\b(?:take|put|bring)\s(?:it|this|that)\sback\b|退回去|撤回去|滚回去|\broll(?:ing)?\W*back\b|\broll\s\S+(?:\s\S+)?\sback\b|\brevert\b|\bback\sout\b"
                            r"|\bundo\b|\bget\srid\sof\b.*\b(?:it|that|release|version|build|deploy\w*|change|update)\b|\bgo\sback\s(?:to|an?|one)\b|\b(?:put|bring|take|switch|get)\b.*\bback\s(?:to|on)\s(?!normal)|回滚|回退|撤销|撤回|还原|退回|切回|退到")),
    ("restart", re.compile(r"\bre-?start\b|\bbounce\b|\breboot\b|\bredeploy\b|\bkick\b|\bre-?cycle\b|\bcycle\b"
                           r"|\boff\sand\son\b|重启|重新启动|重新部署|重新拉起|拉起来|关了再开")),
    # How many is asked back.
    ("scale", re.compile(r"(?<!auto)(?<!auto-)\b(?:up|down)?scale\b|扩容|缩容|扩缩容|加副本|加实例|减副本|减实例")),
    ("resume", re.compile(r"\bresume\b|\bunpause\b|\bunsuspend\b|恢复(?:发布|运行|执行)|取消(?:暂停|挂起)"
                          r"|(?:恢复|启用)[^，。]{0,8}(?:挂起|暂停|停掉)|继续发布")),
)  # fmt: skip
# What no plan is ever made for, however it is asked for.
NEVER = re.compile(
    r"\b(?:delete|deleting|destroy|erase|wipe|purge|force-?kill|nuke)\b|\bget\srid\sof\b.*\b(?:pods?|jobs?|volumes?|pvcs?|namespaces?)\b"
    r"|\b(?:remove|drop)\b(?!.*\bfrom\s+(?:the\s+)?(?:rotation|service)\b)|删除|删掉|删了|清除|销毁|抹掉"
)
# What is a certain change and none of ours: to mend something else instead would be no answer.
NOT_OFFERED = re.compile(
    r"\b(?:suspend|pause|label|annotate|taint|untaint|rename|patch)\b"
    r"|\b(?:set|change|update|switch)\b.*\b(?:image|tag|env\w*)\b"
    r"|暂停|挂起|打(?:上)?(?:标签|污点)|改(?:成|为)?\S{0,8}镜像|镜像[^，。]{0,4}(?:换成|改成|改为|升级)"
)
ON_NODES = frozenset({"cordon", "uncordon", "drain"})
# What is done to objects of one kind, whatever they were called.
OF_ONE_KIND = {**dict.fromkeys(ON_NODES, "Node"), "evict": "Pod"}
# A Service may be anybody's word for a workload.
LOOSE_KINDS = frozenset({"Service", "Pod", "Namespace"})
# People say "job" of a CronJob as well.
RUNS = frozenset({"rerun", "expire"})


def changing(asked: Asked, results: Sequence[Result]) -> list[Step]:
    """A plan of the change that is asked for; a plan or change called by its id is shown, or, when
    the words say so, carried out: the server refuses what nobody approved."""
    if known := _stopped_or_followed(asked, results):
        return known
    if plan := PLAN_ID.search(asked.question):
        words = asked.question.lower()
        if REHEARSING.search(words) and not results:
            return [Step(REHEARSE, {"plan_id": plan[0]})]
        apply = APPLYING.search(words) and not REHEARSING.search(words)
        about = {"plan_id": plan[0]}
        return [Step(APPLY, about) if apply else Step(SHOW_PLAN, about | _read(asked))]
    if change := CHANGE_ID.search(asked.question):
        back = TAKING_BACK.search(asked.question.lower())
        return [Step(ROLLBACK if back else SHOW_CHANGE, {"change_id": change[0]})]
    wanted = change_wanted(asked)
    if not wanted and (never_done(asked) or not_offered(asked)):
        return []
    if wanted == "rollback" and not asked.name:
        return [Step(CHANGES, {"limit": 5})]  # what could be taken back
    if asked.name:
        return _planned(asked, wanted, results)
    return _of_nothing(asked, wanted, results)


def _of_nothing(asked: Asked, wanted: str, results: Sequence[Result]) -> list[Step]:
    """A change that names no object: of those that wait, where a plan is meant; else of the namespace."""
    if wanted:
        return []
    if OF_A_PLAN.search(_ordered(asked)):
        return plans(asked, results)
    return _planned(asked, wanted, results)


def outcome(asked: Asked, results: Sequence[Result]) -> list[Step]:
    """What became of the change that the turn before was about: of the one that was named there, else
    of the latest; of a plan that was not carried out, the plan."""
    if not results:
        return [Step(CHANGES, {"limit": LATEST})]
    listed: list[dict[str, Any]] = (results[0].data.get("rows") or []) if results[0].ok else []
    named = {one[0] for kind in (PLAN_ID, CHANGE_ID) for one in kind.finditer(asked.earlier)}
    meant = [one for one in listed if named & {one["plan_id"], one["change_id"]}]
    if len(results) > 1:
        return []
    if plan := PLAN_ID.search(asked.earlier) if not meant else None:
        return [Step(SHOW_PLAN, {"plan_id": plan[0], **_read(asked)})]
    return [_waited_for(one["change_id"]) for one in (meant or listed)[:1]]


def _stopped_or_followed(asked: Asked, results: Sequence[Result]) -> list[Step]:
    """All changes are stopped where that is asked for; one that was begun in this turn is waited for a
    while."""
    if asks_to_stop(asked.question):
        return [Step(STOP, {"reason": asked.question[:500]})]
    last = results[-1] if results else None
    if last is None or not last.ok or last.tool not in (APPLY, ROLLBACK):
        return []
    begun = last.data.get("status") in UNFINISHED
    return [_waited_for(str(last.data["change_id"]))] if begun else []


def _waited_for(change_id: str) -> Step:
    return Step(SHOW_CHANGE, {"change_id": change_id, "wait_s": FOLLOWED_S})


def plans(asked: Asked, _: Sequence[Result]) -> list[Step]:
    return [Step(PLANS_LIST, _read(asked))]


def _read(asked: Asked) -> dict[str, Any]:
    """In the language of who asks, whoever it was made for."""
    return {"language": asked.language}


def history(asked: Asked, _: Sequence[Result]) -> list[Step]:
    return _stopped_or_followed(asked, ()) or [Step(CHANGES)]


def waiting_alone(asked: Asked) -> bool:
    """Whether only plans are asked for that somebody has to decide about."""
    return bool(WAITING.search(asked.question.lower()))


def never_done(asked: Asked) -> bool:
    """Whether something is to be deleted; to mend something else instead would be no answer."""
    return bool(NEVER.search(_ordered(asked)))


def not_offered(asked: Asked) -> bool:
    """Whether a certain change is asked for that no plan is made of."""
    return not change_wanted(asked) and bool(NOT_OFFERED.search(_ordered(asked)))


def change_wanted(asked: Asked) -> str:
    """The change by its name, "" for whatever mends what is wrong."""
    if _sizes(asked).amounts:
        return "resources"
    words = _ordered(asked)
    if asked.arguments.get("replicas") is not None or count_ordered(words):
        return "scale"
    return next((name for name, pattern in KINDS_OF_CHANGE if pattern.search(words)), "")


def _ordered(asked: Asked) -> str:
    """What is ordered, in lower case, without what is ruled out: "fix cart but do not restart it"."""
    return without_ruled_out(asked.said)


def _planned(asked: Asked, wanted: str, results: Sequence[Result]) -> list[Step]:
    kind = "" if asked.kind in LOOSE_KINDS or wanted in RUNS else asked.kind
    step = Step(
        PLAN,
        {
            "namespace": "" if wanted in ON_NODES else asked.namespace,
            "kind": OF_ONE_KIND.get(wanted, kind),
            "name": asked.name,
            "change": wanted,
            "replicas": asked.arguments.get("replicas"),
            "language": asked.language,
            **_told_of(asked, wanted),
        },
    )
    tried = [one for one in results if one.tool == PLAN]
    if not tried:
        return [step]
    missing = len(tried) == 1 and tried[0].status == NotFound.code
    if missing and wanted == "evict" and asked.kind_of_many != "Pod":
        return [Step(PLAN, _as_node(step.arguments))]
    if missing and not wanted and asked.name and not asked.namespace and not asked.is_literal:
        return [Step(PLAN, _as_namespace(step.arguments))]
    return []


def _told_of(asked: Asked, wanted: str) -> dict[str, Any]:
    """What a change takes beside its object. "Two more replicas" is no number of replicas."""
    if wanted == "resources":
        return _sized(asked)
    count = count_ordered(_ordered(asked)) if wanted == "scale" else ""
    return {"replicas": None, "resources": [count]} if count else {}


def _sizes(asked: Asked) -> Sizes:
    """Of this sentence, or of the one before it with what this one says instead."""
    found = sizes(asked.question, asked.name)
    if found.amounts and names_resource(asked.question, asked.name):
        return found
    after = sizes_after(asked.question, asked.earlier, asked.name)
    return after if after.amounts else found


def _sized(asked: Asked) -> dict[str, Any]:
    """The amounts, and the container: "of container proxy in cart" is a container of cart, which is
    no namespace."""
    sized = _sizes(asked)
    named = {"resources": list(sized.amounts), "container": sized.container}
    inside = sizes(asked.question).container
    place = asked.namespace
    if inside != asked.name or not place or place in (asked.door, marked_namespace(asked.question)):
        return named
    return {**named, "name": place, "namespace": asked.door, "kind": "", "container": inside}


def _as_node(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """For "evict node-7": what runs there leaves it."""
    return {**arguments, "change": "drain", "kind": "Node", "namespace": ""}


def _as_namespace(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """For "fix shop": there may be a namespace of that name."""
    return {**arguments, "namespace": arguments["name"], "name": "", "kind": ""}
