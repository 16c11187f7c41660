"""What is wrong with settings is said in Chinese too, for whoever reads that."""

from typing import Any

import pytest

from core.errors import Invalid
from core.settings import load


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (
            {"memory": {"store": "redis"}},
            "MIDWATCH_MEMORY__STORE=redis 需要同时设置 MIDWATCH_REDIS__URL。",
        ),
        ({"database": {"url": "mysql://x"}}, "必须以 sqlite:// 或 postgresql:// 开头。"),
        ({"server": {"port": "x"}}, "MIDWATCH_SERVER__PORT：应为整数。现在的值是 'x'。"),
        ({"cluster": "moon"}, "MIDWATCH_CLUSTER：应为 'sandbox' 或 'live'。现在的值是 'moon'。"),
    ],
)
def test_what_is_wrong_with_a_setting_is_said_in_chinese(given: Any, told: str) -> None:
    with pytest.raises(Invalid) as refused:
        load(env_file=None, **given)
    assert told in refused.value.told("zh")
    assert not any("\u4e00" <= one <= "\u9fff" for one in str(refused.value))
