"""Putting what is missing beside what is told."""

from collections.abc import Callable, Mapping
from typing import Any

from sandbox.kubernetes_api.fields import entries, section

Json = dict[str, Any]


def filled(told: Mapping[str, Any], more: Mapping[str, Any]) -> Json:
    """`told`, with those of `more` that it lacks. What is null is not told."""
    return {**more, **{key: value for key, value in told.items() if value is not None}}


def each(told: Json, field: str, fill: Callable[[Json], Json]) -> Json:
    """The same, with every entry of one of its lists filled."""
    return {**told, field: [fill(one) for one in entries(told, field)]} if field in told else told


def within(told: Json, field: str, fill: Callable[[Json], Json]) -> Json:
    """The same, with one of its parts filled if it is there."""
    return {**told, field: fill(section(told, field))} if told.get(field) is not None else told
