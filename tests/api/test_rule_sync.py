"""Stored rules on their way to a Prometheus: written, reloaded, put right, given back, and told of."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from api.app import create_app, running
from api.cli.rule_folder import RuleFolder
from api.cli.source import Source
from api.cli.syncing import Counts, Round, Target, synced
from api.editions import prepared
from core.errors import Invalid, NotFound, Unauthenticated, UpstreamUnavailable
from core.storage.kept_alerts import KeptAlerts
from tests.api.conftest import Midwatch, offline, serving
from tests.channels.fakes import serving as serving_app

RULES = "groups: [{name: web, rules: [{alert: %s, expr: up == 0, for: 5m, annotations: {summary: s, runbook_url: u}}]}]\n"
OBJECT = "kind: PrometheusRule\nmetadata: {name: web}\nspec: {%s}\n"


@dataclass
class Reloading:
    """The one page of a Prometheus that is asked to reload: what it answers next, and how often it was."""

    plan: list[PlainTextResponse] = field(default_factory=list[PlainTextResponse])
    asked: int = 0
    url: str = ""

    async def answer(self, _: Request) -> PlainTextResponse:
        self.asked += 1
        return self.plan.pop(0) if self.plan else PlainTextResponse("")


@dataclass
class Place:
    """A running service, and a Prometheus beside which rules are synced."""

    watch: Midwatch
    source: Source
    reloading: Reloading
    target: Target
    folder: Path

    async def store(
        self,
        name: str,
        text: str,
        *,
        team: str = "web",
        based_on: int = 0,
        with_errors: bool = False,
    ) -> None:
        body: dict[str, Any] = {
            "text": text,
            "reason": "test",
            "based_on": based_on,
            "labels": {"team": team},
        }
        body["with_errors"] = with_errors
        async with self.watch.client() as http:
            stored = await http.put(f"/api/v1/rules/files/{name}", json=body)
            assert stored.status_code == 200, stored.text

    async def round(self) -> Round:
        return await synced(self.source, self.target)

    async def told(self) -> dict[str, Any]:
        async with self.watch.client() as http:
            [one] = (await http.get("/api/v1/rules/targets")).json()["rows"]
        return one

    def there(self) -> dict[str, str]:
        return {one.name: one.read_text() for one in self.folder.glob("*.yaml")}


@pytest.fixture
async def place(tmp_path: Path) -> AsyncIterator[Place]:
    settings, reloading = offline(tmp_path), Reloading()
    app, folder = create_app(settings), tmp_path / "rules"
    page = Starlette(routes=[Route("/-/reload", reloading.answer, methods=["POST"])])
    async with (
        prepared(settings) as ready,
        running(app, ready) as opened,
        serving(app) as address,
        serving_app(page) as prometheus,
    ):
        admin = await opened.sign_in.ensure_admin()
        _, token = await opened.sign_in.make_api_token(admin.name, label="test")
        scopes = frozenset({"alerts:read", "alerts:receive"})
        _, narrow = await opened.sign_in.make_api_token(admin.name, label="sync", scopes=scopes)
        target = Target("a", "team=web", RuleFolder(folder), f"{prometheus}/-/reload", 30)
        watch = Midwatch(address, opened, token, app.state.turns)
        yield Place(watch, Source(server=address, token=narrow), reloading, target, folder)


async def test_files_with_the_labels_are_written_and_reloaded_once(place: Place) -> None:
    await place.store("web", RULES % "Down")
    await place.store("operator", OBJECT % (RULES % "Lost").strip())
    await place.store("others", RULES % "Elsewhere", team="data")
    first, second = await place.round(), await place.round()
    assert (first.state, first.files, second.state) == ("in_step", 2, "in_step")
    assert place.reloading.asked == 1
    assert set(place.there()) == {"web.yaml", "operator.yaml"}
    assert place.there()["operator.yaml"].startswith("groups:")
    assert (await place.told())["state"] == "in_step"


async def test_what_somebody_changed_there_is_put_right_and_told(place: Place) -> None:
    await place.store("web", RULES % "Down")
    await place.round()
    (place.folder / "web.yaml").write_text("groups: []\n")
    assert (await place.round()).drift == ("web.yaml",)
    assert place.there() == {"web.yaml": RULES % "Down"}
    assert place.reloading.asked == 2
    told = await place.told()
    assert (told["state"], told["drift"]) == ("in_step", ["web.yaml"])
    assert told["drift_at"]


async def test_what_somebody_put_there_that_is_no_text_is_put_right_too(place: Place) -> None:
    await place.store("web", RULES % "Down")
    await place.round()
    (place.folder / "web.yaml").write_bytes(b"\xff\xfe")
    assert (await place.round()).drift == ("web.yaml",)
    assert place.there() == {"web.yaml": RULES % "Down"}


async def test_a_file_of_others_that_is_no_text_stays_and_the_service_is_told_why(
    place: Place,
) -> None:
    await place.store("web", RULES % "Down")
    place.folder.mkdir()
    (place.folder / "web.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(Invalid, match="not written by midwatch sync"):
        await place.round()
    assert (place.folder / "web.yaml").read_bytes() == b"\xff\xfe"
    told = await place.told()
    assert told["state"] == "failed"
    assert "not written by midwatch sync" in told["error"]
    (place.folder / "web.yaml").unlink()
    assert (await place.round()).state == (await place.told())["state"] == "in_step"


async def test_what_cannot_be_read_there_is_told_in_words(place: Place) -> None:
    await place.store("web", RULES % "Down")
    await place.round()
    (place.folder / "web.yaml").unlink()
    (place.folder / "web.yaml").mkdir()
    with pytest.raises(Invalid, match=r"Cannot read .*web\.yaml: Is a directory"):
        await place.round()
    told = await place.told()
    assert (told["state"], told["files"]) == ("failed", 1)


async def test_who_rests_longer_after_failures_is_not_taken_for_silent(place: Place) -> None:
    await place.store("web", RULES % "Down")
    place.target = replace(place.target, reload_url="http://127.0.0.1:9/x")
    await synced(place.source, place.target, failed_in_a_row=4)
    async with KeptAlerts(place.watch.opened.database).session() as tables:
        row = await tables.rule_files.target("a")
    assert row
    assert row.every_s == 30 * 2**4


async def test_rules_that_prometheus_refuses_are_given_back_and_not_tried_again(
    place: Place,
) -> None:
    await place.store("web", RULES % "Down")
    await place.round()
    await place.store("web", RULES % "Worse", based_on=1)
    assert (await place.told())["state"] == "behind"
    place.reloading.plan = [PlainTextResponse("cannot parse", 500)]
    refused = await place.round()
    assert (refused.state, refused.error) == ("refused", "HTTP 500: cannot parse")
    assert place.there() == {"web.yaml": RULES % "Down"}
    assert (await place.round()).state == "refused"
    assert place.reloading.asked == 3  # once for each version, and once for what was given back
    assert (await place.told())["error"] == "HTTP 500: cannot parse"
    async with place.watch.client() as http:
        await http.post("/api/v1/rules/files/web/rollback", json={"reason": "refused"})
    assert (await place.round()).state == "in_step"
    assert (await place.told())["error"] == ""


async def test_what_prometheus_refused_is_named_by_promtool_where_it_is_installed(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    promtool = tmp_path / "promtool"
    promtool.write_text(
        '#!/bin/sh\necho "Checking $3"\necho "  FAILED:"\necho "$3: 5:11: no such function"\nexit 1\n'
    )
    promtool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    await place.store("web", RULES % "Down")
    place.reloading.plan = [PlainTextResponse("failed to reload config", 500)]
    told = (await place.round()).error
    assert told == "HTTP 500: failed to reload config web.yaml: 5:11: no such function"


async def test_a_prometheus_that_is_away_is_reloaded_once_it_is_there(place: Place) -> None:
    await place.store("web", RULES % "Down")
    here, place.target = place.target, replace(place.target, reload_url="http://127.0.0.1:9/x")
    away = await place.round()
    assert away.state == "not_reloaded"
    assert "Check that it runs and that --reload is its address" in away.error
    assert (await place.told())["state"] == "not_reloaded"
    place.target = here
    place.reloading.plan = [PlainTextResponse("Lifecycle API is not enabled.", 403)]
    assert (await place.round()).error == "HTTP 403: Lifecycle API is not enabled."
    assert place.there() == {"web.yaml": RULES % "Down"}
    assert (await place.round()).state == "in_step"


async def test_a_token_of_the_two_scopes_may_do_no_more(place: Place) -> None:
    await place.store("web", RULES % "Down")
    await place.round()
    async with place.watch.client() as http:
        http.headers["Authorization"] = f"Bearer {place.source.token}"
        assert (await http.delete("/api/v1/rules/targets/a")).status_code == 403
        assert (await http.delete("/api/v1/rules/files/web?reason=gone")).status_code == 403
    with pytest.raises(Unauthenticated):
        await synced(replace(place.source, token="mw_nobody"), place.target)


async def test_a_service_that_is_away_leaves_the_rules_as_they_are(place: Place) -> None:
    await place.store("web", RULES % "Down")
    await place.round()
    with pytest.raises(UpstreamUnavailable):
        await synced(replace(place.source, server="http://127.0.0.1:9"), place.target)
    assert place.there() == {"web.yaml": RULES % "Down"}


async def test_a_choice_that_is_no_label_and_a_target_that_is_none_are_refused(
    place: Place,
) -> None:
    with pytest.raises(Invalid, match="no choice by labels"):
        await synced(place.source, replace(place.target, match="web"))
    async with place.watch.client() as http:
        gone = await http.delete("/api/v1/rules/targets/nowhere")
    assert (gone.status_code, gone.json()["code"]) == (404, NotFound.code)


async def test_a_target_is_forgotten_when_asked(place: Place) -> None:
    await place.round()
    async with place.watch.client() as http:
        assert (await http.delete("/api/v1/rules/targets/a")).json()["rows"] == []


def test_rounds_are_counted_for_prometheus() -> None:
    counts = Counts()
    for state, drifted in (("failed", 0), ("refused", 0), ("in_step", 2), ("failed", 0)):
        counts.add(state, files=3, drifted=drifted)
    told = counts.as_text("a").splitlines()
    assert 'midwatch_sync_rounds_total{target="a",state="failed"} 2' in told
    assert 'midwatch_sync_failed_rounds_in_a_row{target="a"} 1' in told
    assert 'midwatch_sync_drifted_files_total{target="a"} 2' in told
    assert 'midwatch_sync_files{target="a"} 3' in told
