"""What is wrong with a file that somebody handed in is said in Chinese as well."""

import re
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from core.errors import Invalid
from mcp_servers.backends import billing, bills, kubeconfig, series_table
from mcp_servers.rca import rule_files, table_files

HAN = re.compile("[\u4e00-\u9fff]")
BILL = "ChargePeriodStart,EffectiveCost,BillingCurrency\n2026-01-01T00:00:00Z,{cost},{currency}\n"
RULE = (
    "rules:\n- {{id: my.rule, severity: high, kind: {kind}, role: cause, "
    'when: "true", en: {{title: "{title}", cause: c}}}}\n'
)


def refusal(read: Callable[[], object]) -> Invalid:
    with pytest.raises(Invalid) as told:
        read()
    return told.value


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BILL.format(cost="much", currency="USD"), "第 2 行：EffectiveCost 是 'much'，不是金额"),
        (BILL.format(cost="1", currency="dollars"), "没有 USD 这样的货币代码：'dollars'"),
        ("Day,Cost\n", "没有 ChargePeriodStart 列（列映射中的 start）"),
    ],
)
def test_a_bill(text: str, said: str) -> None:
    assert said in refusal(lambda: list(bills.lines_of(text, {}))).told("zh")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "没有 clusters 列表"),
        ("clusters: [", "不是 YAML"),
        ("clusters: []\ncurrent-context: a\n", "没有 context 'a'"),
    ],
)
def test_a_kubeconfig(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "config"
    file.write_text(text)
    assert said in refusal(lambda: kubeconfig.read(file)).told("zh")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (RULE.format(kind="Pods", title="t"), "'Pods' 不是会检查的类型。您要找的是 Pod 吗？"),
        (RULE.format(kind="Pod", title="{nme}"), "{nme} 不在这些值之中。您要找的是 name 吗？"),
        ("thresholds: {restarts: 1}\nthresholds: {}\n", "'thresholds' 写了两次"),
    ],
)
def test_a_file_of_rules(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(text)
    error = refusal(lambda: rule_files.read_rules(tmp_path))
    assert said in error.told("zh")
    assert str(tmp_path) in error.told("zh")


def test_tables_and_price_books(tmp_path: Path) -> None:
    book = tmp_path / "prices.toml"
    told = [
        refusal(lambda: series_table.series_of("a,b\nsoon,1\n")),
        refusal(lambda: table_files.metrics_of("timestamp,a:cpu\n0,x\n")),
        refusal(lambda: table_files.logs_of("timestamp,text\n")),
        refusal(lambda: table_files.at_of("soon")),
        refusal(lambda: billing.Billing(book).prices(date(2026, 1, 1))),
    ]
    for error in told:
        assert HAN.search(error.told("zh")), error
        assert not HAN.search(error.told("en")), error
