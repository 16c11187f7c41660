"""A policy as people write it into a file."""

from pathlib import Path
from typing import Any

import yaml

from api.cli.sentences import SENTENCES
from core.errors import Invalid

BOOLS = "tag:yaml.org,2002:bool"
TIMES = "tag:yaml.org,2002:timestamp"


class _Plain(yaml.SafeLoader):
    """Leaves `on`, `off` and times as the texts that they are in a policy, as YAML 1.2 does."""


_Plain.yaml_implicit_resolvers = {
    first: [one for one in held if one[0] != TIMES and (one[0] != BOOLS or first in "tTfF")]
    for first, held in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def policy_of(file: Path) -> dict[str, Any]:
    """What the file holds; whether it is a policy is for the server to say. Raises `Invalid`."""
    try:
        found: Any = yaml.load(file.read_text("utf-8"), Loader=_Plain)  # noqa: S506 - a safe one
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise SENTENCES.error(Invalid, "unread", file=str(file), error=why) from error
    except yaml.YAMLError as error:
        why = " ".join(str(error).split())
        raise SENTENCES.error(Invalid, "no_yaml", file=str(file), error=why) from error
    if not isinstance(found, dict):
        raise SENTENCES.error(Invalid, "no_policy", file=str(file))
    return found  # pyright: ignore[reportUnknownVariableType] - YAML; the server checks it
