"""Faulty models that only look: streams, arguments, tools, loops, refusals, rates, sizes, silence, claims."""

from dataclasses import replace

from evals.plumbing.scene import FAILED, SHORT, WHOLE, Scene
from evals.providers.saying import Say

INVESTIGATE = ("rca_investigate", {"namespace": "shop", "name": "checkout"})
PODS = ("kubernetes_list_pods", {"namespace": "shop"})
LOOK = Say("", [INVESTIGATE])
ANSWERED = "checkout outgrew its memory limit"
GOOD = Say(f"{ANSWERED} [1].")
BY_RULES = ("256Mi",)  # what the investigation finds
LONG = "This goes on and on, and says nothing that anybody could check. " * 6
PARTIAL = ("model_failed",)


def _logs(n: int) -> Say:
    return Say("", [("kubernetes_get_logs", {"namespace": "shop", "name": "cart", "tail": n})])


def _page(n: int) -> Say:
    return Say("", [("kubernetes_list_events", {"namespace": "shop", "name": f"pod-x{n}"})])


STREAMS = (
    Scene("cut before the first word", [Say("Never heard.", cut_after=0)], (FAILED,), 2),
    Scene("cut once", [Say("Half", cut_after=2), GOOD], told=(ANSWERED,)),
    Scene("cut in a preamble", [Say("Let me", [PODS], cut_after=3)], (FAILED,), 2),
    Scene("cut in a tool call", [Say("", [INVESTIGATE], cut_after=4)], (FAILED,), 2),
    Scene("cut after results", [LOOK, Say("It", cut_after=2)], PARTIAL, told=BY_RULES),
    Scene("cut in a long answer", [Say(LONG, cut_after=60)], PARTIAL, told=("goes on",)),
    Scene("an error in the stream", [Say("x", error_after=1, error="api_error"), GOOD]),
    Scene("HTML instead of events", [Say(raw="<html>busy</html>")], (FAILED,), 2),
    Scene("half an event", [LOOK, Say(raw="data: {half\n\n")], PARTIAL, told=BY_RULES),
    Scene("nothing at all", [Say(raw="")], (FAILED,), 2),
)

ARGUMENTS = (
    Scene("no JSON", [Say("", [(PODS[0], "namespace is shop")]), GOOD]),
    Scene("half a JSON object", [Say("", [(PODS[0], '{"namespace": "sh')]), GOOD]),
    Scene("a list", [Say("", [(PODS[0], '["shop"]')]), GOOD]),
    Scene("wrong types", [Say("", [("kubernetes_get_logs", {"tail": "many"})]), GOOD]),
    Scene("made-up names", [Say("", [(PODS[0], {"ns": "shop", "all": True})]), GOOD]),
    Scene("half a JSON for ever", [Say("", [(PODS[0], '{"namespace": "sh')])], ("tool_limit",), 5),
)

TOOLS = (
    Scene("an unknown tool", [Say("", [("kubectl_get", {"what": "pods"})]), GOOD]),
    Scene("a tool of another subagent", [Say("", [("knowledge_search", {"query": "x"})]), GOOD]),
    Scene("a tool that changes", [Say("", [("autofix_apply", {"plan_id": "fix-1"})]), GOOD]),
    Scene(
        "unknown tools for ever", [Say("", [("shell", {"run": "ls"})])], ("tool_limit", FAILED), 5
    ),
    Scene("calls without ids", [Say("", [PODS], no_ids=True), GOOD]),
    Scene("two calls at once", [Say("", [PODS, INVESTIGATE]), GOOD], told=(ANSWERED,)),
    Scene("the same call five times at once", [Say("", [PODS] * 5), GOOD], (WHOLE, "tool_limit")),
    Scene("good and bad calls at once", [Say("", [PODS, ("nope", {}), (PODS[0], "{")]), GOOD]),
    Scene(
        "forty calls at once",
        [Say("", [(PODS[0], {"namespace": f"n{n}"}) for n in range(40)]), GOOD],
        ("tool_limit",),
    ),
)

LOOPS = (
    Scene("the same call for ever", [LOOK], ("tool_limit",), 4, told=BY_RULES),
    Scene(
        "two calls in turn for ever",
        [Say("", [PODS]), Say("", [INVESTIGATE])] * 12,
        ("tool_limit",),
        6,
    ),
    Scene("other numbers for ever", [_logs(n) for n in range(1, 60)], ("tool_limit",), 10),
    Scene("other names for ever", [_page(n) for n in range(60)], ("tool_limit",), 19),
    Scene(
        "spelt otherwise for ever",
        [Say("", [(PODS[0], {"namespace": " " * n + "shop"})]) for n in range(20)],
        ("tool_limit",),
        5,
    ),
)

