"""The stories, by the name of their folder."""

from collections.abc import Callable

from tools.stories.tales import (
    bad_image,
    healthy,
    missing_key,
    node_pressure,
    selector_miss,
    shop,
)
from tools.stories.world import World

TALES: dict[str, Callable[[], World]] = {
    "shop": shop.tell,
    "bad-image": bad_image.tell,
    "missing-key": missing_key.tell,
    "selector-miss": selector_miss.tell,
    "node-pressure": node_pressure.tell,
    "healthy": healthy.tell,
}
