"""Faulty models: some of the scenes as they are judged, and that a fault of ours would be seen."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from agent.events import Done, Event, Token, ToolStarted
from agent.models import ModelChoice
from core.errors import UpstreamUnavailable
from evals.plumbing.faults import LOOKING
from evals.plumbing.judging import Played
from evals.plumbing.scene import WHOLE, Scene
from evals.plumbing.writes import WRITING
from evals.providers.serving import Provider
from evals.suites import plumbing

GOOD = Scene("good", ())
END = (Token("m", "Well."), Done("m", "Well.", "en", ("rca",)))


async def test_turns_end_well_with_models_that_do_not() -> None:
    result = await plumbing.run((*LOOKING[::11], *WRITING[::5]))
    assert [f"{one.case}: {one.why}" for one in result.failures] == []
    assert result.metrics["changes_made"] >= 2


async def test_turns_end_well_through_openais_newer_api_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def responses(provider: Provider, scene: Scene) -> ModelChoice:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{provider.base_url}/v1")
        return ModelChoice("openai", "gpt-6.1-terra", "key", "", scene.timeout_s)

    result = await plumbing.run((*LOOKING[5::13], *WRITING[1::5]), wires=(responses,))
    assert [f"{one.case}: {one.why}" for one in result.failures] == []
    assert result.metrics["changes_made"] >= 1


def test_every_scene_has_a_name_of_its_own() -> None:
    names = [one.name for one in plumbing.SCENES]
    assert len(set(names)) == len(names) >= 75


def played(scene: Scene = GOOD, events: Sequence[Event] = END, **more: int) -> Played:
    return Played(scene, events, None, more.get("asked", 0), more.get("writes", 0), WHOLE)


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (played(events=()), "ended as nothing"),
        (played(events=(*END, ToolStarted("c", "s", "t", {}, "r"))), "without its end"),
        (played(events=(Token("m", "Other."), END[1])), "something else than it streamed"),
        (played(asked=5), "asked models 5 times, 4 at most"),
        (played(asked=1), "counts 0 of 1 requests"),
        (played(writes=1), "changed the cluster 1 times, not 0"),
        (played(replace(GOOD, writes=1), writes=1), "without asking"),
        (played(replace(GOOD, told=("256Mi",))), "does not tell"),
        (played(replace(GOOD, untold=("Well",))), "tells one of"),
        (played(replace(GOOD, marked=("Well.",))), "left a claim unmarked"),
        (replace(played(), afterwards="refused"), "left a thread that ends as refused"),
        (replace(played(), error=UpstreamUnavailable("")), "does not say why"),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_what_does_not_hold_is_named(bad: Played, why: str) -> None:
    assert any(why in one for one in bad.broken())


def test_nothing_is_held_against_a_turn_that_went_well() -> None:
    assert played().broken() == []
