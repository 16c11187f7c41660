"""What a world says of its repair."""

from typing import Any

from evals.clusters.telling import ref
from evals.clusters.world import Json
from evals.generated.scene import App, Scene


def mended(fix: str, one: Json) -> Json:
    return {"id": fix, "resource": ref(one)}


def wished(scene: Scene, about: Json | App, change: str, repair: Json | str, **more: Any) -> None:
    """A person asks for this change of this object; `repair` is what may come of it, or `none`."""
    one = about.parent if isinstance(about, App) else about
    named = {"namespace": "", **ref(one)}
    asked = {**named, "change": change, **more} if change else named
    scene.tell("fine", one, space=named["namespace"] or scene.space, repair=repair, asked=asked)
