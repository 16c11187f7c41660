"""What each function of PromQL 2.42 takes and gives."""

from collections.abc import Sequence
from dataclasses import dataclass

from sandbox.promql.trees import Kind

_KINDS: dict[str, Kind] = {"v": "vector", "m": "matrix", "s": "scalar", "t": "string"}

# By what they take, in letters: of vectors, matrices, scalars and texts. A star behind a letter
# stands for any number of it, a question mark for one or none.
_TAKING = {
    "v": "abs absent acos acosh asin asinh atan atanh ceil cos cosh deg exp floor histogram_count"
    " histogram_sum ln log10 log2 rad sgn sin sinh sort sort_desc sqrt tan tanh timestamp scalar",
    "v?": "day_of_month day_of_week day_of_year days_in_month hour minute month year",
    "m": "absent_over_time avg_over_time changes count_over_time delta deriv idelta increase irate"
    " last_over_time max_over_time min_over_time present_over_time rate resets stddev_over_time"
    " stdvar_over_time sum_over_time",
    "ms": "predict_linear",
    "mss": "holt_winters",
    "sm": "quantile_over_time",
    "vs": "clamp_max clamp_min",
    "vss": "clamp",
    "vs?": "round",
    "sv": "histogram_quantile",
    "ssv": "histogram_fraction",
    "vtttt": "label_replace",
    "vttt*": "label_join",
    "s": "vector",
    "": "time pi",
}  # fmt: skip
# Functions of later versions, which Prometheus 2.42 refuses. The parser that makes the tree knows
# them: they are answered, or refused as not supported here.
LATER = frozenset(
    [
        "double_exponential_smoothing",
        "histogram_avg",
        "histogram_quantiles",
        "histogram_stddev",
        "histogram_stdvar",
        "info",
        "limit_ratio",
        "limitk",
        "mad_over_time",
        "sort_by_label",
        "sort_by_label_desc",
    ]
)
_SCALARS = frozenset({"time", "pi", "scalar"})


@dataclass(frozen=True)
class Signature:
    """`more` arguments may follow those that are needed; the last kind is theirs (-1: any number)."""

    kinds: Sequence[Kind]
    needed: int
    more: int
    gives: Kind

    @classmethod
    def of(cls, letters: str, name: str) -> "Signature":
        kinds: list[Kind] = [_KINDS[letter] for letter in letters if letter in _KINDS]
        more = {"*": -1, "?": 1}.get(letters[-1:], 0)
        gives: Kind = "scalar" if name in _SCALARS else "vector"
        return cls(kinds, len(kinds) - bool(more), more, gives)


SIGNATURES = {
    name: Signature.of(letters, name)
    for letters, names in _TAKING.items()
    for name in names.split()
}
