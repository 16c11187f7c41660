"""Queries made by a grammar and a seed, over the metrics of `promql_cases`.

Two evaluators that add numbers in another order differ in the last digits. What makes such digits
visible (rounding, comparing, subtracting, ranking) is therefore only put around `exact` values,
which are samples or counts; `real` values are made by anything, and combined by what is smooth.
"""

import random
from collections.abc import Callable, Iterator, Sequence

LABELS = {
    "requests_total": ("service", "code", "zone"),
    "restarts_total": ("pod",),
    "memory_bytes": ("pod", "service"),
    "limit_bytes": ("pod",),
    "service_info": ("service", "team", "tier"),
    "odd": ("n",),
    "up": ("job", "instance"),
}
VALUES = {
    "service": ("cart", "checkout", "search"),
    "code": ("200", "404", "500"),
    "zone": ("a", "b"),
    "pod": ("p0", "p1", "p2", "p3", "p4", "p5"),
    "team": ("c-team", "s-team"),
    "tier": ("4", "6", "8"),
    "n": ("0", "1", "2"),
    "job": ("api", "db"),
    "instance": ("api:80", "db:80"),
}
PATTERNS = ("c.*", "p[0-3]", "4..|5..", ".+", ".*", "", "(?i)CART", "[a-d]+", "p1|p2|", "[^p].*")
RANGES = ("30s", "1m", "97s", "5m", "10m", "1h", "1m30s")
STEPS = ("", "15s", "30s", "1m", "97s")
OFFSETS = ("30s", "5m", "13m", "1h", "-2m", "-10m")
MOMENTS = ("1700003600", "1700005000.5", "start()", "end()", "1700010000")
NUMBERS = ("0", "1", "2", "-1", "0.5", "1e3", "2e8", "0x1F", "Inf", "-Inf", "NaN", "3.25", "1e-9")
LEVELS = ("0", "0.1", "0.5", "0.9", "1", "-1", "1.5", "NaN")

ARITHMETIC = ("+", "-", "*", "/", "%", "^")
SMOOTH = ("*", "/")
COMPARISONS = ("==", "!=", ">", "<", ">=", "<=")
SETS = ("and", "or", "unless")

EXACT_OVER_TIME = ("min", "max", "count", "last", "present")
REAL_OVER_TIME = ("avg", "sum", "stddev", "stdvar")
RATES = ("rate", "increase", "irate", "delta", "idelta", "deriv")
EXACT_AGGREGATIONS = ("min", "max", "count", "group")
REAL_AGGREGATIONS = ("sum", "avg", "stddev", "stdvar")
STEPPED = ("abs", "ceil", "floor", "round", "sgn", "sort", "sort_desc")
CURVES = ("sqrt", "exp", "ln", "log2", "log10", "sin", "cos", "atan", "asinh", "tanh", "rad", "deg")
CALENDAR = (
    "hour",
    "minute",
    "day_of_week",
    "day_of_month",
    "day_of_year",
    "days_in_month",
    "month",
)


