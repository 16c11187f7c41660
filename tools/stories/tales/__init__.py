"""The stories, by the name of their folder."""

from collections.abc import Callable

from tools.stories.tales import healthy, shop
from tools.stories.world import World

TALES: dict[str, Callable[[], World]] = {"shop": shop.tell, "healthy": healthy.tell}
