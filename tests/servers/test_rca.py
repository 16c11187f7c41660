"""rca over the wire: the practice clusters served, the tools called as everybody calls them."""

import json
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.errors import Forbidden, Invalid, NotFound, UpstreamUnavailable
from core.principal import Permission, Principal
from evals.graders import grade_investigation, grade_text
from evals.truth import cases_in
from mcp_servers.backends.kubernetes import Kubernetes
from mcp_servers.client import Connections, Tools, in_process
from mcp_servers.rca.gather import gather
from sandbox.server import serving

SNAPSHOTS = Path(__file__).parents[2] / "sandbox" / "snapshots"
SHOP = SNAPSHOTS / "shop"
STORIES = cases_in(SNAPSHOTS)
ANN = Principal(subject="ann", permissions=frozenset(Permission))
READER = Principal(subject="bo", permissions=frozenset({Permission.CLUSTER_READ}))
SHOPKEEPER = Principal(
    subject="cy", permissions=frozenset(Permission), namespaces=frozenset({"shop"})
)


@asynccontextmanager
async def tools(folder: Path = SHOP, principal: Principal = ANN) -> AsyncGenerator[Tools]:
    async with serving(folder) as addresses:
        connections = Connections(
            kubeconfig=addresses.kubeconfig, prometheus_url=addresses.prometheus
        )
        async with in_process(connections) as sessions:
            yield Tools(sessions, principal)


async def investigated(folder: Path, **arguments: Any) -> dict[str, Any]:
    async with tools(folder) as mine:
        return (await mine.call("rca_investigate", **arguments)).data


def evidence_ids(answer: dict[str, Any]) -> set[str]:
    told = [*answer["root_causes"], *answer["symptoms"], *answer["healthy"], *answer["elsewhere"]]
    return {item["id"] for one in told for item in one["evidence"]}


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("truth", STORIES, ids=lambda truth: truth.name)
async def test_every_story_is_told_right_in_both_languages(truth: Any, language: str) -> None:
    answer = await investigated(truth.folder, namespace=truth.namespace, language=language)
    assert [*grade_investigation(truth, answer), *grade_text(truth, str(answer))] == []


async def test_every_claim_has_evidence_that_says_where_it_stands() -> None:
    answer = await investigated(SHOP, namespace="shop", name="checkout")
    for cause in answer["root_causes"]:
        assert cause["evidence"]
        assert all(item["ref"] and item["text"] for item in cause["evidence"])
    cited = {one["evidence"] for one in answer["timeline"] if one["evidence"]}
    assert cited <= evidence_ids(answer)
    assert answer["timeline"] == sorted(answer["timeline"], key=lambda one: one["at"])


async def test_the_chain_leads_from_the_root_to_a_caller_and_what_is_felt_there() -> None:
    answer = await investigated(SHOP, namespace="shop", name="storefront")
    chain = [one["rule"] for one in answer["root_causes"][0]["chain"]]
    assert chain[0] == "pod.oom_killed"
    assert chain[-2:] == ["app.dependency_unreachable", "app.degraded"]


async def test_a_routine_release_beside_the_fault_is_ruled_out_by_name() -> None:
    answer = await investigated(SHOP, namespace="shop", name="checkout")
    assert any("cart" in one["hypothesis"] for one in answer["ruled_out"])


async def test_a_change_that_was_told_in_a_sentence_ends_with_one_full_stop(tmp_path: Path) -> None:
    folder = shutil.copytree(SHOP, tmp_path / "shop")
    changes = json.loads((folder / "changes.json").read_text())
    target = {"kind": "Deployment", "namespace": "shop", "name": "checkout"}
    flag = {"at": "2026-11-18T00:50:00Z", "kind": "flag", "id": "chg-1", "author": "li"}
    changes.append({**flag, "target": target, "summary": "Price index switched on for all."})
    (folder / "changes.json").write_text(json.dumps(changes))
    for language, sentence in (
        ("zh", "switched on for all。它"),
        ("en", "switched on for all. It"),
    ):
        answer = await investigated(folder, namespace="shop", name="checkout", language=language)
        assert sentence in answer["summary"]


def blamed(answer: dict[str, Any]) -> list[tuple[Any, ...]]:
    return [(one["rule"], one["resource"], one["confidence"]) for one in answer["root_causes"]]


async def test_the_same_question_twice_has_the_same_incident_and_answer() -> None:
    async with tools() as mine:
        first, second = [
            (await mine.call("rca_investigate", namespace="shop")).data for _ in range(2)
        ]
    assert first["incident_id"] == second["incident_id"]
    assert blamed(first) == blamed(second)


async def test_a_healthy_cluster_is_told_by_what_speaks_for_it() -> None:
    answer = await investigated(SNAPSHOTS / "healthy", namespace="shop", name="checkout")
    assert (answer["verdict"], answer["root_causes"]) == ("healthy", [])
    assert answer["healthy"][0]["evidence"][0]["source"] == "object"