class Grammar:
    """One stream of queries; the same seed gives the same."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - tests, not secrets

    def queries(self, count: int) -> Iterator[str]:
        for _ in range(count):
            yield self.any(self.chance.choice((1, 1, 2, 2, 3)))

    def any(self, depth: int) -> str:
        return self._one_of((self.exact, self.exact, self.real, self.real, self.number), depth)

    def _one_of(self, makers: Sequence[Callable[[int], str]], depth: int) -> str:
        return self.chance.choice(makers)(depth)

    # Selectors

    def selector(self, depth: int = 0) -> str:
        return f"{self._series()}{self._moved()}"

    def plain_selector(self) -> str:
        """Without offset and `@`, as in `match[]`."""
        return self._series()

    def _series(self) -> str:
        name = self.chance.choice(list(LABELS))
        matchers = [self._matcher(name) for _ in range(self.chance.choice((0, 0, 1, 1, 2)))]
        if self.chance.random() < 0.1:
            return "{" + ",".join([self._named(name), *matchers]) + "}"
        return f"{name}{{{','.join(matchers)}}}" if matchers else name

    def _named(self, name: str) -> str:
        return self.chance.choice((f'__name__="{name}"', f'__name__=~"{name}|nothing"'))

    def _matcher(self, name: str) -> str:
        label = self.chance.choice((*LABELS[name], *LABELS[name], "missing"))
        if self.chance.random() < 0.5:
            operator, text = self.chance.choice(("=", "!=")), self._value(label)
        else:
            operator = self.chance.choice(("=~", "!~"))
            text = self.chance.choice((*PATTERNS, self._value(label)))
        return f'{label}{operator}"{text}"'

    def _value(self, label: str) -> str:
        return self.chance.choice((*VALUES.get(label, ()), "", "other"))

    def _moved(self) -> str:
        offset = f" offset {self.chance.choice(OFFSETS)}" if self.chance.random() < 0.15 else ""
        moment = f" @ {self.chance.choice(MOMENTS)}" if self.chance.random() < 0.1 else ""
        return offset + moment if self.chance.random() < 0.5 else moment + offset

    def _range(self, depth: int) -> str:
        length = self.chance.choice(RANGES)
        if depth < 1 or self.chance.random() < 0.7:
            return f"{self._series()}[{length}]{self._moved()}"
        return f"({self.exact(depth - 1)})[{length}:{self.chance.choice(STEPS)}]{self._moved()}"

    # Values that are samples or counts

    def exact(self, depth: int) -> str:
        if depth < 1:
            return self.selector()
        makers = (
            self.selector, self._exact_over_time, self._exact_aggregation, self._stepped,
            self._with_number, self._compared, self._set, self._between, self._relabelled,
            self._ranked, self._clamped, self._counted, self._when, self._absent, self._negated,
        )  # fmt: skip
        return self._one_of(makers, depth)

    def _exact_over_time(self, depth: int) -> str:
        name = self.chance.choice((*(f"{one}_over_time" for one in EXACT_OVER_TIME), "changes"))
        name = "resets" if self.chance.random() < 0.1 else name
        return f"{name}({self._range(depth)})"

    def _exact_aggregation(self, depth: int) -> str:
        return self._grouped(self.chance.choice(EXACT_AGGREGATIONS), self.exact(depth - 1))

    def _grouped(self, operator: str, inner: str, parameter: str = "") -> str:
        inside = f"({parameter}, {inner})" if parameter else f"({inner})"
        modifier = self._grouping()
        if self.chance.random() < 0.5:
            return f"{operator}{modifier}{inside}"
        return f"{operator}{inside}{modifier}"

    def _grouping(self) -> str:
        if self.chance.random() < 0.3:
            return ""
        word = self.chance.choice((" by ", " without "))
        return f"{word}({', '.join(self._some_labels())})"

    def _some_labels(self) -> list[str]:
        return self.chance.sample(list(VALUES), self.chance.choice((0, 1, 1, 2)))

    def _stepped(self, depth: int) -> str:
        name = self.chance.choice(STEPPED)
        nearest = f", {self.chance.choice(('5', '0.3', '100'))}" if name == "round" else ""
        return f"{name}({self.exact(depth - 1)}{nearest})"

    def _with_number(self, depth: int) -> str:
        sides = [self.exact(depth - 1), self.chance.choice(NUMBERS)]
        self.chance.shuffle(sides)
        return f"(({sides[0]}) {self.chance.choice(ARITHMETIC)} ({sides[1]}))"

    def _compared(self, depth: int) -> str:
        operator = self.chance.choice(COMPARISONS) + self.chance.choice(("", " bool"))
        right = self.chance.choice((self.chance.choice(NUMBERS), self.exact(depth - 1)))
        return f"(({self.exact(depth - 1)}) {operator} ({right}))"

    def _set(self, depth: int) -> str:
        operator = self.chance.choice(SETS)
        return f"(({self.exact(depth - 1)}) {operator}{self._matching()} ({self.exact(depth - 1)}))"

    def _matching(self) -> str:
        word = self.chance.choice(("", " on", " ignoring"))
        return f"{word} ({', '.join(self._some_labels())})" if word else ""

    def _between(self, depth: int) -> str:
        """Two vectors of which one may have several for one of the other."""
        left, right = self.selector(), self.exact(depth - 1)
        label = self.chance.choice(("pod", "service", "job", "n"))
        group = self.chance.choice(
            ("", " group_left ()", " group_right ()", f" group_left ({label})")
        )
        operator = self.chance.choice((*ARITHMETIC, *COMPARISONS))
        if group and self.chance.random() < 0.5:
            right = f"max by ({label}) ({right})"
        return f"(({left}) {operator} on ({label}){group} ({right}))"

    def _relabelled(self, depth: int) -> str:
        inner, label = self.exact(depth - 1), self.chance.choice(list(VALUES))
        if self.chance.random() < 0.5:
            return f'label_join({inner}, "both", "-", "{label}", "service")'
        to, text = self.chance.choice((("new", "x-$1"), ("new", "${1}$$"), (label, "")))
        pattern = self.chance.choice(("(.*)", "(.).*", "p(.)", "nothing", ""))
        return f'label_replace({inner}, "{to}", "{text}", "{label}", "{pattern}")'

    def _ranked(self, depth: int) -> str:
        """Memory differs from pod to pod; which of several equals is taken is nobody's promise."""
        operator = self.chance.choice(("topk", "bottomk"))
        return self._grouped(operator, "memory_bytes", self.chance.choice(("1", "2", "-1", "2.7")))

    def _clamped(self, depth: int) -> str:
        first, second = self.chance.choice(NUMBERS), self.chance.choice(NUMBERS)
        bounds = self.chance.choice((("clamp_min", first), ("clamp_max", first)))
        name, text = bounds if self.chance.random() < 0.6 else ("clamp", f"{first}, {second}")
        return f"{name}({self.exact(depth - 1)}, {text})"

    def _counted(self, depth: int) -> str:
        return self._grouped("count_values", self.selector(), '"value"')

    def _when(self, depth: int) -> str:
        """A bare selector has no `@` here: what a real Prometheus then finds hangs on its storage."""
        if self.chance.random() < 0.3:
            return f"timestamp(-({self.exact(depth - 1)}))"
        return f"{self.chance.choice(CALENDAR)}(timestamp({self._series()}))"

    def _absent(self, depth: int) -> str:
        if self.chance.random() < 0.5:
            return f"absent({self.exact(depth - 1)})"
        return f"absent_over_time({self._range(depth)})"

    def _negated(self, depth: int) -> str:
        return f"{self.chance.choice('+-')}({self.exact(depth - 1)})"

    # Values that are computed

    def real(self, depth: int) -> str:
        if depth < 1:
            return f"{self.chance.choice(RATES)}({self._range(0)})"
        makers = (
            self._rate, self._real_over_time, self._real_aggregation, self._curve, self._product,
            self._quantile, self._predicted, self._histogram,
        )  # fmt: skip
        return self._one_of(makers, depth)

    def _rate(self, depth: int) -> str:
        return f"{self.chance.choice(RATES)}({self._range(depth)})"

    def _real_over_time(self, depth: int) -> str:
        if self.chance.random() < 0.2:
            return f"quantile_over_time({self.chance.choice(LEVELS)}, {self._range(depth)})"
        return f"{self.chance.choice(REAL_OVER_TIME)}_over_time({self._range(depth)})"

    def _real_aggregation(self, depth: int) -> str:
        operator = self.chance.choice(REAL_AGGREGATIONS)
        inner = self.exact(depth - 1)
        if operator in ("stddev", "stdvar"):  # which a real Prometheus computes less exactly
            inner = self.selector()
        elif self.chance.random() < 0.4:
            inner = f"rate({self._range(0)})"
        return self._grouped(operator, inner)

    def _curve(self, depth: int) -> str:
        return f"{self.chance.choice(CURVES)}({self.exact(depth - 1)})"

    def _product(self, depth: int) -> str:
        right = self.chance.choice((self.number(0), self.exact(depth - 1)))
        return f"(({self.real(depth - 1)}) {self.chance.choice(SMOOTH)} ({right}))"

    def _quantile(self, depth: int) -> str:
        return self._grouped("quantile", self.exact(depth - 1), self.chance.choice(LEVELS))

    def _predicted(self, depth: int) -> str:
        """Without `@`: over a fixed window a real Prometheus forgets samples from step to step."""
        window = f"{self._series()}[{self.chance.choice(RANGES)}]"
        if self.chance.random() < 0.4:
            return f"holt_winters({window}, 0.{self.chance.randrange(1, 10)}, 0.3)"
        return f"predict_linear({window}, {self.chance.choice(('60', '3600', '-30'))})"

    def _histogram(self, depth: int) -> str:
        buckets = self.chance.choice(
            (
                "latency_seconds_bucket",
                "rate(latency_seconds_bucket[5m])",
                "sum by (le) (rate(latency_seconds_bucket[10m]))",
                'sum by (le, service) (increase(latency_seconds_bucket{le!="0.25"}[10m]))',
            )
        )
        return f"histogram_quantile({self.chance.choice(LEVELS)}, {buckets})"

    # Scalars

    def number(self, depth: int) -> str:
        if depth < 1:
            return self.chance.choice(NUMBERS)
        return self.chance.choice(
            (
                f"scalar({self.exact(depth - 1)})",
                f"vector({self.number(depth - 1)})",
                "time()",
                "pi()",
                f"(({self.number(0)}) {self.chance.choice(ARITHMETIC)} ({self.number(0)}))",
                f"(({self.number(0)}) {self.chance.choice(COMPARISONS)} bool ({self.number(0)}))",
            )
        )
