"""Answers of the knowledge base over the wire, on the practice cluster: what they cite, and what is wrong now."""

import re
from typing import Any

import pytest

from core.http import Client
from knowledge_base.segmentation import is_chinese
from tests.api.conftest import Midwatch

DOCUMENTS = "/api/v1/knowledge/documents"
ENGLISH_ONLY = b"""# Rotate the signing certificate of the ledger

## What to do

Ask the vault for a new certificate, put it into the Secret ledger-signing, and restart the
ledger one replica at a time.
"""
CHINESE_ONLY = """# JumpServer 堡垒机新增主机

## 处理办法

在资产列表中新建主机，选择平台，再授权给对应的用户组。
""".encode()


async def asked(http: Client, question: str) -> dict[str, Any]:
    answer = await http.post("/api/v1/assistant/query", json={"question": question})
    assert answer.status_code == 200, answer.text
    return answer.json()


def refs(answer: dict[str, Any]) -> dict[int, str]:
    """What each number of an answer stands for; all that are in its text are cited."""
    cited = {one["n"]: one["ref"] for one in answer["citations"]}
    assert {int(n) for n in re.findall(r"\[(\d+)\]", answer["answer"])} == cited.keys()
    return cited


@pytest.mark.parametrize(
    ("question", "page", "now", "told"),
    [
        (
            "How do I fix a container that is OOMKilled?",
            "runbooks/oom-killed.en.md",
            "Right now in the cluster",
            r"shop/checkout: container checkout is OOMKilled.*\[(\d+)\]",
        ),
        (
            "容器 OOM 了怎么处理？",
            "runbooks/oom-killed.zh.md",
            "集群当前状况",
            r"shop/checkout：容器 checkout 内存超限.*\[(\d+)\]",
        ),
    ],
)
async def test_what_is_wrong_right_now_stands_beside_the_page_about_it(
    midwatch: Midwatch, question: str, page: str, now: str, told: str
) -> None:
    async with midwatch.client() as http:
        answer = await asked(http, question)
    cited = refs(answer)
    # What other tests investigated is told of past incidents, before or after it.
    of_page = re.compile(rf"{re.escape(page)}:\d+-\d+#.+")
    number = next(number for number, place in cited.items() if of_page.fullmatch(place))
    pages, _, live = answer["answer"].partition(now)
    assert f"[{number}]" in pages
    found = re.search(told, live)
    assert found
    assert cited[int(found[1])].startswith("Pod shop/checkout-")


async def test_what_is_wrong_elsewhere_does_not_stand_beside_a_page(midwatch: Midwatch) -> None:
    async with midwatch.client() as http:
        answer = await asked(http, "How do I renew a TLS certificate that expired?")
    assert next(iter(refs(answer).values())).startswith("runbooks/tls-certificates.en.md")
    assert "OOMKilled" not in answer["answer"]


async def test_a_chinese_question_finds_a_page_that_is_there_in_english_alone(
    midwatch: Midwatch,
) -> None:
    async with midwatch.client() as http:
        await http.put(f"{DOCUMENTS}/team/ledger.md", content=ENGLISH_ONLY)
        answer = await asked(http, "ledger 的签名证书怎么更换？")
        await http.delete(f"{DOCUMENTS}/team/ledger.md")
    assert "team/ledger.md:5-6#What to do" in refs(answer).values()
    frame = [one for one in answer["answer"].splitlines() if not one.startswith((">", "**"))]
    assert all(is_chinese(one) for one in frame if one)
    assert "> Ask the vault for a new certificate" in answer["answer"]


async def test_an_english_question_finds_a_page_that_is_there_in_chinese_alone(
    midwatch: Midwatch,
) -> None:
    async with midwatch.client() as http:
        await http.put(f"{DOCUMENTS}/team/jump.md", content=CHINESE_ONLY)
        answer = await asked(http, "How do I add a host to JumpServer?")
        await http.delete(f"{DOCUMENTS}/team/jump.md")
    assert "team/jump.md:5-5#处理办法" in refs(answer).values()


async def test_what_no_page_answers_is_said_with_how_many_were_searched(
    midwatch: Midwatch,
) -> None:
    async with midwatch.client() as http:
        documents = (await http.get("/api/v1/knowledge/stats")).json()["documents"]
        answer = await asked(http, "How do I unseal our HashiCorp Vault after a restart?")
        chinese = await asked(http, "红烧肉怎么做？")
    assert answer["citations"] == chinese["citations"] == []
    assert str(documents) in answer["answer"]
    assert str(documents) in chinese["answer"]


async def test_pages_that_disagree_are_shown_both(midwatch: Midwatch) -> None:
    pages = {
        f"team/drain-{n}.md": f"# Drain a ledger node {n}\n\n## What to do\n\nWait {n} minutes before "
        "you drain the next ledger node.\n"
        for n in (10, 45)
    }
    async with midwatch.client() as http:
        for name, page in pages.items():
            await http.put(f"{DOCUMENTS}/{name}", content=page.encode())
        answer = await asked(http, "How do I drain a ledger node?")
        for name in pages:
            await http.delete(f"{DOCUMENTS}/{name}")
    assert {one.partition(":")[0] for one in refs(answer).values()} >= set(pages)
    assert re.search(r"Wait 10 minutes.*\[\d\].*Wait 45 minutes.*\[\d\]|Wait 45 minutes.*\[\d\].*Wait 10 minutes.*\[\d\]", answer["answer"])  # fmt: skip
