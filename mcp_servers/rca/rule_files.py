"""Reads the folder of custom rules. Whatever is wrong is one sentence with the file and the line."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, cast

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import Invalid
from core.faults import inside
from core.sentences import Said
from mcp_servers.backends.metric_scope import selectors
from mcp_servers.backends.sentences import instead
from mcp_servers.engines.wording import params_of
from mcp_servers.facts.findings import Role, Severity
from mcp_servers.facts.rules import CustomRule
from mcp_servers.facts.thresholds import THRESHOLDS
from mcp_servers.rca.expressions import fault_of
from mcp_servers.rca.gather import CLUSTER_SCOPED, FOR_NOTES, NAMESPACED
from mcp_servers.rca.gather_extended import ADD_ONS, GATEWAY_KINDS
from mcp_servers.rca.sentences import SENTENCES
from mcp_servers.rca.texts import known_rules

MOST_FILES = 50
MOST_BYTES = 256 * 1024
MOST_RULES = 200
MOST_METRICS = 20

KINDS = frozenset(
    [*NAMESPACED, *CLUSTER_SCOPED, *FOR_NOTES, *GATEWAY_KINDS]
    + [kind for kinds in ADD_ONS.values() for kind in kinds]
)
PARAMS = frozenset({"resource", "name", "namespace", "kind", "container", "affected"})

RuleId = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)+$", max_length=80)]
Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$", max_length=40)]
Expression = Annotated[str, Field(min_length=1)]
Number = Annotated[float, Field(strict=True, allow_inf_nan=False)]
Sentence = Annotated[str, Field(min_length=1, max_length=1000)]
Category = Literal[
    "resources", "image", "config", "scheduling", "network", "storage", "dependency", "rollout",
    "probe", "scaling", "node", "access", "application", "unknown",
]  # fmt: skip
Location = tuple[int | str, ...]


class _Told(BaseModel):
    model_config = ConfigDict(extra="forbid")


class _Words(_Told):
    title: Sentence
    cause: Sentence
    fix: str = Field(default="", max_length=1000)


class _Rule(_Told):
    id: RuleId
    severity: Severity
    kind: str
    role: Role
    category: Category = "unknown"
    when: Expression
    values: dict[Name, Expression] = Field(default={}, max_length=10)
    en: _Words
    zh: _Words | None = None


class _File(_Told):
    thresholds: dict[str, Number] = {}
    metrics: dict[Name, Sentence] = {}
    rules: list[_Rule] = []


@dataclass(frozen=True)
class RuleSet:
    """All that one folder says. `fault` is why what it says by now is not used."""

    rules: tuple[CustomRule, ...] = ()
    metrics: Mapping[str, str] = field(default_factory=dict[str, str])
    thresholds: Mapping[str, float] = field(default_factory=dict[str, float])
    fault: str = ""

    @cached_property
    def by_id(self) -> Mapping[str, CustomRule]:
        return {one.id: one for one in self.rules}


NO_RULES = RuleSet()


def read_rules(folder: Path | None) -> RuleSet:
    """The rules of a folder, none without one. Raises `Invalid`."""
    if folder is None:
        return NO_RULES
    sources = [_Source(path) for path in _files(folder)]
    told = [source.read() for source in sources]
    metrics = _metrics(sources, told)
    rules: list[CustomRule] = []
    taken: dict[str, Path | None] = dict.fromkeys(known_rules())
    for source, file in zip(sources, told, strict=True):
        for n, entry in enumerate(file.rules):
            _check(source, n, entry, taken, metrics)
            taken[entry.id] = source.path
            rules.append(_as_fact(entry))
    if len(rules) > MOST_RULES:
        raise SENTENCES.error(
            Invalid, "many_rules", folder=str(folder), count=len(rules), most=MOST_RULES
        )
    return RuleSet(tuple(rules), metrics, _thresholds(sources, told))


def _metrics(sources: Sequence["_Source"], told: Sequence[_File]) -> dict[str, str]:
    metrics: dict[str, str] = {}
    for source, file in zip(sources, told, strict=True):
        for name, promql in file.metrics.items():
            if name in metrics:
                raise source.wrong(("metrics", name), SENTENCES.said("rule_metric_taken"))
            try:
                selectors(promql)
            except Invalid as error:
                raise source.wrong(("metrics", name), Said.of(error)) from error
            metrics[name] = promql
    if len(metrics) > MOST_METRICS:
        place = str(sources[0].path.parent)
        raise SENTENCES.error(
            Invalid, "many_rule_metrics", folder=place, count=len(metrics), most=MOST_METRICS
        )
    return metrics


def _thresholds(sources: Sequence["_Source"], told: Sequence[_File]) -> dict[str, float]:
    drawn: dict[str, float] = {}
    for source, file in zip(sources, told, strict=True):
        for name, value in file.thresholds.items():
            if fault := _fault_of_threshold(name, value):
                raise source.wrong(("thresholds", name), fault)
            if name in drawn:
                raise source.wrong(("thresholds", name), SENTENCES.said("rule_threshold_twice"))
            drawn[name] = value
    return drawn


def _fault_of_threshold(name: str, value: float) -> Said | None:
    known = THRESHOLDS.get(name)
    if known is None:
        return SENTENCES.said("rule_no_threshold", hint=instead(name, THRESHOLDS))
    if known.least <= value <= known.most:
        return None
    bounds = {"least": f"{known.least:g}", "most": f"{known.most:g}", "unit": known.unit}
    return SENTENCES.said("rule_threshold_bounds", value=f"{value:g}", **bounds)


def _files(folder: Path) -> Sequence[Path]:
    if not folder.is_dir():
        raise SENTENCES.error(Invalid, "no_rules_folder", folder=str(folder))
    found = sorted(one for one in folder.iterdir() if one.suffix in (".yaml", ".yml"))
    if not found:
        raise SENTENCES.error(Invalid, "no_rule_file", folder=str(folder))
    if len(found) > MOST_FILES:
        raise SENTENCES.error(
            Invalid, "many_rule_files", folder=str(folder), count=len(found), most=MOST_FILES
        )
    return found


class _Source:
    """One file, and the lines its parts stand on."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._root: yaml.Node | None = None

    def read(self) -> _File:
        data = self._data()
        try:
            return _File.model_validate({} if data is None else data)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            raise self.wrong(first["loc"], inside(first)) from None

    def _data(self) -> Any:
        try:
            if self.path.stat().st_size > MOST_BYTES:
                raise SENTENCES.error(
                    Invalid, "large_rule_file", path=str(self.path), most=MOST_BYTES // 1024
                )
            text = self.path.read_text("utf-8")
            self._root = yaml.compose(text, yaml.SafeLoader)
            self._refuse_tricks(self._root)
            return yaml.safe_load(text)
        except (OSError, UnicodeDecodeError) as error:
            raise SENTENCES.error(Invalid, "rule_file_unread", path=str(self.path)) from error
        except RecursionError as error:
            raise SENTENCES.error(Invalid, "rule_file_deep", path=str(self.path)) from error
        except yaml.YAMLError as error:
            raise self._no_yaml(error) from error

    def _no_yaml(self, error: yaml.YAMLError) -> Invalid:
        mark = getattr(error, "problem_mark", None)
        line = SENTENCES.said("at_line", line=mark.line + 1) if mark else ""
        problem = getattr(error, "problem", None) or "it cannot be parsed"
        told = {"path": str(self.path), "line": line, "why": str(problem)}
        return SENTENCES.error(Invalid, "rule_file_no_yaml", **told)

    def _refuse_tricks(self, root: yaml.Node | None) -> None:
        """No aliases, by which a small file becomes a huge one; no key twice, which hides one."""
        seen = set[int]()
        for node in _nodes(root):
            if id(node) in seen:
                line = node.start_mark.line + 1
                raise SENTENCES.error(Invalid, "rule_file_alias", path=str(self.path), line=line)
            seen.add(id(node))
            keys = [key.value for key, _ in _pairs(node)]
            for key, _ in _pairs(node):
                if keys.count(key.value) > 1:
                    line = key.start_mark.line + 1
                    told = {"path": str(self.path), "line": line, "key": str(key.value)}
                    raise SENTENCES.error(Invalid, "rule_file_twice", **told)

    def wrong(self, location: Location, why: Said) -> Invalid:
        named = ".".join(str(part) for part in location if isinstance(part, str))
        return SENTENCES.error(
            Invalid,
            "rule_file_wrong",
            path=str(self.path),
            line=self._line(location),
            what=f"{named}: " if named else "",
            why=why.inside(),
        )

    def _line(self, location: Location) -> int:
        node, line = self._root, 0
        for part in location:
            if isinstance(node, yaml.SequenceNode) and isinstance(part, int):
                node = node.value[part]
                line = node.start_mark.line
                continue
            found = next(((key, of) for key, of in _pairs(node) if key.value == part), None)
            if found is None:
                break
            line, node = found[0].start_mark.line, found[1]
        return line + 1


