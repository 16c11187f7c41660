# pyright: reportUnknownMemberType=false
"""A template and its values → the configuration of one Alertmanager, and what is wrong with it."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import yaml
from pydantic import BaseModel, Field

from core.errors import Invalid
from core.redaction import redact_text
from core.sentences import Sentences
from core.storage.rule_records import ManagerConfigRow
from mcp_servers.engines.config_checks import checked
from mcp_servers.engines.config_templates import filled
from mcp_servers.engines.unfolding import MOST_VALUES, UnfoldsError, documents
from mcp_servers.facts.alertmanagers import ConfigRemark

WORDS = Sentences("mcp_servers.alerting", "configs")
MOST_REMARKS = 100


class ConfigRemarkLine(BaseModel):
    target: str = Field(description="For whom; empty: for those without values of their own.")
    where: str = Field(description="E.g. route.routes[2].matchers.")
    check: str
    level: Literal["error", "warning"]
    text: str
    hint: str

    def told(self) -> str:
        at = f"{self.target}: " if self.target else ""
        return f"- {self.level} {at}{self.where} {self.check}: {self.text} {self.hint}".rstrip()


class Rendered(BaseModel):
    text: str = Field(description="As Alertmanager reads it.")
    digest: str = Field(description="SHA-256 of the text.")


def rendered(row: ManagerConfigRow, target: str) -> Rendered:
    """For that target. Raises `Invalid` where a value is missing or does not go where it stands."""
    text = _written(tree_of(row, target))
    return Rendered(text=text, digest=hashlib.sha256(text.encode()).hexdigest())


def tree_of(row: ManagerConfigRow, target: str) -> Any:
    return _tree(_read(row.text), row, target)


def _tree(read: Any, row: ManagerConfigRow, target: str) -> Any:
    values = {**row.defaults, **row.by_target.get(target, {}), "target": target}
    found = filled(read, values)
    if found.overgrown:
        raise WORDS.error(Invalid, "unfolds", most=MOST_VALUES)
    if found.missing:
        raise WORDS.error(Invalid, "no_value", names=", ".join(found.missing), target=target or "-")
    if found.misfits:
        raise WORDS.error(Invalid, "value_misfits", names=", ".join(found.misfits))
    return found.tree


def _written(tree: Any) -> str:
    return yaml.safe_dump(tree, sort_keys=False, allow_unicode=True, width=100)


def _read(text: str) -> Any:
    try:
        read = documents(text)
    except UnfoldsError as error:
        raise WORDS.error(Invalid, "unfolds", most=MOST_VALUES) from error
    except yaml.YAMLError as error:
        why = " ".join(str(error).split())[:300]
        raise WORDS.error(Invalid, "no_yaml", why=why) from error
    if len(read) > 1:
        raise WORDS.error(Invalid, "several_documents", count=len(read))
    return read[0] if read else None


def remarks(row: ManagerConfigRow, language: str) -> list[ConfigRemarkLine]:
    """What is wrong with it for each target that has values of its own; without such, for all."""
    found: list[ConfigRemarkLine] = []
    read = _read(row.text)
    for target in sorted(row.by_target) or [""]:
        tree = _tree(read, row, target)
        told = [_line(one, target, language) for one in checked(tree)]
        if not told and redact_text(text := _written(tree)) != text:
            told = [_line(ConfigRemark("secret_somewhere", ""), target, language)]
        found += told
    return sorted(found, key=lambda one: one.level)[:MOST_REMARKS]


def errors(found: Sequence[ConfigRemarkLine]) -> list[ConfigRemarkLine]:
    return [one for one in found if one.level == "error"]


def holds_secrets(found: Sequence[ConfigRemarkLine]) -> bool:
    return any(one.check.startswith("secret_") for one in found)


def values_of(row: ManagerConfigRow) -> Mapping[str, Any]:
    return {"defaults": row.defaults, "by_target": row.by_target}


def _line(one: ConfigRemark, target: str, language: str) -> ConfigRemarkLine:
    text, hint = WORDS.parts(language, one.code, **one.facts)
    return ConfigRemarkLine(
        target=target,
        where=one.where,
        check=one.code,
        level="error" if one.fatal else "warning",
        text=text,
        hint=hint,
    )
