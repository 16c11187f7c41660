"""Arguments that are not taken: one sentence in both languages that says which would be."""

from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest

from core.errors import Invalid
from mcp_servers.client import Connections, Tools
from sandbox.server import serving_in_thread
from tests.servers.budgeting import ANN, office, town_in


@pytest.fixture
async def tools(tmp_path: Path) -> AsyncGenerator[Tools]:
    folder = town_in(tmp_path, days=1)
    with serving_in_thread(folder) as addresses:
        town = Connections(
            kubeconfig=addresses.kubeconfig,
            prometheus_url=addresses.prometheus,
            price_book=folder / "prices.toml",
        )
        async with office(town, f"sqlite+aiosqlite:///{tmp_path / 'x.db'}") as desk:
            yield Tools(desk.sessions, ANN)


@pytest.mark.parametrize(
    ("tool", "arguments", "english", "chinese"),
    [
        (
            "budgets_savings",
            {"what": "tree"},
            "what cannot be 'tree'. It is one of: requests, volumes, balancers.",
            "what 不能是 'tree'，可选值：requests, volumes, balancers。",
        ),
        (
            "budgets_savings",
            {"what": "volume"},
            "Did you mean volumes?",
            "volumes",
        ),
        (
            "budgets_spend",
            {"by": "Trees"},
            "'Trees' cannot be read as by. It is written so: namespace | workload | label:KEY, as label:team.",
            "无法把 'Trees' 当作 by。写法：namespace | workload | label:KEY, as label:team。",
        ),
        (
            "budgets_add",
            {"name": "Big One", "amount": "1"},
            (
                "'Big One' cannot be read as name. It is written so: lower-case letters, digits, '-', '_' and '.', "
                "beginning with a letter or a digit."
            ),
            "无法把 'Big One' 当作 name。写法：小写字母、数字、“-”、“_”和“.”，以字母或数字开头。",
        ),
        ("budgets_add", {"name": "x", "amount": "1", "thresholds": [0]}, "at least 1", "至少为 1"),
        ("budgets_add", {"name": "x" * 101, "amount": "1"}, "longer than 100", "超过 100 个字符"),
    ],
)
async def test_a_value_that_cannot_be_is_told_with_those_that_can(
    tools: Tools, tool: str, arguments: dict[str, Any], english: str, chinese: str
) -> None:
    with pytest.raises(Invalid) as caught:
        await tools.call(tool, **arguments)
    assert english in str(caught.value)
    assert tool not in str(caught.value)  # people ask by other doors, where it has other names
    assert chinese in caught.value.texts["zh"]
