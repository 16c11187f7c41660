"""Recorded metrics with every irregularity that matters, and queries that both must answer alike."""

import math
import random
from collections.abc import Iterator
from itertools import product, repeat
from pathlib import Path

START_S = 1_700_000_000
END_S = START_S + 3 * 3600

# A step that is no multiple of any scrape interval, so that windows end everywhere.
STEP_S = 97

SERVICES = ("cart", "checkout", "search")


def write_metrics(path: Path, *, seed: int = 7) -> None:
    """Three hours of counters that reset, gauges with gaps, histograms, and odd numbers."""
    path.write_text("\n".join([*_families(random.Random(seed)), "# EOF", ""]))  # noqa: S311 - the same each time


def _families(chance: random.Random) -> Iterator[str]:
    yield from _counters(chance)
    yield from _gauges(chance)
    yield "# TYPE latency_seconds histogram"
    for service in ("cart", "search"):
        yield from _histogram(chance, service)


def _counters(chance: random.Random) -> Iterator[str]:
    yield "# TYPE requests counter"
    for service, code in product(SERVICES, ("200", "404", "500")):
        labels = f'service="{service}",code="{code}",zone="{"a" if code == "200" else "b"}"'
        yield from _samples(chance, f"requests_total{{{labels}}}", _counter(chance), 15)
    yield "# TYPE restarts counter"
    for pod in range(4):
        rare = _counter(chance, often=0.02, step=1)
        yield from _samples(chance, f'restarts_total{{pod="p{pod}"}}', rare, 60)


def _gauges(chance: random.Random) -> Iterator[str]:
    yield "# TYPE memory_bytes gauge"
    for pod in range(6):
        labels = f'pod="p{pod}",service="{SERVICES[pod % 3]}"'
        yield from _samples(chance, f"memory_bytes{{{labels}}}", _walk(chance), 30, gaps=pod > 2)
    yield "# TYPE limit_bytes gauge"
    for pod in range(5):
        yield from _samples(chance, f'limit_bytes{{pod="p{pod}"}}', repeat(3e8 + pod * 1e7), 60)
    yield "# TYPE service_info gauge"
    for service in SERVICES:
        labels = f'service="{service}",team="{service[0]}-team",tier="{len(service)}"'
        yield from _samples(chance, f"service_info{{{labels}}}", repeat(1.0), 60)
    yield "# TYPE odd gauge"
    for number in range(3):
        yield from _samples(chance, f'odd{{n="{number}"}}', _odd(chance), 45, gaps=True)
    yield "# TYPE up gauge"
    for job in ("api", "db"):
        yield from _samples(chance, f'up{{job="{job}",instance="{job}:80"}}', _flapping(chance), 30)


def _samples(
    chance: random.Random, series: str, values: Iterator[float], every_s: int, *, gaps: bool = False
) -> Iterator[str]:
    """Scrapes with a little jitter; some are missed, and with `gaps` some minutes are."""
    at, late = START_S + chance.randrange(every_s), 0.0
    while at < END_S:
        late = chance.choice((0.0, 0.0, 0.003, 0.25))
        value = next(values)
        if chance.random() > 0.03:
            yield f"{series} {_text(value)} {at + late:.3f}"
        at += every_s
        if gaps and chance.random() < 0.01:
            at += chance.choice((200, 290, 310, 1000))


def _histogram(chance: random.Random, service: str) -> Iterator[str]:
    bounds = ("0.05", "0.1", "0.25", "0.5", "1.0", "2.5", "+Inf")
    counts, lines = [0] * len(bounds), list[list[str]]([] for _ in bounds)
    for at in range(START_S, END_S, 30):
        for _ in range(chance.randrange(40)):
            took = chance.lognormvariate(-1.5, 1)
            for row, bound in enumerate(bounds):
                counts[row] += took <= float(bound)
        for row, bound in enumerate(bounds):
            labels = f'service="{service}",le="{bound}"'
            lines[row].append(f"latency_seconds_bucket{{{labels}}} {counts[row]} {at}")
    for row in lines:
        yield from row
    yield f'latency_seconds_count{{service="{service}"}} {counts[-1]} {END_S}'
    yield f'latency_seconds_sum{{service="{service}"}} {counts[-1] * 0.3} {END_S}'


