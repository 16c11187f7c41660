"""Plans and changes as text for a terminal."""

from collections.abc import Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]

WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "no_plan": "No plan",
        "by_person": "To be applied by a person, here or as a pull request:",
        "risk": "Risk",
        "checks": "Checks:",
        "inverse": "Way back",
        "no_inverse": "none",
        "back_patch": "the same change reversed",
        "back_create": "what was deleted is made again",
        "back_delete": "what was made is deleted",
        "needs": "Needs {needed} approval by {approvers}, until {until}.",
        "typed": "Approving asks for the object's name: --name {name}",
        "approve": "Approve with: midwatch fix approve {plan}",
        "apply": "Apply with: midwatch fix apply {plan}",
        "alone": "The policy lets this go without a person.",
        "given": "Approved by {who}.",
        "cleared": "The finding is gone.",
        "not_cleared": "The finding was not seen to be gone.",
        "new": "New findings",
        "asked": "asked for by {requester}, approved by {approvers}, applied by {applier}",
        "policy": "the policy",
        "none": "Nothing yet.",
        "rehearsed": "Rehearsal",
        "limits": "What a rehearsal cannot know: real traffic and load, the new pods' real memory "
        "and start-up, images and registries, admission webhooks, data, and other people's changes.",
        "writing": "Writing is allowed.",
        "stopped": "All writing is stopped ({by}): {why}",
        "batch_running": "under way",
        "batch_done": "done",
        "batch_stopped": "stopped",
        "batch_left": "left by its process",
        "status_waiting": "not begun",
        "status_verified": "verified",
        "status_rolled_back": "rolled back",
        "status_failed": "failed, nothing changed",
        "status_refused": "refused, nothing changed",
        "status_unknown": "unknown",
        "status_running": "under way",
        "status_undoing": "being taken back",
    },
    "zh": {
        "no_plan": "没有可执行的方案",
        "by_person": "请人工执行，或作为合并请求提交：",
        "risk": "风险",
        "checks": "检查：",
        "inverse": "回退方式",
        "no_inverse": "无",
        "back_patch": "反向执行同一改动",
        "back_create": "重新创建被删除的对象",
        "back_delete": "删除新建的对象",
        "needs": "需要 {needed} 人批准（{approvers}），{until} 前有效。",
        "typed": "批准时需输入对象名称：--name {name}",
        "approve": "批准：midwatch fix approve {plan}",
        "apply": "执行：midwatch fix apply {plan}",
        "alone": "按策略无需人工批准。",
        "given": "已由 {who} 批准。",
        "cleared": "问题已消失。",
        "not_cleared": "未确认问题已消失。",
        "new": "新出现的问题",
        "asked": "发起人 {requester}，批准人 {approvers}，执行人 {applier}",
        "policy": "策略",
        "none": "暂无记录。",
        "rehearsed": "演练",
        "limits": "演练无法预知：真实流量与负载、新 Pod 的实际内存与启动过程、镜像与仓库、"
        "准入 webhook、数据，以及他人同时所做的变更。",
        "writing": "允许写入。",
        "stopped": "一切写操作已停止（{by}）：{why}",
        "batch_running": "进行中",
        "batch_done": "已完成",
        "batch_stopped": "已停止",
        "batch_left": "执行进程已离开",
        "status_waiting": "未开始",
        "status_verified": "已验证",
        "status_rolled_back": "已回滚",
        "status_failed": "失败，未做任何修改",
        "status_refused": "被拒绝，未做任何修改",
        "status_unknown": "状态未知",
        "status_running": "进行中",
        "status_undoing": "正在回退",
    },
}


def plan_text(plan: Row, language: str) -> str:
    """What would be done, what it risks, and what to type next."""
    words = WORDS[language]
    if not plan["plan_id"]:
        return "\n".join(_refused(plan, words))
    head = f"{plan['plan_id']}  {plan['title']}  [{words['risk']}: {plan['risk']}]"
    lines = [head, ""]
    for step in plan["steps"]:
        lines += [*_step(step, words), ""]
    lines.append(words["checks"])
    lines += [f"  {_sign(one)} {one['check']}: {one['detail']}" for one in plan["preflight"]]
    return "\n".join([*lines, *_rehearsal(plan), "", *_next(plan, words)])


def _rehearsal(plan: Row) -> list[str]:
    tried = plan["rehearsal"]
    return ["", *(tried[one] for one in ("said", "cannot_know") if tried[one])] if tried else []


def _sign(check: Row) -> str:
    return "✓" if check["ok"] else "✗"


def _refused(plan: Row, words: Mapping[str, str]) -> list[str]:
    refused = plan["refused"] or {"message": "", "hint": ""}
    lines = [f"{words['no_plan']}: {refused['message']} {refused['hint']}".strip()]
    lines += [f"  {_sign(one)} {one['check']}: {one['detail']}" for one in plan["preflight"]]
    if plan["proposal"]:
        lines += [words["by_person"], "", plan["proposal"]["diff"]]
    return lines


