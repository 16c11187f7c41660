"""When the newest sample of an OpenMetrics file was taken; the samples are read by `sandbox.series`."""

import re
from datetime import UTC, datetime
from pathlib import Path

_SAMPLE_TIME = re.compile(rb"^[^#\n][^\n]* (\d{9,11}(?:\.\d+)?)$", re.MULTILINE)


def newest_sample(path: Path) -> datetime | None:
    seconds = (float(found) for found in _SAMPLE_TIME.findall(path.read_bytes()))
    newest = max(seconds, default=None)
    return None if newest is None else datetime.fromtimestamp(newest, UTC)
