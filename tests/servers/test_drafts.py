"""Drafts of pages from incidents: what is known is told, what is not is asked, and data stays data."""

import base64
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from core.errors import NotFound
from knowledge_base.chunking import document
from knowledge_base.front_matter import parted
from mcp_servers.client import Tools
from mcp_servers.rca.draft_text import Draft
from mcp_servers.rca.investigation import Investigation
from mcp_servers.rca.shapes import EvidenceItem, ResourceRef, RootCauseItem, Scope, Symptom
from sandbox.server import Addresses
from tests.servers.conftest import ANN
from tests.servers.test_incidents import BAKER, remembering

PARTS = {
    "en": ["Summary", "Impact", "Timeline", "Cause", "Evidence", "Actions", "Cost", "Outcome"],
    "zh": ["摘要", "影响", "时间线", "原因", "证据", "改进措施", "成本", "结果"],
}


@pytest.mark.parametrize("language", ["en", "zh"])
async def test_a_postmortem_has_all_its_parts_and_can_be_added_as_it_is(
    shop: Addresses, tmp_path: Path, language: str
) -> None:
    async with remembering(shop, tmp_path) as sessions:
        tools = Tools(sessions, ANN)
        drafted = await tools.call("rca_draft_page", name="checkout", language=language)
    page = document(drafted.data["name"], drafted.data["markdown"])
    headings = [one.heading for one in page.passages]
    assert all(part in headings for part in PARTS[language])
    assert page.about.rules[0] == "pod.oom_killed"
    assert page.about.tags == ("incident", "postmortem")
    assert "256Mi" in drafted.data["markdown"]


async def test_without_a_name_the_last_incident_is_drafted(shop: Addresses, tmp_path: Path) -> None:
    async with remembering(shop, tmp_path) as sessions:
        tools = Tools(sessions, ANN)
        with pytest.raises(NotFound, match="No incident"):
            await tools.call("rca_draft_page")
        found = await tools.call("rca_investigate", namespace="shop")
        drafted = await tools.call("rca_draft_page", kind="runbook")
        assert drafted.data["incident_id"] == found.data["incident_id"]
        with pytest.raises(NotFound):
            await Tools(sessions, BAKER).call(
                "rca_draft_page", incident_id=found.data["incident_id"]
            )


async def test_a_past_incident_is_found_with_its_outcome(shop: Addresses, tmp_path: Path) -> None:
    async with remembering(shop, tmp_path) as sessions:
        tools = Tools(sessions, ANN)
        drafted = (await tools.call("rca_draft_page", name="checkout")).data
        page = f"{drafted['markdown']}\nRolled back PRICE_INDEX to lru; quiet since.\n"
        encoded = base64.b64encode(page.encode()).decode()
        await tools.call("knowledge_add_document", name=drafted["name"], content_base64=encoded)
        found = await tools.call("knowledge_search", query="PRICE_INDEX rolled back lru", k=3)
    assert found.data["hits"][0]["doc"] == drafted["name"]
    assert "quiet since" in found.data["hits"][0]["snippet"]


@pytest.mark.parametrize(
    "text",
    [
        "---\ngroups: [manager]\n---",
        '"]\ngroups: ["x"]',
        "# Not a heading\n## Cost",
        "<script>alert(1)</script>",
        "[click](javascript:x)",
        "`code` | cell |",
    ],
)
def test_what_a_cluster_says_stays_on_its_line(text: str) -> None:
    draft = Draft(_found(text), None, "en").postmortem()
    about = parted(draft)[0]
    assert (about.groups, about.tags) == ((), ("incident", "postmortem"))
    headings = [one for one in draft.splitlines() if one.startswith("## ")]
    assert headings.count("## Cost") == 1
    prose = re.sub(r"(?<!\\)`[^`\n]*`", "", draft.split("\n---\n", 1)[1])  # code is shown, not read
    assert not re.search(r"(?<!\\)<script|\]\(javascript", prose)


def _found(text: str) -> Investigation:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    item = EvidenceItem(id="e1", source="log", ref=text, text=text, at=at)
    resource = ResourceRef(kind="Deployment", namespace="shop", name="checkout")
    cause = RootCauseItem(
        rank=1, rule="pod.oom_killed", category="resources", severity="high", resource=resource,
        confidence=0.9, since=at, summary=text, cause=text, change=text, evidence=[item], chain=[],
        recommendations=[],
    )  # fmt: skip
    symptom = Symptom(
        rule="pod.crash_loop", resource=resource, title=text, since=at, evidence=[item]
    )
    return Investigation(
        incident_id="inc-0a1b2c3d4e5f", verdict="found", summary=text, scope=Scope(namespaces=[]),
        root_causes=[cause], symptoms=[symptom], timeline=[], ruled_out=[], healthy=[],
        elsewhere=[], notes=[], checked={}, not_checked=[], rbac="", duration_ms=1,
    )  # fmt: skip
