"""Rules over a service level objective: how fast its error budget burns, over a long and a short window each.

The windows and shares of the budget are those of the "multiwindow, multi-burn-rate alerts" of Google's SRE
workbook (chapter 5): 2 % in an hour or 5 % in six are worth a page, 10 % in a day or in three a ticket.
A budget of 30 days gives the factors 14.4, 6, 3 and 1 that are known from there.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mcp_servers.facts.slo import Burn, BurnAlert, Slo

WINDOW = "$window"
BURNS = (
    Burn("page", "1h", 1, "5m", 0.02),
    Burn("page", "6h", 6, "30m", 0.05),
    Burn("ticket", "1d", 24, "2h", 0.10),
    Burn("ticket", "3d", 72, "6h", 0.10),
)
WINDOWS = ("5m", "30m", "1h", "2h", "6h", "1d", "3d")
SEVERITY = {"page": "critical", "ticket": "warning"}


@dataclass(frozen=True, slots=True)
class Ruled:
    """`alerts` say what each condition means; `rules` are recording and alerting rules as Prometheus reads them."""

    alerts: tuple[BurnAlert, ...]
    rules: tuple[dict[str, Any], ...]


def burn_alerts(slo: Slo) -> tuple[BurnAlert, ...]:
    """What each condition watches for. The factor is how many times as fast as allowed the budget burns."""
    found: list[BurnAlert] = []
    for one in BURNS:
        factor = round(one.share * slo.days * 24 / one.long_h, 4)
        found.append(BurnAlert(one, factor, float(f"{factor * (1 - slo.objective):.6g}")))
    return tuple(found)


def too_low_for(slo: Slo) -> bool:
    """Whether an alert could not fire though every request failed."""
    return any(one.threshold >= 1 for one in burn_alerts(slo))


def error_ratio(slo: Slo, window: str) -> str:
    """0 to 1, also where nothing ever failed and no series says so yet."""
    errors, total = (text.replace(WINDOW, window) for text in (slo.errors, slo.total))
    return f"(({errors}) or ({total}) * 0) / ({total})"


def ruled(slo: Slo) -> Ruled:
    """The ratio recorded over each window, and alerts over what is recorded."""
    alerts = burn_alerts(slo)
    of_slo = {"slo": slo.name}
    recorded: list[dict[str, Any]] = [
        {"record": recorded_as(window), "expr": error_ratio(slo, window), "labels": dict(of_slo)}
        for window in WINDOWS
    ]
    told: list[dict[str, Any]] = [
        {
            "alert": "ErrorBudgetBurnsFast" if kind == "page" else "ErrorBudgetBurnsSlowly",
            "expr": condition(
                [one for one in alerts if one.burn.kind == kind],
                lambda window: f'{recorded_as(window)}{{slo="{slo.name}"}}',
            ),
            "for": "2m" if kind == "page" else "15m",
            "labels": {**of_slo, "severity": SEVERITY[kind]},
        }
        for kind in ("page", "ticket")
    ]
    return Ruled(alerts, (*recorded, *told))


def recorded_as(window: str) -> str:
    return f"slo:error_ratio:rate{window}"


def condition(alerts: Sequence[BurnAlert], ratio_over: Callable[[str], str]) -> str:
    """One that holds when the budget burns too fast over a long window, and still does over a short one."""
    parts = [
        f"({ratio_over(one.burn.long)} > {one.threshold:g} "
        f"and {ratio_over(one.burn.short)} > {one.threshold:g})"
        for one in alerts
    ]
    return " or ".join(parts)