async def test_a_misspelt_name_is_answered_with_the_nearest() -> None:
    async with tools() as mine:
        with pytest.raises(NotFound, match=r"no object named 'chekout'.*checkout"):
            await mine.call("rca_investigate", namespace="shop", name="chekout")
        with pytest.raises(NotFound, match=r"no namespace 'shpo'.*shop"):
            await mine.call("rca_investigate", namespace="shpo")


async def test_a_name_of_another_namespace_is_pointed_at() -> None:
    async with tools() as mine:
        with pytest.raises(NotFound, match=r"payments/ledger"):
            await mine.call("rca_investigate", namespace="shop", name="ledger")


async def test_names_in_the_words_of_a_question_are_what_it_is_about() -> None:
    answer = await investigated(
        SNAPSHOTS / "selector-miss", symptom="Why can booking not reach quotes?"
    )
    assert answer["root_causes"][0]["resource"]["name"] == "quotes"
    one_namespace = await investigated(SHOP, symptom="what is wrong in payments?")
    assert one_namespace["scope"]["namespaces"] == ["payments"]


async def test_a_window_that_is_no_duration_is_refused() -> None:
    async with tools() as mine:
        with pytest.raises(Invalid):
            await mine.call("rca_investigate", window="an hour")


async def test_without_the_permission_the_tools_do_not_exist() -> None:
    async with tools(principal=READER) as mine:
        assert [one.name for one in await mine.list("rca")] == []
        with pytest.raises(Forbidden):
            await mine.call("rca_investigate")


async def test_who_sees_one_namespace_hears_of_no_other() -> None:
    async with tools(principal=SHOPKEEPER) as mine:
        answer = await mine.call("rca_investigate")
        found = await mine.call("rca_list_findings")
    assert "payments" not in str(answer.data["root_causes"]) + str(answer.data["symptoms"])
    assert {one["resource"]["namespace"] for one in found.data["findings"]} <= {"shop", ""}


async def test_how_monitoring_fares_is_told_only_to_who_sees_all() -> None:
    async with tools() as mine, tools(principal=SHOPKEEPER) as theirs:
        whole = await mine.call("rca_list_findings")
        part = await theirs.call("rca_list_findings")
    assert "alert.watchdog" in {one["rule"] for one in whole.data["findings"]}
    assert "alert.watchdog" not in {one["rule"] for one in part.data["findings"]}


async def test_notes_leave_a_healthy_cluster_healthy_and_are_counted() -> None:
    async with tools(SNAPSHOTS / "healthy") as mine:
        listed = await mine.call("rca_list_findings")
    assert listed.data["verdict"] == "healthy"
    assert {one["fault"] for one in listed.data["findings"]} == {False}
    assert listed.data["folded"]["alert.watchdog"] == 1
    notes = "notes of low severity: workload.single_point (4), alert.watchdog (1)"
    assert notes in listed.text


async def test_no_value_of_a_secret_is_in_what_diagnosers_read() -> None:
    async with serving(SHOP) as addresses:
        kubernetes = Kubernetes.connect(kubeconfig=addresses.kubeconfig)
        [raw] = [one for one in await kubernetes.list("Secret") if one.name == "checkout-orders"]
        seen = await gather(kubernetes, None, window=timedelta(hours=1))
        kubernetes.close()
    [value] = raw.raw["data"].values()
    assert value not in str([one.raw for one in seen.all("Secret")])


async def test_without_prometheus_the_rest_is_answered_and_the_gap_is_named() -> None:
    async with serving(SHOP) as addresses:
        gone = Connections(kubeconfig=addresses.kubeconfig, prometheus_url="http://127.0.0.1:9")
        async with in_process(gone) as sessions:
            answer = await Tools(sessions, ANN).call("rca_investigate", namespace="shop")
    assert answer.data["root_causes"][0]["rule"] == "pod.oom_killed"
    assert [one["what"] for one in answer.data["not_checked"]] == ["metrics"]


async def test_without_the_kubernetes_api_there_is_an_error_and_no_guess(tmp_path: Path) -> None:
    async with serving(SHOP) as addresses:
        kept = tmp_path / "kubeconfig"
        kept.write_bytes(addresses.kubeconfig.read_bytes())
    async with in_process(Connections(kubeconfig=kept, timeout_s=2)) as sessions:
        with pytest.raises(UpstreamUnavailable):
            await Tools(sessions, ANN).call("rca_investigate")


@pytest.mark.parametrize("truth", STORIES, ids=lambda truth: truth.name)
async def test_what_an_investigation_costs_a_model_stays_small(truth: Any) -> None:
    async with tools(truth.folder) as mine:
        answer = await mine.call("rca_investigate", namespace=truth.namespace)
    assert len(answer.text) / 4 < 1500


async def test_findings_are_listed_for_one_object() -> None:
    async with tools() as mine:
        answer = await mine.call("rca_list_findings", namespace="shop", name="checkout")
    rules = {one["rule"] for one in answer.data["findings"]}
    assert "pod.oom_killed" in rules
    assert answer.data["scope"]["namespaces"] == ["shop"]
