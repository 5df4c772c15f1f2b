"""Which tokens the video model is given in training."""

import random

import pytest
import torch

from lab.data.contexts import shown_things
from lab.models.token_masks import draw_context, known_tokens, outline
from lab.world import frame_times, random_scene, render
from lab.world.caption import named_things

SIZE = (17, 64, 96)
GRID = (5, 4, 6)


def test_a_token_is_known_only_when_all_its_pixels_are():
    visible = torch.ones(SIZE, dtype=torch.bool)
    assert known_tokens(visible).shape == GRID and bool(known_tokens(visible).all())
    visible[0, 5, 20] = False
    visible[8, 63, 95] = False
    hidden = (~known_tokens(visible)).nonzero().tolist()
    assert hidden == [[0, 0, 1], [2, 3, 5]], "frame 0 is alone, then groups of four"


@pytest.mark.parametrize("seed", range(8))
def test_an_outline_holds_every_pixel_of_its_thing(seed):
    scene = random_scene(seed)
    clip = render(scene, frame_times(SIZE[0]), *SIZE[1:])
    shown = shown_things(scene, clip)
    for thing in named_things(scene):
        mine = shown == scene.things.index(thing) + 1
        box = outline(scene, thing, *SIZE)
        if bool(box.any()):
            assert bool(box[mine].all())


def test_contexts_come_in_the_shares_that_are_written_down_and_never_give_everything():
    random.seed(0)
    tube, warp = torch.zeros(GRID, dtype=torch.bool), torch.ones(GRID, dtype=torch.bool)
    tube[2:, 1:3, 1:3] = True
    warp[3:, :, :2] = False
    drawn = [draw_context([tube], [warp], GRID) for _ in range(600)]
    shares = torch.stack(drawn).float().mean((1, 2, 3))
    assert 0.25 < float((shares == 0).float().mean()) < 0.45, "no context"
    assert bool((shares < 1).all()), "something is always left to make"
    assert any(bool(known[0].all() and known[-1].all() and not known[1].any()) for known in drawn), "both ends"
    assert any(bool((known == ~tube).all()) for known in drawn)
    assert any(bool((known == warp).all()) for known in drawn)


def test_without_tubes_and_warps_nothing_is_given_in_their_place():
    random.seed(1)
    kinds = {tuple(draw_context([], [], GRID).flatten(1).any(1).tolist()) for _ in range(200)}
    assert kinds == {(False,) * 5, (True, *(False,) * 4), (True, False, False, False, True)}
