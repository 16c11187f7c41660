"""Rules are looked through without a Prometheus; each check has rules that it is for, and spares others."""

from typing import Any

import pytest
import yaml

from core.errors import Invalid
from mcp_servers.alerting.rule_lint import ERRORS, NOTES
from mcp_servers.alerting.rule_reading import WORDS, rules_of
from mcp_servers.engines.rule_checks import checked

GOOD: dict[str, Any] = {
    "alert": "ErrorsHigh",
    "expr": 'sum by (job) (rate(http_errors_total{job="web"}[5m])) > 5',
    "for": "5m",
    "labels": {"severity": "critical"},
    "annotations": {
        "summary": "{{ $labels.job }} fails {{ $value }} times a second",
        "runbook_url": "https://runbooks.example/errors",
    },
}
# What is changed of the good rule, and the check that speaks then.
CHANGES: list[tuple[dict[str, Any], str]] = [
    ({"expr": "sum(("}, "unreadable"),
    ({"alert": ""}, "no_name"),
    ({"records": "x"}, "wrong_field"),
    ({"annotations": {"summary": "{{ $value", "runbook_url": "x"}}, "broken_template"),
    ({"annotations": {"summary": "{{ $labels.pod }}", "runbook_url": "x"}}, "label_dropped"),
    ({"alert": "errors high!"}, "odd_alert_name"),
    ({"expr": "up"}, "no_comparison"),
    ({"for": "soon"}, "odd_for"),
    ({"for": None}, "no_for"),
    ({"for": "3d"}, "long_for"),
    ({"labels": {}}, "no_severity"),
    ({"labels": {"severity": "urgentest"}}, "odd_severity"),
    ({"annotations": {"runbook_url": "x"}}, "no_summary"),
    ({"annotations": {"summary": "x"}}, "no_runbook"),
    ({"labels": {"severity": "info", "now": "{{ $value }}"}}, "value_in_label"),
    ({"expr": "http_errors_total > 5"}, "bare_counter"),
    ({"expr": "rate(queue_length[5m]) > 5"}, "rate_of_gauge"),
    ({"expr": "delta(http_errors_total[5m]) > 5"}, "change_of_counter"),
    ({"expr": "rate(http_errors_total[30s]) > 5"}, "short_range"),
    ({"expr": "rate(sum(http_errors_total)[5m:1m]) > 5"}, "rate_of_sum"),
    ({"expr": 'up{job=~".*"} == 0'}, "matches_all"),
    ({"expr": 'up{job=~"^web.*"} == 0'}, "anchored"),
    ({"expr": 'up{job=~"web"} == 0'}, "literal_expression"),
    ({"expr": '{job=~".+"} == 0'}, "selects_all"),
    ({"expr": 'absent(up{job=~"web|api"})'}, "absent_without_labels"),
    ({"expr": "absent(sum(up))"}, "absent_of_result"),
    ({"expr": "histogram_quantile(99, sum by (le) (rate(t_bucket[5m]))) > 1"}, "odd_quantile"),
    (
        {"expr": "histogram_quantile(0.9, sum by (job) (rate(t_bucket[5m]))) > 1"},
        "quantile_without_le",
    ),
    ({"expr": "histogram_quantile(0.9, sum by (le) (rate(t_sum[5m]))) > 1"}, "quantile_of_sum"),
    ({"expr": "sum by (job) (up) / sum by (pod) (up) > 1"}, "join_never_meets"),
    ({"expr": "1 > bool 2"}, "compares_numbers"),
    ({"expr": "rate(http_errors_total[5m]) == 0.1"}, "exact_comparison"),
    ({"expr": "topk(3, up) > 0"}, "picks_series"),
    ({"expr": "irate(http_errors_total[5m]) > 1"}, "instant_rate"),
]
RECORD = {"record": "job:errors:rate5m", "expr": "sum by (job) (rate(http_errors_total[5m]))"}


