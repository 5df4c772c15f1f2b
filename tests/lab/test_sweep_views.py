"""Views that grow harder: holes of the wanted share, faster things, a larger angle."""

from __future__ import annotations

import math

import pytest
import torch

from lab.data.scenes.new_views import arc
from lab.data.scenes.sweep_views import BASE, SWEEPS, at_speed, grown, moves, moving_scenes, settings, view_of
from lab.world import random_scene


def kept():
    visible = torch.ones(4, 40, 60, dtype=torch.bool)
    visible[1:, 10:14, 20:24] = False
    return visible


@pytest.mark.parametrize("share", [0.1, 0.4, 0.7])
def test_holes_grow_around_those_that_are_there_to_the_wanted_share(share):
    found = grown(kept(), share)
    assert share <= float((~found).float().mean()) < share + 0.02
    assert bool(found[0].all()), "the first frame is given to every run"
    assert not bool((found & ~kept()).any()), "nothing becomes visible"
    assert not bool(found[1, 9, 20]) and bool(found[1, 39, 0])


def test_enough_holes_are_left_as_they_are():
    assert torch.equal(grown(kept(), 0.0), kept())


def test_things_speed_up_and_nothing_else_changes():
    seed = next(moving_scenes(0, 1))
    scene = random_scene(seed)
    assert moves(scene) and not moves(at_speed(scene, 0))
    fast = at_speed(scene, 2)
    assert [thing.centre for thing in fast.things] == [thing.centre for thing in scene.things]
    assert fast.camera == scene.camera and at_speed(scene, 1) == scene
    assert fast.things[0].velocity == tuple(2 * part for part in scene.things[0].velocity)


def test_the_arc_ends_at_its_angle():
    end = arc(torch.eye(4).expand(5, 4, 4), 2.0, 30)[-1]
    assert float(end[0, 0]) == pytest.approx(math.cos(math.radians(30)), abs=1e-6)


def test_a_larger_angle_hides_more_and_every_setting_is_there_once():
    seed = next(moving_scenes(0, 1))
    shares = [view_of(seed, BASE._replace(angle=a), (9, 32, 48))[1].holes for a in (5, 40)]
    assert shares[1] > 2 * shares[0]
    assert len(settings()) == sum(map(len, SWEEPS.values())) - 2, "the base is part of every sweep"