def _step(step: Row, words: Mapping[str, str]) -> list[str]:
    lines = [f"{step['n']}. {step['action']}", "", _indented(step["diff"]), ""]
    lines += [f"   - {fact}" for fact in step["risk"]["facts"]]
    verb = step["inverse"]["verb"] if step["inverse"] else ""
    back = words.get(f"back_{verb}", words["back_patch"]) if verb else words["no_inverse"]
    return [*lines, f"   {words['inverse']}: {back}"]


def _indented(text: str) -> str:
    return "\n".join(f"   {line}" for line in text.splitlines())


def _next(plan: Row, words: Mapping[str, str]) -> list[str]:
    approval, name = plan["approval"], plan["plan_id"]
    if plan["refused"]:
        return [f"{plan['refused']['message']} {plan['refused']['hint']}".strip()]
    if plan["status"] not in ("proposed", "approved"):
        return [f"({plan['status']})"]
    apply = words["apply"].format(plan=name)
    if not approval["required"]:
        return [words["alone"], apply]
    if plan["status"] == "approved":
        return [words["given"].format(who=", ".join(approval["given"])), apply]
    told = words["needs"].format(**approval, until=str(approval["expires_at"])[:19])
    lines = [told, words["approve"].format(plan=name)]
    if approval["typed_name"]:
        lines.append(words["typed"].format(name=plan["steps"][0]["target"]["name"]))
    return lines


def change_text(change: Row, language: str) -> str:
    """How it ended, and what was recorded on the way."""
    words = WORDS[language]
    target = change["target"]
    where = f"{target['kind']} {target['namespace']}/{target['name']}"
    status = words[f"status_{change['status']}"]
    who = words["asked"].format(
        requester=change["requester"],
        approvers=", ".join(change["approvers"]) or words["policy"],
        applier=change["applier"],
    )
    lines = [f"{change['change_id']}  {where}: {status}", f"  {who}"]
    if detail := change["detail_in"].get(language) or change["detail"]:
        lines.append(f"  {detail}")
    lines += [f"  {one}" for one in change["audit_in"].get(language) or change["audit"]]
    found = change["verification"]
    cleared = words["cleared" if found["finding_cleared"] else "not_cleared"]
    lines.append(f"  {change['progress_in'].get(language) or cleared}")
    if found["new_findings"]:
        lines.append(f"  {words['new']}: {', '.join(found['new_findings'])}")
    return "\n".join(lines)


def switch_text(view: Row, language: str) -> str:
    """Whether anything may be written, and else who stopped that and why."""
    words = WORDS[language]
    why = view["reason_in"].get(language) or view["reason"]
    if view["writing"]:
        return words["writing"]
    return words["stopped"].format(by=view["stopped_by"], why=why)


def batch_text(view: Row, language: str) -> str:
    """Each plan with what became of it, and why the rest waits."""
    words = WORDS[language]
    head = f"{view['batch_id']}  {words['batch_' + view['status']]}  ({view['applier']})"
    lines = [
        f"  {one['plan_id']}  {one['change_id'] or '-':<16}  {words['status_' + one['status']]}"
        for one in view["items"]
    ]
    why = view["stopped_in"].get(language) or view["stopped"]
    return "\n".join([head, *lines, *([f"  {why}"] if why else [])])


def batches_text(page: Row, language: str) -> str:
    words = WORDS[language]
    return _listed(
        [
            f"{one['batch_id']}  {str(one['started_at'])[:19]}  {one['plans']:>2}  "
            f"{words['batch_' + one['status']]}  ({one['applier']})"
            for one in page["rows"]
        ],
        words,
    )


def changes_text(page: Row, language: str) -> str:
    words = WORDS[language]
    return _listed(
        [
            f"{one['change_id']}  {str(one['started_at'])[:19]}  "
            f"{words['status_' + one['status']]:<12}  {one['fix']:<14} {_place(one['target'])}"
            for one in page["rows"]
        ],
        words,
    )


def plans_text(page: Row, language: str) -> str:
    return _listed(
        [
            f"{one['plan_id']}  {str(one['created_at'])[:19]}  {one['status']:<9} "
            f"{one['risk']:<8} {one['fix']:<14} {_place(one['target'])}"
            for one in page["rows"]
        ],
        WORDS[language],
    )


def rehearsal_text(view: Row, language: str) -> str:
    words = WORDS[language]
    outcome = words.get(f"status_{view['outcome']}", view["outcome"])
    lines = [f"{words['rehearsed']}: {outcome}", "", plan_text(view["plan"], language)]
    if view["change"]:
        lines += ["", change_text(view["change"], language)]
    return "\n".join([*lines, "", words["limits"], *view["notes"]])


def _listed(lines: Sequence[str], words: Mapping[str, str]) -> str:
    return "\n".join(lines) or words["none"]


def _place(target: Row) -> str:
    return f"{target['kind']} {target['namespace']}/{target['name']}"
