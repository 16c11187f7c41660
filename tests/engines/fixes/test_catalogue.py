"""The catalogue is whole: every rule has an answer, every answer its sentences in both languages."""

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

from mcp_servers import autofix, rca
from mcp_servers.autofix.refusing import SENTENCES
from mcp_servers.autofix.telling import Telling, catalogue
from mcp_servers.engines import fixes, guards
from mcp_servers.engines.fixes import FIXES, REQUESTED, repair, requested
from mcp_servers.engines.wording import params_of
from mcp_servers.facts.findings import Confidence, Finding, Fix, Severity
from mcp_servers.facts.fixes import Advice, Request
from mcp_servers.facts.kubernetes import Ref
from mcp_servers.rca.texts import known_rules
from tests.engines.fixes.judging import told
from tests.factories import cluster

FILES = sorted(Path(fixes.__file__).parent.glob("*.py"))
TARGET = {"object", "kind", "namespace", "name"}
KINDS = (
    "Deployment",
    "StatefulSet",
    "DaemonSet",
    "CronJob",
    "Job",
    "Pod",
    "Node",
    "Service",
    "Ingress",
)
# What change-safety names, and `fix.cordon`, which only a person asks for.
NAMED = [
    "rollback",
    "memory",
    "cpu",
    "resources",
    "probe",
    "selector",
    "target_port",
    "repoint",
    "command",
    "restart",
    "surge",
    "node_selector",
    "soften_affinity",
    "uncordon",
    "drain",
    "expand_pvc",
    "cron",
    "resume",
    "job_rerun",
    "hpa",
    "evict_pod",
    "netpol",
    "rbac",
    "quota",
    "ingress",
    "harden",
    "env",
    "scale",
    "ephemeral",
    "rightsize",
    "set_resources",
    "pin_digest",
    "ttl",
    "silence",
    "alert_rule",
    "cordon",
]


def test_every_fix_of_the_catalogue_is_there_and_no_other() -> None:
    assert {f"fix.{name}" for name in NAMED} == FIXES
    assert REQUESTED < FIXES


@pytest.mark.parametrize("rule", sorted(known_rules()))
def test_every_rule_has_an_answer_that_can_be_told(rule: str) -> None:
    seen = cluster()
    for kind in KINDS:
        finding = Finding(
            rule, Severity.HIGH, Confidence.CERTAIN, Ref(kind, "shop", "web"), None, ()
        )
        one = told(repair(finding, seen), seen)
        assert isinstance(one, Advice)  # there is nothing in sight to write on


@pytest.mark.parametrize("fix", sorted(FIXES))
def test_every_fix_can_be_offered_by_a_diagnoser_and_asked_for(fix: str) -> None:
    seen, target = cluster(), Ref("Deployment", "shop", "web")
    finding = Finding(
        "custom.fault", Severity.HIGH, Confidence.CERTAIN, target, None, (), fix=Fix(fix, target)
    )
    if fix != "fix.probe":  # only the rules of probes say which field is wrong
        assert isinstance(told(repair(finding, seen), seen), Advice)
    assert isinstance(told(requested(Request(fix, target), seen), seen), Advice)


def test_a_rule_without_a_repair_says_what_a_person_does() -> None:
    seen = cluster()
    for rule in sorted(known_rules()):
        finding = Finding(
            rule, Severity.HIGH, Confidence.CERTAIN, Ref("Pod", "shop", "web"), None, ()
        )
        one = repair(finding, seen)
        if isinstance(one, Advice) and one.why == "no_repair":
            for language in ("en", "zh"):
                said = Telling(language).advice(one)
                assert len(said) > len(catalogue(language)["advice"]["no_repair"]) + 3, rule


def test_what_the_rules_offer_is_in_the_catalogue() -> None:
    offered = tomllib.loads((Path(rca.__file__).parent / "catalogue" / "rules.toml").read_text())
    assert {one["fix"] for one in offered.values()} - {""} <= FIXES


def test_both_languages_have_the_same_sentences_with_the_same_params() -> None:
    english, chinese = catalogue("en"), catalogue("zh")
    assert english.keys() == chinese.keys()
    for part, sentences in english.items():
        assert sentences.keys() == chinese[part].keys()
        for key, sentence in sentences.items():
            assert params_of(sentence) == params_of(chinese[part][key]), f"{part}.{key}"


def test_no_chinese_sentence_was_left_in_english() -> None:
    for part, sentences in catalogue("zh").items():
        for key, sentence in sentences.items():
            assert re.search(r"[一-鿿]", sentence), f"{part}.{key}"


def _declined() -> Iterator[tuple[str, frozenset[str]]]:
    """Every `case.advice("why", a=…, b=…)` in the engines, with the names it fills."""
    for path in FILES:
        for call in ast.walk(ast.parse(path.read_text())):
            if (
                isinstance(call, ast.Call)
                and isinstance(call.func, ast.Attribute)
                and call.func.attr == "advice"
            ):
                first = call.args[0]
                if isinstance(first, ast.Constant):
                    yield str(first.value), frozenset(str(one.arg) for one in call.keywords)


@pytest.mark.parametrize(("why", "given"), sorted(set(_declined()), key=str))
def test_every_reason_has_a_sentence_and_what_fills_it(why: str, given: frozenset[str]) -> None:
    for language in ("en", "zh"):
        sentence = catalogue(language)["advice"][why]
        needed = params_of(re.sub(r"\[[^\[\]]*\]", "", sentence))
        assert needed <= given | TARGET


@pytest.mark.parametrize("part", ["actions"])
def test_every_action_of_the_engines_has_a_sentence(part: str) -> None:
    written = "\n".join(path.read_text() for path in FILES)
    used = set(re.findall(r'(?:edit|container_edit|Edit)\(\s*f?"([a-z_]+)"', written))
    assert used <= catalogue("en")[part].keys() | {"resume_"}
    unused = (
        catalogue("en")[part].keys() - used - {"resume_deployment", "resume_cronjob", "resume_job"}
    )
    assert {one for one in unused if f'"{one}"' not in written} == set()


AUTOFIX = Path(autofix.__file__).parent


def _raised() -> Iterator[str]:
    """Every sentence that a tool of this server refuses with, or a write is declined with."""
    shapes = (r'SENTENCES\.error\(\s*\w+,\s*"(\w+)"', r'_declined\("(\w+)"', r'Refusal\("(\w+)"')
    files = [*AUTOFIX.glob("*.py"), Path(guards.__file__)]
    text = "\n".join(path.read_text() for path in files)
    for shape in shapes:
        yield from re.findall(shape, text)


@pytest.mark.parametrize("key", sorted(set(_raised())))
def test_every_refusal_says_what_would_have_to_be_true(key: str) -> None:
    for language in ("en", "zh"):
        told = SENTENCES.keys(language)[key]
        assert told["message"]
        assert told["hint"]
