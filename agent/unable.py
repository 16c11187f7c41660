"""What is said without any tool: small talk, refusals, and what cannot be done yet."""

from collections.abc import Callable

from agent.answers.markdown import bullets, joined, numbered
from agent.asked import Asked
from agent.choices import choices
from agent.intents import Language
from agent.subagent import Subagent
from agent.wording import phrase

TALK = ("greeting", "thanks", "off_topic", "secret", "bypass")


def declined(intent: str, language: Language) -> str:
    """The honest answer to what no subagent takes."""
    told = "off_topic" if intent == "chat" else intent
    if told in TALK:
        return phrase(f"none.{told}", language)
    return joined([phrase("none.unclear", language), numbered(choices("", language))])


def capabilities(subagents: dict[str, bool], language: Language) -> str:
    """What can be asked; `subagents` says of each whether it is built."""
    told = [
        phrase(f"help.{name}", language)
        + ("" if built else f" ({phrase('help.not_yet', language)})")
        for name, built in subagents.items()
    ]
    return joined([phrase("help.head", language), bullets(told)])


def not_built(subagent: Subagent, missing: list[str], asked: Asked) -> str:
    """What cannot be done yet, and what the user can do instead."""
    servers = ", ".join(f"`{name}`" for name in missing)
    what = phrase(f"unbuilt.{subagent.name}", asked.language, servers=servers)
    instead = [*_commands(subagent, asked), _asking(subagent, asked)]
    return joined(
        [
            phrase("unbuilt.head", asked.language, what=what),
            phrase("unbuilt.instead", asked.language),
            bullets(instead),
        ]
    )


def _asking(subagent: Subagent, asked: Asked) -> str:
    if subagent.name != "autofix":
        return ""
    name = asked.name or "checkout"
    question = {"en": f"Why is {name} failing?", "zh": f"{name} 为什么报错？"}[asked.language]
    return phrase("unbuilt.ask_cause", asked.language, question=question)


def _commands(subagent: Subagent, asked: Asked) -> list[str]:
    commands = COMMANDS.get(subagent.name, lambda _: [])(asked)
    return [phrase("unbuilt.by_hand", asked.language, command=f"`{one}`") for one in commands]


def _fixing(asked: Asked) -> list[str]:
    scope = f" -n {asked.namespace}" if asked.namespace else " -n NAMESPACE"
    name = asked.name or "NAME"
    words = asked.question.lower()
    if asked.kind == "Node" or any(word in words for word in ("cordon", "drain", "调度", "驱逐")):
        verb = "drain" if "drain" in words or "驱逐" in words else "cordon"
        verb = "uncordon" if "uncordon" in words or "恢复调度" in words else verb
        return [f"kubectl {verb} {name}"]
    workload = f"{(asked.kind or 'Deployment').lower()}/{name}"
    if "replicas" in asked.arguments:
        return [f"kubectl scale {workload} --replicas={asked.arguments['replicas']}{scope}"]
    if any(word in words for word in ("roll", "undo", "revert", "回滚", "回退", "撤销")):
        return [f"kubectl rollout undo {workload}{scope}"]
    if any(word in words for word in ("restart", "bounce", "重启", "重新启动")):
        return [f"kubectl rollout restart {workload}{scope}"]
    if any(word in words for word in ("history", "历史", "记录")):
        return [f"kubectl rollout history {workload}{scope}"]
    return [f"kubectl describe {workload}{scope}", f"kubectl edit {workload}{scope}"]


def _cost(asked: Asked) -> list[str]:
    scope = f" -n {asked.namespace}" if asked.namespace else " -A"
    return [
        f"kubectl top pods{scope} --sort-by={asked.metric if asked.metric in ('cpu', 'memory') else 'cpu'}"
    ]


def _alerting(asked: Asked) -> list[str]:
    words = asked.question.lower()
    if any(word in words for word in ("silenc", "mute", "静默", "屏蔽", "静音")):
        duration = str(asked.arguments.get("duration", "PT2H")).removeprefix("P").removeprefix("T")
        return [f"amtool silence add {_matcher(asked)} --duration={duration.lower()} --comment=WHY"]
    if any(word in words for word in ("rule", "规则", "threshold", "阈值")):
        return ["promtool check rules FILE"]
    return ["amtool alert query"]


def _matcher(asked: Asked) -> str:
    if alert := asked.arguments.get("alert"):
        return f"alertname={alert}"
    if asked.name:
        return f"service={asked.name}"
    return f"namespace={asked.namespace}" if asked.namespace else "alertname=NAME"


COMMANDS: dict[str, Callable[[Asked], list[str]]] = {
    "autofix": _fixing,
    "cost": _cost,
    "alert_admin": _alerting,
}
