"""Why a smart function is held back, in words and figures."""

from core.sentences import LANGUAGES, Said, Sentences
from core.storage.flag_records import FlagRow
from mcp_servers.alerting.flag_shapes import FlagTerms, GateTerms

WORDS = Sentences("mcp_servers.alerting", "flags")
BETWEEN = {"en": "; ", "zh": "；"}


def reasons(row: FlagRow) -> Said:
    """What its figures lack, as of the last look; nothing where they lack nothing."""
    gates = FlagTerms.model_validate(row.terms).gates or GateTerms()
    told = [_reason(code, row, gates) for code in row.figures.get("why", ())]
    # Held for as long as it is to be at least, though its figures are good again.
    if row.held and not told:
        told = [WORDS.said("lacks_time", stay=gates.stay)]
    return Said("", {one: BETWEEN[one].join(said.told(one) for said in told) for one in LANGUAGES})


def _reason(code: str, row: FlagRow, gates: GateTerms) -> Said:
    seen = row.figures
    match code:
        case "accuracy":
            facts = {"seen": _share(seen["accuracy"]), "asked": _share(gates.min_accuracy)}
        case "latency":
            facts = {"seen": f"{seen['p95_ms']:.0f}", "asked": f"{gates.max_p95_ms:.0f}"}
        case "failures":
            facts = {"seen": _share(seen["failure_rate"]), "asked": _share(gates.max_failure_rate)}
        case "cost":
            facts = {"seen": f"{seen['cost_usd']:.2f}", "asked": f"{gates.max_cost_usd:.2f}"}
        case "evaluation":
            facts = {"asked": _share(gates.min_accuracy)}
        case _:
            facts = {"asked": str(gates.min_cases)}
    return WORDS.said(f"lacks_{code}", **facts)


def _share(share: float | None) -> str:
    return f"{(share or 0) * 100:.3g} %"