def _counter(chance: random.Random, *, often: float = 0.8, step: float = 7.5) -> Iterator[float]:
    total = chance.choice((0.0, 3.0, 1e6))
    while True:
        yield total
        total += step * chance.randrange(1, 5) if chance.random() < often else 0.0
        if chance.random() < 0.004:
            total = chance.choice((0.0, 12.5))


def _walk(chance: random.Random) -> Iterator[float]:
    value = 2e8
    while True:
        yield value
        value += chance.gauss(0, 4e6)


def _odd(chance: random.Random) -> Iterator[float]:
    while True:
        yield chance.choice((math.nan, math.inf, -math.inf, 0.0, -3.5, 1e-9, 12.0, 12.0, 0.1))


def _flapping(chance: random.Random) -> Iterator[float]:
    while True:
        yield float(chance.random() > 0.1)


def _text(value: float) -> str:
    return repr(value) if math.isfinite(value) else f"{value:+}".title().replace("+Nan", "NaN")


WINDOWS = """
rate(requests_total[5m])
rate(requests_total[30s])
rate(requests_total[1h])
rate(restarts_total[10m])
irate(requests_total[2m])
increase(requests_total[7m])
increase(restarts_total[1h])
increase(requests_total{code=~"4..|5.."}[10m] offset 13m)
delta(memory_bytes[10m])
delta(odd[10m])
idelta(memory_bytes[3m])
deriv(memory_bytes[15m])
deriv(limit_bytes[15m])
deriv(odd[10m])
predict_linear(odd[3m], 60)
predict_linear(memory_bytes[20m], 3600)
predict_linear(memory_bytes[20m] offset 5m, 600)
holt_winters(memory_bytes[10m], 0.5, 0.1)
holt_winters(odd[10m], 0.9, 0.9)
changes(up[10m])
changes(odd[20m])
resets(requests_total[1h])
resets(memory_bytes[10m])
avg_over_time(memory_bytes[5m])
avg_over_time(odd[2m])
min_over_time(memory_bytes[5m])
max_over_time(memory_bytes[5m])
max_over_time(odd[5m])
min_over_time(odd[5m])
sum_over_time(up[17m])
sum_over_time(odd[1m])
count_over_time(requests_total[11m])
last_over_time(memory_bytes[10m])
quantile_over_time(0.9, memory_bytes[10m])
quantile_over_time(0.5, odd[7m])
quantile_over_time(-1, memory_bytes[5m])
quantile_over_time(1.5, memory_bytes[5m])
stddev_over_time(memory_bytes[10m])
stdvar_over_time(memory_bytes[10m])
stddev_over_time(limit_bytes[10m])
present_over_time(odd[3m])
absent_over_time(memory_bytes{pod="p5"}[2m])
absent_over_time(nothing{a="b",c=~"d"}[5m])
"""

SELECTORS = """
up
memory_bytes
odd
requests_total{service="cart"}
requests_total{service!="cart",code=~"4.*"}
requests_total{service!~"cart|search"}
requests_total{missing=""}
{__name__=~"memory_bytes|limit_bytes",pod="p1"}
memory_bytes{pod=~"[[:alpha:]][[:digit:]]"}
memory_bytes{pod=~"(?i)P[1-3]"}
memory_bytes{service=~"c(?:art|heckout)",pod!~"p[^0-2]"}
{service="cart",code="200"}
memory_bytes offset 10m
memory_bytes offset -10m
memory_bytes @ 1700003600
memory_bytes @ 1700003600 offset 5m
memory_bytes @ start()
memory_bytes @ end()
rate(requests_total[5m] @ 1700005000)
requests_total{code=~"2.."} @ end() offset 1h
nothing
"""

