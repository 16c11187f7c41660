"""What every channel's configuration shares: nothing unknown is taken, secrets are not shown."""

from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from core.faults import Unfit
from mcp_servers.backends.sentences import SENTENCES


def _address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise Unfit(SENTENCES.said("address_form"))
    return url


Url = Annotated[str, AfterValidator(_address), Field(max_length=2000, repr=False)]
Secret = Annotated[str, Field(max_length=500, repr=False)]


class Configuration(BaseModel):
    """The settings of one channel, as they are sealed in the database."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    def shown(self) -> dict[str, Any]:
        """What of it may be seen: hosts, recipients, and whether a secret is set."""
        told: dict[str, Any] = {}
        for name, field in type(self).model_fields.items():
            value: Any = getattr(self, name)
            if field.repr:
                told[name] = value
            elif name == "url":
                told["host"] = urlsplit(str(value)).netloc
            else:
                told[f"{name}_set"] = bool(value)
        return told