def _pairs(node: yaml.Node | None) -> list[tuple[yaml.ScalarNode, yaml.Node]]:
    if not isinstance(node, yaml.MappingNode):
        return []
    return cast("list[tuple[yaml.ScalarNode, yaml.Node]]", node.value)


def _nodes(node: yaml.Node | None) -> Iterator[yaml.Node]:
    if node is None:
        return
    yield node
    inner = node.value if isinstance(node, yaml.SequenceNode) else [of for _, of in _pairs(node)]
    for one in inner:
        yield from _nodes(one)


def _check(
    source: _Source,
    n: int,
    rule: _Rule,
    taken: Mapping[str, Path | None],
    metrics: Mapping[str, str],
) -> None:
    here: Location = ("rules", n)
    if rule.id in taken:
        raise source.wrong((*here, "id"), _taken(rule.id, taken[rule.id]))
    if rule.kind not in KINDS:
        told = SENTENCES.said("rule_no_kind", kind=rule.kind, hint=instead(rule.kind, KINDS))
        raise source.wrong((*here, "kind"), told)
    expressions = {("when",): rule.when}
    expressions |= {("values", name): one for name, one in rule.values.items()}
    for where, expression in expressions.items():
        if fault := fault_of(expression, metrics):
            raise source.wrong((*here, *where), SENTENCES.said("rule_expression", why=fault))
    _check_words(source, here, rule)


def _taken(rule: str, path: Path | None) -> Said:
    """Whose name it has: of a rule in a file, or without one of a rule that comes with Midwatch."""
    if path is None:
        return SENTENCES.said("rule_id_taken", id=rule)
    return SENTENCES.said("rule_id_taken_in", id=rule, path=str(path))


def _check_words(source: _Source, here: Location, rule: _Rule) -> None:
    known = PARAMS | rule.values.keys()
    for language in ("en", "zh"):
        words: dict[str, str] = (getattr(rule, language) or _Told()).model_dump()
        for part, template in words.items():
            strange = sorted(params_of(template) - known)
            if strange:
                hint = instead(strange[0], known)
                told = SENTENCES.said("rule_no_value", name=strange[0], hint=hint)
                raise source.wrong((*here, language, part), told)


def _as_fact(rule: _Rule) -> CustomRule:
    words = {"en": rule.en, "zh": rule.zh}
    return CustomRule(
        id=rule.id,
        severity=rule.severity,
        kind=rule.kind,
        role=rule.role,
        category=rule.category,
        when=rule.when,
        values=rule.values,
        texts={language: of.model_dump() for language, of in words.items() if of},
    )