REFUSALS = (
    Scene("a refusal", [Say("", declines=True)], (FAILED,), 1, told=("declined",)),
    Scene("a refusal in words", [Say("I cannot help with that.", declines=True)], (FAILED,), 1),
    Scene("a refusal after results", [LOOK, Say("", declines=True)], PARTIAL, 2, told=BY_RULES),
    Scene(
        "a refusal, then another model", [Say("", declines=True)], second=[GOOD], told=(ANSWERED,)
    ),
)

RATES = (
    Scene("429", [Say(status=429), GOOD], told=(ANSWERED,)),
    Scene("429 with Retry-After", [Say(status=429, retry_after="0.2"), GOOD], told=(ANSWERED,)),
    Scene("429 for ever", [Say(status=429)], (FAILED,), 2, told=("fewer requests",)),
    Scene("429 for an hour", [Say(status=429, retry_after="3600")], (FAILED,), 1, rests=True),
    Scene("429 for an hour, another model", [Say(status=429, retry_after="3600")], second=[GOOD]),
    Scene("429 after results", [LOOK, Say(status=429)], PARTIAL, 3, told=BY_RULES),
    Scene("no credit", [Say(status=429, error="insufficient_quota")], (FAILED,), 2),
    Scene("overloaded", [Say(status=529), GOOD], told=(ANSWERED,)),
    Scene("a server's error for ever", [Say(status=500)], (FAILED,), 2),
    Scene("a wrong key", [Say(status=401)], (FAILED,), 1, told=("accept the key",)),
)

SIZES = (
    Scene("too long at once", [Say(status=400, error="too_long")], (FAILED,), 1, told=("longer",)),
    Scene("too long after results", [LOOK, Say(status=400, error="too_long")], PARTIAL, 2),
    Scene("too long, another model", [Say(status=400, error="too_long")], second=[GOOD]),
    Scene(
        "more tokens than allowed",
        [Say("", [PODS], input_tokens=9_000), GOOD],
        ("token_limit",),
        1,
        limits=replace(SHORT, tokens=5_000),
    ),
)

SILENCE = (
    Scene("nothing once", [Say(""), GOOD], told=(ANSWERED,)),
    Scene("nothing for ever", [Say("")], (FAILED,), 2, told=("nothing",)),
    Scene("blanks for ever", [Say("  \n ")], (FAILED,), 2),
    Scene("nothing after results", [LOOK, Say("")], PARTIAL, 3, told=BY_RULES),
    Scene("silence", [Say("Late.", pause_s=30)], (FAILED,), 1, timeout_s=0.5),
    Scene(
        "silence after results",
        [LOOK, Say("Late.", pause_s=30)],
        PARTIAL,
        2,
        timeout_s=0.5,
        told=BY_RULES,
    ),
    Scene("silence, another model", [Say("Late.", pause_s=30)], second=[GOOD], timeout_s=0.5),
    Scene(
        "words that never end",
        [LOOK, Say(LONG * 50, drip_s=0.02)],
        ("time_limit",),
        2,
        limits=replace(SHORT, time_s=8),
        told=("goes on",),
    ),
    Scene(
        "all the time gone",
        [LOOK, Say("Late.", pause_s=30)],
        ("time_limit",),
        2,
        limits=replace(SHORT, time_s=3),
        timeout_s=60,
        told=BY_RULES,
        language="zh",
    ),
)

CLAIMS = (
    Scene(
        "a claim without a number", [LOOK, Say("checkout is OOMKilled.")], marked=("OOMKilled.",)
    ),
    Scene(
        "claims in a list",
        [LOOK, Say("It began [1].\n\n- checkout restarted 9 times\n- cart is well [2]")],
        marked=("restarted 9 times",),
    ),
    Scene("a number nobody gave", [Say("It is the ledger team [97].")], untold=("[97]",)),
    Scene("a claim from nothing", [Say("Memory is at 97 %.")], marked=("Memory is at 97 %.",)),
    Scene(
        "a claim in Chinese",
        [LOOK, Say("checkout 的内存只有 256Mi。")],
        marked=("只有 256Mi。",),
        language="zh",
    ),
    Scene("a change not made", [LOOK, Say("I restarted checkout [1].")], marked=("checkout [1].",)),
    Scene(
        "a change not made, in Chinese",
        [LOOK, Say("我已重启 checkout [1]。")],
        marked=("checkout [1]。",),
        language="zh",
    ),
    Scene(
        "an address nobody gave",
        [LOOK, Say("See [here](https://collect.evil.example/?d=shop) [1].")],
        untold=("collect.evil",),
    ),
    Scene("data marks in the answer", [Say("</tool_data> All is well.")], told=("All is well.",)),
)

LOOKING: tuple[Scene, ...] = (
    *STREAMS,
    *ARGUMENTS,
    *TOOLS,
    *LOOPS,
    *REFUSALS,
    *RATES,
    *SIZES,
    *SILENCE,
    *CLAIMS,
)
