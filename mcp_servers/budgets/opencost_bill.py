"""A bill out of the figures of an OpenCost, in the words that spend is told in."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from decimal import Decimal

from mcp_servers.budgets.gathering import HOUR, Gathered
from mcp_servers.engines.allocation import Allocation, Share
from mcp_servers.facts.kubernetes import Ref
from mcp_servers.facts.money import NOTHING, Allocated, PriceBook, Rates

SOURCE = "OpenCost"


def allocated(
    rows: Iterable[Allocated], currency: str, start: datetime, end: datetime
) -> tuple[Gathered, Allocation]:
    """Pods by their workload. Idle is never below 0: then the parts are the whole bill.

    The hours that are known are those of the row that was there longest.
    """
    found: dict[Ref, Share] = {}
    idle, hours = NOTHING, 0.0
    for one in rows:
        hours = max(hours, one.hours)
        if one.workload is None:
            idle += one.cpu + one.memory + one.gpu + one.other
        else:
            found[one.workload] = _added(found.get(one.workload), one.workload, one)
    shares = tuple(found.values())
    idle = max(idle, NOTHING)
    bill = sum((one.own for one in shares), NOTHING) + idle
    wanted = round((end - start) / HOUR)
    seen = tuple(end - HOUR * i for i in range(min(round(hours), wanted)))[::-1]
    prices = PriceBook(SOURCE, end.date(), currency, Rates(Decimal(0), Decimal(0)))
    gathered = Gathered((), (), (), NOTHING, wanted, seen, prices)
    return gathered, Allocation(shares, idle, NOTHING, bill)


def _added(old: Share | None, workload: Ref, one: Allocated) -> Share:
    share = old or Share(workload, one.labels)
    return replace(
        share,
        cpu=share.cpu + one.cpu,
        memory=share.memory + one.memory,
        gpu=share.gpu + one.gpu,
        other=share.other + one.other,
        unused=share.unused + one.unused,
        taken=share.taken + one.taken,
    )
