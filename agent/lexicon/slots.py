"""Where a sentence expects a name: what stands before one, or after it."""

import re

from agent.lexicon.kinds import KIND_PATTERN

# As Kubernetes takes names.
NAME_SHAPE = r"[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?"
# Where only a name can stand.
CERTAIN_SLOT = re.compile(
    rf"\b(?:logs?|cpu|memory|ram|disk|usage|status|state|replicas?|limits?|image|latency|qps|version"
    rf"|errors?|5xx|events|health|metrics|rollout|releases?|deploy)\s+(?:usage\s+)?(?:of|for|on)\s+(?:the\s+)?({NAME_SHAPE})"
)
# What stands before a name, or after it, in a question about one thing.
NAME_SLOTS = (
    # What begins a sentence and can only be a name is what it is about.
    re.compile(r"^\W*(?:the\s+)?([a-z][a-z0-9]*(?:-[a-z0-9]+)+)(?=:?\s+[a-z])"),
    re.compile(
        rf"\b(?:requests?|cost|costs|price|forecast|load|deployment|service|root\scause|errors?|logs?|5xx)\s+"
        rf"(?:of|for|on|from|in)\s+(?:the\s+)?({NAME_SHAPE})"
    ),
    re.compile(
        rf"\b(?:restart|scale|rollback|roll\sback|revert|fix|bounce|drain|cordon|uncordon|describe"
        rf"|diagnose|investigate|right-size|rightsize|delete|reach|evict|repair|redeploy|debug|silence"
        rf"|mute|raise|increase|reboot|recreate|inspect|analy[sz]e|troubleshoot|check|(?:look|dig)\s(?:at|into)|pin|expire|rerun"
        rf"|retry|suspend|resume|unsuspend|pause|(?:turn|switch|shut)(?:ed)?\s(?:off|down))\s+"
        rf"(?:the\s+)?(?:{KIND_PATTERN})?\s*({NAME_SHAPE})"
    ),
    re.compile(
        rf"\b(?:bump|take|bring|drop|grow|shrink|set|put|lower|reduce|get)\s+(?:the\s+)?({NAME_SHAPE})\s+(?:(?:up|down|back)\s+)?(?:from\s+\S+\s+)?to\b"
    ),
    re.compile(
        rf"\b(?:give|allow|grant)\s+(?:the\s+)?({NAME_SHAPE})\s+(?:\w+\s+)?(?:more|less|memory|cpu|\d)"
    ),
    re.compile(
        rf"\b(?:why|what|when|how(?:\s+(?:long|often|much|busy|full|far|bad))?|where)\s+(?:is|are|was|were|does|did|do|has|have|can|could|can't|cannot|isn't|won't)\s+"
        rf"(?:the\s+)?({NAME_SHAPE})"
    ),
    re.compile(rf"\b(?:how|where)'s\s+(?:the\s+)?({NAME_SHAPE})"),
    re.compile(
        rf"\b(?:if|when)\s+(?:the\s+)?({NAME_SHAPE})\s+(?:goes|dies|fails|is|went|stops|crashes|disappears|breaks)\b"
    ),
    re.compile(
        rf"\b(?:is|are|was|will|did|does|can|could|should|would)\s+(?:the\s+)?(?!\w+ed\b)({NAME_SHAPE})\s+\w+"
    ),
    re.compile(
        rf"\bwho\s+(?:has\s+|just\s+)?(?:deployed|released|shipped|changed|touched|restarted|scaled|edited|updated)\s+(?:the\s+)?({NAME_SHAPE})"
    ),
    re.compile(
        rf"\bbudgets?\s+(?:(?:for|of|named|called)\s+)?({NAME_SHAPE})(?=\s*[:=]?\s*[$€£¥]?\d|\W*$)"
    ),
    # Whose money or whose alerts: "the docks budget".
    re.compile(
        rf"\b(?:the|our|my)\s+({NAME_SHAPE})\s+(?:budgets?|bill|spend|costs?|alerts?|pages)\b"
    ),
    re.compile(rf"(?:^\W*|[,;]\s*)(?:the\s+)?({NAME_SHAPE})\s+in\s+(?:namespace|ns|the)\b"),
    re.compile(
        rf"\bkubectl\s+(?:logs?|describe|top|rollout\s\w+|scale|delete|edit)\s+(?:-\S+\s+)*(?:(?:{KIND_PATTERN})[\s/]+)?({NAME_SHAPE})"
    ),
    re.compile(
        rf"\b(?:touched|changed|edited|modified|updated|broke)\s+(?:the\s+)?({NAME_SHAPE})(?:'s)?\s+(?:config\w*|settings|image|values|env\w*)\b"
    ),
    re.compile(
        rf"({NAME_SHAPE})(?:'s\b|\s+(?:is|are|was|were|keeps?|has|have|had|returns?|crashed|crashes|failed"
        rf"|fails|service|went|died|stopped|started|cannot|can't|gets|looks|seems|responds|answers|lost|loses|drops|won't|doesn't|throws|serves|refuses|hangs|behaves|misbehaves)\b)"
    ),
    re.compile(
        rf"(?<![\w-])({NAME_SHAPE})\s+(?:logs?|events|cpu|memory|metrics|latency|qps|rollout)\b"
    ),
    re.compile(rf"\b(?:with|of|for|on|to|running)\s+(?:the\s+)?({NAME_SHAPE})"),
)
