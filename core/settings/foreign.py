"""Tool servers of others, each under a name of one's own."""

import re
from collections.abc import Mapping

from pydantic import Field, SecretStr

from core.settings.groups import Group, HttpUrl, Seconds
from core.settings.models import Names
from core.settings.sentences import Unusable
from core.settings.variables import PREFIX

FOREIGN = f"{PREFIX}FOREIGN__"
# A tool is called by its server's name, an underscore and its own name.
NAME = re.compile(r"[a-z][a-z0-9]{0,19}")
# Names of our own servers and tools, those to come included.
TAKEN = frozenset(
    (
        *("kubernetes", "prometheus", "budgets", "forecast", "rca", "autofix", "alerting"),
        *("channels", "knowledge", "foreign", "ask", "read", "route", "approve", "none"),
        "supervisor",
    )
)


class ForeignServer(Group):
    """An MCP server over streamable HTTP, of which tools that say they only read are used.

    `subagents` may use them. `pin` is the digest of the tool list that is accepted; without it
    somebody must accept what the server offers.
    """

    url: HttpUrl
    token: SecretStr = SecretStr("")
    subagents: Names = ("rca",)
    pin: str = Field(default="", pattern=r"^(sha256:[0-9a-f]{64})?$")
    timeout_s: Seconds = 20


def refuse_unusable_names(foreign: Mapping[str, ForeignServer]) -> None:
    """Raise `ValueError` for a name that tools cannot be called by."""
    for name in foreign:
        if name in TAKEN:
            raise Unusable("own_name", variable=f"{FOREIGN}{name.upper()}", name=name)
        if not NAME.fullmatch(name):
            raise Unusable("foreign_name", variable=f"{FOREIGN}{name.upper()}")


def foreign_variables(name: str) -> list[str]:
    """What may stand where `name` stands, if it is a setting of a server of others."""
    if not name.startswith(FOREIGN):
        return []
    own = name.removeprefix(FOREIGN).partition("__")[0]
    return [f"{FOREIGN}{own}__{leaf.upper()}" for leaf in ForeignServer.model_fields]