AGGREGATIONS = """
sum(requests_total)
sum by (service) (rate(requests_total[5m]))
sum without (code) (rate(requests_total[5m]))
sum by (service, zone) (requests_total)
sum by (missing) (requests_total)
sum(odd)
avg(memory_bytes)
avg by (service) (memory_bytes)
min by (service) (memory_bytes)
max by (service) (memory_bytes)
min(odd)
max(odd)
count(memory_bytes)
count by (service) (memory_bytes)
group by (service) (memory_bytes)
stddev(memory_bytes)
stdvar by (service) (memory_bytes)
stddev(limit_bytes)
stddev by (n) (odd)
quantile(0.9, memory_bytes)
quantile by (service) (0.25, memory_bytes)
quantile(2, memory_bytes)
topk(2, memory_bytes)
topk by (service) (1, memory_bytes)
topk(0, memory_bytes)
bottomk(3, memory_bytes)
bottomk by (service) (1, rate(requests_total[5m]))
count_values("v", up)
count_values by (job) ("v", up)
count_values without (pod) ("bytes", limit_bytes)
sum by (__name__) ({__name__=~"up|service_info"})
topk(scalar(vector(2)), memory_bytes)
"""

OPERATORS = """
1 + 2 * 3 ^ 2 % 5
1 / 0
-1 % 3
2 > bool 1
memory_bytes / limit_bytes
memory_bytes / 1024
1024 * memory_bytes
memory_bytes / on (pod) limit_bytes
memory_bytes / ignoring (service) limit_bytes
memory_bytes / ignoring (service) group_left () limit_bytes
memory_bytes * on (service) group_left (team, tier) service_info
service_info * on (service) group_right (team) memory_bytes
sum by (service) (rate(requests_total{code=~"5.."}[5m])) / sum by (service) (rate(requests_total[5m]))
rate(requests_total{code="500"}[5m]) / ignoring (code, zone) rate(requests_total{code="200"}[5m])
sum without (code) (rate(requests_total{zone="b"}[5m])) / ignoring (zone) sum without (code) (rate(requests_total{zone="a"}[5m]))
rate(requests_total[5m]) / ignoring (code, zone) group_left sum by (service) (rate(requests_total[5m]))
memory_bytes > 2e8
memory_bytes > bool 2e8
2e8 < memory_bytes
memory_bytes != memory_bytes
odd == odd
odd > 0
memory_bytes > on (pod) limit_bytes
memory_bytes < on (pod) group_left limit_bytes
memory_bytes < bool on (pod) limit_bytes
memory_bytes and on (pod) limit_bytes
memory_bytes unless on (pod) limit_bytes
limit_bytes or memory_bytes
limit_bytes or on (pod) memory_bytes
up == 0 or up
memory_bytes and (memory_bytes > 2e8)
memory_bytes unless (memory_bytes > 2e8)
-memory_bytes
memory_bytes - memory_bytes offset 10m
memory_bytes % 1000
2 ^ up
up atan2 limit_bytes
(memory_bytes > 2.1e8) / 2
vector(1) or up
"""

