"""Every rule can be told in both languages, and its texts ask only for what findings carry."""

import re
import tomllib
from pathlib import Path

import pytest

from mcp_servers.engines import diagnosers
from mcp_servers.engines.diagnose import diagnose
from mcp_servers.engines.wording import params_of, translated, worded
from mcp_servers.facts.thresholds import THRESHOLDS
from tests.engines.diagnosers.worlds import troubled

ROOT = Path(__file__).parents[3]
CATALOGUE = ROOT / "mcp_servers" / "rca" / "catalogue"
LANGUAGES = {name: tomllib.loads((CATALOGUE / f"{name}.toml").read_text()) for name in ("en", "zh")}
RULES = tomllib.loads((CATALOGUE / "rules.toml").read_text())
PARTS = {"title", "cause", "fix", "advice"}
# Words of a fix that is offered instead of the rule's usual one, named after it.
OTHER_FIXES = {"rollback"}
CATEGORIES = re.findall(
    r"\w+",
    "resources image config scheduling network storage dependency rollout probe scaling node "
    "access application unknown",
)
GIVEN = {"resource", "name", "namespace", "kind", "container", "affected"}
_RULE_ID = re.compile(
    r'"((?:pod|deploy|workload|service|node|pvc|hpa|job|app|sec|ingress|netpol|cron|rbac|tls|autoscaler'
    r"|dns|gateway|httproute|volume|pv|storageclass|ns|object|apiservice|crd|api|webhook|controlplane|event"
    r"|config|policy|olm|quota|ds|delivery|alert|access|lookup|sts|keda|scaler|pdb)"
    r'\.[a-z_.]+)"'
)


def rules_in_code() -> set[str]:
    """The rule ids that stand in the diagnosers' sources."""
    folder = Path(diagnosers.__file__).parent
    return {rule for path in folder.glob("*.py") for rule in _RULE_ID.findall(path.read_text())}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_rule_has_every_part_and_nothing_else_is_told(language: str) -> None:
    told = {rule: entry for rule, entry in LANGUAGES[language].items() if rule != "words"}
    assert set(told) == set(RULES)
    assert rules_in_code() <= set(RULES) | THRESHOLDS.keys()
    assert {rule for rule, entry in told.items() if set(entry) - OTHER_FIXES != PARTS} == set()


def test_our_own_words_are_translated_and_quotations_are_not() -> None:
    params = {"failure": "refused, timeout", "key": "timeout", "what": "something new"}
    told = translated(params, LANGUAGES["zh"]["words"])
    assert told == {"failure": "连接被拒绝, 超时", "key": "timeout", "what": "something new"}


def test_both_languages_name_the_same_other_fixes() -> None:
    for rule in RULES:
        assert LANGUAGES["en"][rule].keys() == LANGUAGES["zh"][rule].keys(), rule


def test_a_part_in_brackets_falls_away_with_its_param() -> None:
    assert worded("killed[ at {at}][, limit {limit}].", {"at": "", "limit": "1Gi"}) == (
        "killed, limit 1Gi."
    )


def test_every_rule_has_a_category_of_the_contract() -> None:
    assert {rule for rule, entry in RULES.items() if entry["category"] not in CATEGORIES} == set()


def test_both_languages_ask_for_the_same_params() -> None:
    for rule in RULES:
        entry = LANGUAGES["en"][rule]
        for part in PARTS:
            wanted = params_of(entry[part]) - GIVEN
            assert wanted == params_of(LANGUAGES["zh"][rule][part]) - GIVEN, f"{rule}.{part}"


def test_every_finding_of_a_troubled_cluster_fills_its_texts() -> None:
    for finding in diagnose(troubled()):
        known = dict.fromkeys(GIVEN, "x") | dict(finding.params)
        for language, texts in LANGUAGES.items():
            for part in PARTS:
                text = worded(texts[finding.rule][part], known)
                assert "{" not in text, f"{finding.rule}.{part} in {language}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_fix_is_described_where_the_rule_has_one(language: str) -> None:
    for rule, entry in RULES.items():
        assert bool(entry["fix"]) == bool(LANGUAGES[language][rule]["fix"]), rule
