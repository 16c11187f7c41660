"""How the services talk: structured and plain lines, mostly noise."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from random import Random
from typing import Any

from tools.stories.world import Line, World

Json = dict[str, Any]

# What each service says all day. Braces are filled by `_filled`.
SAYINGS: dict[str, Sequence[str]] = {
    "storefront": (
        '{"level":"info","msg":"page served","path":"/","status":200,"duration_ms":{ms}}',
        '{"level":"info","msg":"page served","path":"/lamps/{sku}","status":200,"duration_ms":{ms}}',
        '{"level":"info","msg":"page served","path":"/cart","status":200,"duration_ms":{ms}}',
        '{"level":"debug","msg":"template cache refreshed","entries":{n}}',
    ),
    "mobile-api": (
        '{"level":"info","msg":"GET /v3/items","status":200,"duration_ms":{ms},"app":"ios"}',
        '{"level":"info","msg":"GET /v3/items","status":200,"duration_ms":{ms},"app":"android"}',
        '{"level":"info","msg":"push token stored","device":"d-{n}"}',
    ),
    "cart": (
        "INFO  cart {cart} loaded: {n} lines",
        "INFO  cart {cart} item {sku} added",
        "INFO  expired carts swept: {n}",
    ),
    "catalog": (
        'level=info msg="item read" sku={sku} cache=hit took={ms}ms',
        'level=info msg="item read" sku={sku} cache=miss took={ms}ms',
        'level=info msg="search index age" seconds={n}',
    ),
    "recommendation": (
        "[recommend] scored {n} candidates for {sku} in {ms} ms",
        "[recommend] model lamps-2026-10 in use",
    ),
    "checkout": (
        '{"level":"info","msg":"order accepted","order":"{order}","total_eur":{n},"duration_ms":{ms}}',
        '{"level":"info","msg":"price looked up","sku":"{sku}","source":"index"}',
        '{"level":"info","msg":"payment reserved","order":"{order}","ledger_ms":{ms}}',
    ),
    "ledger": (
        "INFO  ledger entry written account=4{n} order={order} took={ms}ms",
        "INFO  balance check passed account=4{n}",
        "INFO  batch {n} sealed",
    ),
    "postgres": (
        "LOG:  checkpoint starting: time",
        "LOG:  checkpoint complete: wrote {n} buffers (0.4%); 0 WAL file(s) added, 0 removed",
        'LOG:  automatic vacuum of table "orders.public.lines": index scans: 1',
    ),
    "search-api": (
        '{"level":"info","msg":"query answered","hits":{n},"took_ms":{ms}}',
        '{"level":"info","msg":"query answered","hits":{n},"took_ms":{ms},"cached":true}',
        '{"level":"debug","msg":"shard checked","shard":{n}}',
    ),
    "quotes": (
        'level=info msg="rate quoted" parcel={order} carrier=northpost took={ms}ms',
        'level=info msg="rate table fresh" rows={n}',
    ),
    "booking": (
        "INFO  label printed for parcel {order}",
        "INFO  pickup slot {n} confirmed",
        "INFO  depot sync done in {ms} ms",
    ),
}


# What the others say.
PLAIN = (
    "INFO request handled in {ms} ms",
    "INFO request handled in {ms} ms, {n} rows",
    "DEBUG pool: {n} idle connections",
)


def _filled(saying: str, random: Random) -> str:
    values = {
        "ms": random.randint(4, 190),
        "n": random.randint(11, 640),
        "sku": f"LL-{random.randint(1000, 9899)}",
        "order": f"o-{random.randint(700_000, 799_999)}",
        "cart": f"c{random.getrandbits(28):07x}",
    }
    for name, value in values.items():
        saying = saying.replace(f"{{{name}}}", str(value))
    return saying


def chatter(
    world: World, speaker: str, seed: str, since: datetime, until: datetime, every_s: float = 70
) -> list[Line]:
    """What `speaker` says when nothing is the matter."""
    random = world.random("chatter", seed)
    at, lines = since, list[Line]()
    while (at := at + timedelta(seconds=random.uniform(0.3, 1.7) * every_s)) < until:
        lines.append((at, _filled(random.choice(SAYINGS.get(speaker, PLAIN)), random)))
    return lines


def repeated(
    world: World, seed: str, since: datetime, until: datetime, every_s: float, text: str
) -> list[Line]:
    """The same complaint again and again; placeholders as in `SAYINGS`."""
    random = world.random("repeated", seed, text)
    at, lines = since, list[Line]()
    while (at := at + timedelta(seconds=random.uniform(0.4, 1.6) * every_s)) < until:
        lines.append((at, _filled(text, random)))
    return lines


def fields(level: str, text: str, **more: object) -> str:
    """A structured line as the Go services write it."""
    return json.dumps({"level": level, "msg": text, **more}, separators=(",", ":"))


def tell_pod(world: World, pod: Json, *, since: str = "24m", extra: Sequence[Line] = ()) -> None:
    """The log of a pod that runs: chatter and what else it has to say."""
    box = pod["spec"]["containers"][0]["name"]
    started = datetime.fromisoformat(pod["metadata"]["creationTimestamp"]) + timedelta(seconds=4)
    begin = max(started, world.ago(since))
    lines = chatter(world, box, pod["metadata"]["name"], begin, world.captured_at)
    world.log(pod, box, [*lines, *extra])
