"""The two ways in which a query fails."""

from core.errors import Invalid


class Unparsable(Invalid):
    """The text is not PromQL. Prometheus says 400, `bad_data`."""


class Unanswerable(Invalid):
    """PromQL, but it cannot be evaluated, or not here. Prometheus says 422, `execution`."""
