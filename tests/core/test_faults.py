"""What is wrong with a value is told in both languages, whichever fault pydantic finds."""

import re
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from string import Formatter
from typing import Annotated, Any, Literal
from uuid import UUID

import pytest
from pydantic import (
    AnyUrl,
    AwareDatetime,
    Field,
    FilePath,
    IPvAnyAddress,
    TypeAdapter,
    ValidationError,
)
from pydantic_core import _pydantic_core

from core import faults
from core.faults import Unfit
from core.sentences import Said

KNOWN: list[dict[str, Any]] = [dict(one) for one in _pydantic_core.list_all_errors()]
CATALOGUE = faults._catalogue()


@pytest.mark.parametrize("known", KNOWN, ids=lambda one: one["type"])
def test_every_fault_that_pydantic_knows_has_a_chinese_sentence_with_its_facts(
    known: dict[str, Any],
) -> None:
    chinese = CATALOGUE[known["type"]]
    gaps = {name for _, name, _, _ in Formatter().parse(chinese) if name}
    assert gaps <= set(known.get("example_context") or {})
    assert re.search(r"[一-鿿]", chinese)
    assert chinese[-1] not in "。."


@pytest.mark.parametrize(
    ("kind", "value", "chinese"),
    [
        (int, "many", "应为整数"),
        (Annotated[int, Field(ge=3)], 1, "应大于或等于 3"),
        (Annotated[str, Field(min_length=2)], "x", "至少应有 2 个字符"),
        (Annotated[list[int], Field(max_length=1)], [1, 2], "最多只能有 1 项，目前有 2 项"),
        (Annotated[str, Field(pattern="^a+$")], "b", "应符合格式 ^a+$"),
        (Literal["a", "b"], "c", "应为 'a' 或 'b'"),
        (AwareDatetime, datetime(2026, 3, 10), "必须带时区"),  # noqa: DTZ001 - that is the fault
        (timedelta, "soon", "应为时长，例如 PT1H"),
        (UUID, "x", "应为有效的 UUID"),
        (AnyUrl, "nowhere", "应为有效的 URL"),
        (Annotated[Decimal, Field(max_digits=2)], "1234", "总位数最多为 2 位"),
        (IPvAnyAddress, "10.0.0", "应为 IPv4 或 IPv6 地址"),
        (FilePath, Path("/nowhere/at/all"), "该路径不是文件"),
        (dict[str, int], [1], "应为对象"),
    ],
)
def test_a_fault_is_said_in_chinese(kind: Any, value: Any, chinese: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(kind).validate_python(value)
    told = faults.said(dict(caught.value.errors()[0]))
    assert chinese in told.told("zh")
    assert told.told("en") == caught.value.errors()[0]["msg"]


def test_what_a_validator_of_ours_says_is_said_as_it_says_it() -> None:
    own = Unfit(Said("short", {"en": "It is too short.", "zh": "太短。"}))
    fault = {"type": "value_error", "msg": "Value error, It is too short.", "ctx": {"error": own}}
    assert faults.said(fault).told("zh") == "太短。"
    assert faults.inside(fault).texts == {"en": "It is too short", "zh": "太短"}


def test_a_fault_that_nobody_knows_is_still_told() -> None:
    fault = {"type": "of_tomorrow", "msg": "Input should be brave"}
    assert faults.said(fault).texts == {
        "en": "Input should be brave",
        "zh": "值无效：Input should be brave",
    }