FUNCTIONS = """
abs(delta(memory_bytes[5m]))
ceil(memory_bytes / 1e6)
floor(memory_bytes / 1e6)
round(memory_bytes / 1e6)
round(memory_bytes, 5000)
round(odd, 0.3)
clamp(memory_bytes, 1.9e8, 2.1e8)
clamp(memory_bytes, 2, 1)
clamp_min(memory_bytes, 2e8)
clamp_max(odd, NaN)
clamp(odd, NaN, 5)
sgn(odd)
sqrt(odd)
ln(odd)
exp(odd)
sort(limit_bytes)
sort_desc(memory_bytes)
scalar(up{job="api"})
scalar(up)
vector(time())
time()
timestamp(memory_bytes)
timestamp(memory_bytes offset 3m)
timestamp(-memory_bytes)
timestamp(memory_bytes @ end() offset -2m)
absent(up)
absent(nothing)
absent(nothing{a="b",c=~"d",e="f",e="g"})
absent(memory_bytes{pod="p4"})
absent(sum(nothing))
hour()
minute(vector(1700000000))
day_of_week()
day_of_month(vector(1709164800))
day_of_year(vector(1709164800))
days_in_month(vector(1709164800))
month(vector(1709164800))
year(vector(1709164800))
label_replace(up, "host", "$1", "instance", "(.*):.*")
label_replace(up, "host", "${1}-$2-$$", "instance", "(.*):(.*)")
label_replace(up, "job", "", "job", "a.*")
label_replace(up, "x", "y", "missing", "")
label_replace(up, "x", "y", "job", "no")
label_join(requests_total, "both", "/", "service", "code")
label_join(up, "none", "-", "missing")
histogram_quantile(0.95, rate(latency_seconds_bucket[5m]))
histogram_quantile(0.5, sum by (le) (rate(latency_seconds_bucket[10m])))
histogram_quantile(0.999, latency_seconds_bucket)
histogram_quantile(0, latency_seconds_bucket)
histogram_quantile(1, latency_seconds_bucket)
histogram_quantile(-1, latency_seconds_bucket)
histogram_quantile(2, latency_seconds_bucket)
histogram_quantile(0.9, latency_seconds_bucket{le!="+Inf"})
histogram_quantile(0.9, memory_bytes)
pi()
"""

SUBQUERIES = """
max_over_time(rate(requests_total[5m])[30m:1m])
avg_over_time(memory_bytes[10m:45s])
min_over_time(sum(memory_bytes)[20m:])
rate(requests_total[5m:15s])
deriv(rate(requests_total[2m])[10m:30s])
count_over_time((up == 1)[30m:30s] offset 10m)
sum_over_time(max_over_time(up[2m])[10m:1m])
max_over_time(memory_bytes[10m:1m] @ 1700005000)
quantile_over_time(0.5, (memory_bytes > 2e8)[15m:20s])
max_over_time(memory_bytes[30s:97s])
"""

REFUSED = """
memory_bytes / on (service) limit_bytes
requests_total / on (service) up
service_info / on (service) memory_bytes
memory_bytes * on (service) group_left requests_total
label_replace(requests_total, "code", "", "code", ".*")
label_replace(up, "x y", "$1", "job", "(.*)")
label_join(up, "x y", "-", "job")
count_values("x y", up)
sum by (pod) (memory_bytes) + on () group_left memory_bytes
{__name__=~"up|odd|limit_bytes"} * 2
topk(scalar(nothing), up)
topk(1e30, up)
holt_winters(up[5m], 1, 0.5)
holt_winters(up[5m], 0.5, 0)
"""

# Whose order over a single step is part of the answer.
ORDERED = """
sort(limit_bytes)
sort_desc(memory_bytes)
sort(odd)
topk(3, memory_bytes)
bottomk(3, memory_bytes)
topk by (service) (2, memory_bytes)
memory_bytes
sum by (service) (memory_bytes)
"""

SAMPLES = """
memory_bytes[5m]
odd[20m] offset 1h
requests_total{service="cart"}[1m] @ 1700005000
rate(requests_total[5m])[10m:1m]
nothing[5m]
"text"
3.25
"""

UNPARSABLE = """
up{
rate(up)
bar(up)
sum(up
1 +
up[5m] + 1
{}
up{job=~"("}
up offset
"""


def cases(*tables: str) -> list[str]:
    return [line for table in tables for line in table.splitlines() if line]


ALL = cases(WINDOWS, SELECTORS, AGGREGATIONS, OPERATORS, FUNCTIONS, SUBQUERIES)
