"""Money out of sample: episodes in made-up spend, on seeds that no threshold was chosen on."""

from evals.made_spend import SHAPES, made_days, made_hours
from evals.suites.spend_anomalies import Tally, beyond
from mcp_servers.engines.cost_anomalies import cost_anomalies

FRESH = range(2000, 2004)


def test_episodes_are_found_and_little_else_is_told_by_day() -> None:
    ours, plain = Tally(), Tally()
    for world in (made_days(shape, seed) for shape in SHAPES for seed in FRESH):
        found = cost_anomalies(world.times, world.values)
        ours.add(world, {i for i, one in enumerate(found.points) if one.severity})
        plain.add(world, beyond(2.0, 30, world.values))
    assert ours.figures()["precision"] >= 0.92
    assert ours.figures()["recall"] >= 0.92
    assert plain.figures()["recall"] < ours.figures()["recall"]


def test_episodes_are_found_and_little_else_is_told_by_hour() -> None:
    tally = Tally()
    for world in (made_hours(shape, 2000) for shape in SHAPES):
        found = cost_anomalies(world.times, world.values)
        tally.add(world, {i for i, one in enumerate(found.points) if one.severity})
    assert tally.figures()["precision"] >= 0.9
    assert tally.figures()["recall"] >= 0.9


def test_batch_work_that_costs_another_sum_each_day_is_judged_as_well_by_hour() -> None:
    tally = Tally()
    for world in (made_hours("spiky", seed) for seed in range(2000, 2004)):
        found = cost_anomalies(world.times, world.values)
        tally.add(world, {i for i, one in enumerate(found.points) if one.severity})
    assert tally.figures()["precision"] >= 0.9
    assert tally.figures()["recall"] >= 0.9
