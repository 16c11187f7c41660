"""Pure: the calls for orders to change the cluster: a plan first, and nothing applied by itself."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from agent.asked import Asked
from agent.steps import Step
from agent.toolbox import Result
from core.errors import NotFound

PLAN, SHOW_PLAN, PLANS_LIST = "autofix_plan", "autofix_get_plan", "autofix_list_plans"
REHEARSE, ROLLBACK = "autofix_rehearse", "autofix_rollback"
APPLY, CHANGES, SHOW_CHANGE = "autofix_apply", "autofix_list_changes", "autofix_get_change"

PLAN_ID, CHANGE_ID = re.compile(r"\bfix-[0-9a-f]{12}\b"), re.compile(r"\bchg-[0-9a-f]{12}\b")
APPLYING = re.compile(r"\bapply\b|\bexecute\b|\bcarry\b|\brun\b|执行|应用|实施")
TAKING_BACK = re.compile(
    r"\b(?:take|roll|go)\b.*\bback\b|\broll-?back\b|\bundo\b|\brevert\b|回滚|回退|撤销|撤回|还原"
)
REHEARSING = re.compile(r"\brehears\w*|\btry\b|\btrial\b|演练|试一下|试试|预演")
# What is asked for by which words; the first that fits. "roll checkout back" has a word between.
KINDS_OF_CHANGE = (
    ("uncordon", re.compile(r"\buncordon\b|\bmake\b.*(?<!un)schedulable|恢复调度|解除(?:封锁|隔离)")),
    ("cordon", re.compile(r"\bcordon\b|\bunschedulable\b|封锁|隔离|停止调度|禁止调度")),
    ("drain", re.compile(r"\bdrain\b|\bevacuate\b|排空|清空|驱逐")),
    ("rollback", re.compile(r"\broll(?:ing)?\W*back\b|\broll\s\S+(?:\s\S+)?\sback\b|\brevert\b"
                            r"|\bundo\b|\bgo\sback\sto\b|回滚|回退|撤销|还原")),
    ("restart", re.compile(r"\bre-?start\b|\bbounce\b|\breboot\b|\bredeploy\b|\bkick\b"
                           r"|重启|重新启动|重新部署")),
    ("resume", re.compile(r"\bresume\b|\bunpause\b|\bunsuspend\b|恢复(?:发布|运行|执行)|取消暂停")),
)  # fmt: skip
# What no plan is ever made for, however it is asked for.
NEVER = re.compile(
    r"\b(?:delete|deleting|destroy|erase|wipe|purge|force-?kill|nuke)\b"
    r"|\b(?:remove|drop)\b(?!.*\bfrom\s+(?:the\s+)?(?:rotation|service)\b)|删除|删掉|删了|清除|销毁|抹掉"
)
ON_NODES = frozenset({"cordon", "uncordon", "drain"})
# A Service may be anybody's word for a workload.
LOOSE_KINDS = frozenset({"Service", "Pod", "Namespace"})


def changing(asked: Asked, results: Sequence[Result]) -> list[Step]:
    """A plan of the change that is asked for; a plan or change called by its id is shown, or, when
    the words say so, carried out: the server refuses what nobody approved."""
    if plan := PLAN_ID.search(asked.question):
        words = asked.question.lower()
        if REHEARSING.search(words) and not results:
            return [Step(REHEARSE, {"plan_id": plan[0]})]
        apply = APPLYING.search(words) and not REHEARSING.search(words)
        return [Step(APPLY if apply else SHOW_PLAN, {"plan_id": plan[0]})]
    if change := CHANGE_ID.search(asked.question):
        back = TAKING_BACK.search(asked.question.lower())
        return [Step(ROLLBACK if back else SHOW_CHANGE, {"change_id": change[0]})]
    wanted = change_wanted(asked)
    if not wanted and never_done(asked):
        return []
    if wanted == "rollback" and not asked.name:
        return [Step(CHANGES, {"limit": 5})]  # what could be taken back
    if wanted and not asked.name:
        return []
    return _planned(asked, wanted, results)


def plans(_: Asked, __: Sequence[Result]) -> list[Step]:
    return [Step(PLANS_LIST)]


def history(_: Asked, __: Sequence[Result]) -> list[Step]:
    return [Step(CHANGES)]


def never_done(asked: Asked) -> bool:
    """Whether something is to be deleted; to mend something else instead would be no answer."""
    return bool(NEVER.search(asked.question.lower()))


def change_wanted(asked: Asked) -> str:
    """The change by its name, "" for whatever mends what is wrong."""
    if asked.arguments.get("replicas") is not None:
        return "scale"
    words = asked.question.lower()
    return next((name for name, pattern in KINDS_OF_CHANGE if pattern.search(words)), "")


def _planned(asked: Asked, wanted: str, results: Sequence[Result]) -> list[Step]:
    kind = "" if asked.kind in LOOSE_KINDS else asked.kind
    step = Step(
        PLAN,
        {
            "namespace": "" if wanted in ON_NODES else asked.namespace,
            "kind": "Node" if wanted in ON_NODES else kind,
            "name": asked.name,
            "change": wanted,
            "replicas": asked.arguments.get("replicas"),
            "language": asked.language,
        },
    )
    tried = [one for one in results if one.tool == PLAN]
    if not tried:
        return [step]
    missing = len(tried) == 1 and tried[0].status == NotFound.code
    if missing and not wanted and asked.name and not asked.namespace and not asked.is_literal:
        return [Step(PLAN, _as_namespace(step.arguments))]
    return []


def _as_namespace(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """For "fix shop": there may be a namespace of that name."""
    return {**arguments, "namespace": arguments["name"], "name": "", "kind": ""}