def codes(*rules: dict[str, Any], **group: Any) -> set[str]:
    written = [{key: one for key, one in rule.items() if one is not None} for rule in rules]
    text = yaml.safe_dump({"groups": [{"name": "g", **group, "rules": written}]})
    return {one.code for one in checked(rules_of(text))}


def test_a_good_rule_is_spared_by_every_check() -> None:
    assert codes(GOOD, RECORD, interval="30s") == set()


@pytest.mark.parametrize(("change", "code"), CHANGES, ids=[code for _, code in CHANGES])
def test_each_check_speaks_of_the_rule_that_it_is_for(change: dict[str, Any], code: str) -> None:
    assert code in codes({**GOOD, **change})


def test_a_heartbeat_is_spared_what_is_for_alerts_that_wake_somebody() -> None:
    told = {"summary": "The pipeline works."}
    assert codes({**GOOD, "expr": "vector(1)", "for": None, "annotations": told}) == set()


def test_checks_of_groups_and_of_several_rules() -> None:
    assert codes(GOOD, interval="2h") >= {"odd_interval", "short_for"}
    assert "short_for" in codes({**GOOD, "for": "10s"}, interval="1m")
    assert codes(GOOD, GOOD) == {"duplicate"}
    assert codes(RECORD, {**RECORD, "expr": "sum by (job) (up)"}) == {"recorded_twice"}
    assert codes({**RECORD, "record": "errors"}) == {"odd_record_name"}
    assert codes({**RECORD, "for": "5m"}) == {"wrong_field"}


def test_every_check_has_a_case_and_its_sentences() -> None:
    judged = {code for _, code in CHANGES}
    judged |= {"odd_interval", "short_for", "duplicate", "recorded_twice", "odd_record_name"}
    refusals = {"no_yaml", "unfolds", "no_groups", "too_many"}
    assert judged == set(WORDS.keys("en")) - refusals == set(WORDS.keys("zh")) - refusals
    assert judged >= ERRORS | NOTES


@pytest.mark.parametrize(
    "expression",
    [
        "sum by (job) (rate(a_total[5m])) / sum by (job) (rate(b_total[5m])) > 0.1",
        'a{job="x"} / on (instance) group_left (version) b > 1',
        'absent(up{job="web"})',
        "histogram_quantile(0.99, sum by (le, job) (rate(t_bucket[5m]))) > 1",
        "increase(jobs_failed_total[1h]) > 0 and on (job) up == 1",
        "resets(restarts_total[1h]) > 3",
        "count(errors_total) > 3",
        "predict_linear(node_filesystem_avail_bytes[6h], 86400) < 0",
        'up{job=~"web|api"} == 0',
        "sum by (job) (up) unless sum by (job, pod) (up) > 1",
    ],
)
def test_expressions_as_people_rightly_write_them_are_spared(expression: str) -> None:
    told = {"summary": "x", "runbook_url": "x"}
    assert codes({**GOOD, "expr": expression, "annotations": told}) == set()


def test_rules_of_the_operator_and_lists_of_them_are_read() -> None:
    one = {"kind": "PrometheusRule", "spec": {"groups": [{"name": "g", "rules": [GOOD]}]}}
    for document in (one, {"kind": "List", "items": [one, one]}):
        assert rules_of(yaml.safe_dump(document))[0].name == "ErrorsHigh"


@pytest.mark.parametrize("text", ["a: [", "just words", "groups: []", "- 1", "groups: 3"])
def test_what_is_no_file_of_rules_is_refused_in_words(text: str) -> None:
    with pytest.raises(Invalid, match=r"no YAML|no groups"):
        rules_of(text)


def test_a_small_file_whose_aliases_would_make_it_huge_is_refused() -> None:
    folds = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    rule = "groups: [{name: g, rules: [{alert: A, expr: up, labels: {x: *a9}}]}]"
    with pytest.raises(Invalid, match="more than 200000 values"):
        rules_of("\n".join(["a0: &a0 [x, x]", *folds, rule]))
