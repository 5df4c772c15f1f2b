"""A region followed, an edit carried along, what was to stay measured: on a clip whose every mask is known."""

from __future__ import annotations

import math

import pytest
import torch
from moving_square import HEIGHT, SIDE, WIDTH, overlap, recoloured, square_clip
from on_gpu import on_gpu

from inversecrafter_core.editing import (
    box_region,
    composite,
    drift,
    edited_region,
    first_mask,
    mask_video,
    outlined,
    propagate,
    shaped,
    track,
)
from inversecrafter_core.errors import InputError
from inversecrafter_core.evaluation import masked_psnr
from inversecrafter_core.flow import correspond, pixel_grid


def test_the_mask_goes_where_the_square_goes():
    clip, inside = square_clip()
    found = track(clip, inside[0])
    assert found.lost is None and found.left is None
    assert torch.equal(found.inside[0], inside[0])
    for t in range(1, len(clip)):
        assert overlap(found.inside[t], inside[t]) > 0.9, t


def test_an_edit_of_a_clip_on_a_gpu_is_propagated_too():
    """As hosts under --gpu-only keep their pictures."""
    found = propagate(on_gpu(CLIP), on_gpu(EDITED), on_gpu(INSIDE))
    assert torch.equal(found.video, propagate(CLIP, EDITED, INSIDE).video)


def test_a_decoded_clip_on_a_gpu_is_compared_with_a_source_that_is_not():
    visible = (~INSIDE).float()
    assert composite(on_gpu(CLIP), CLIP, visible).cpu().isfinite().all()
    assert drift(on_gpu(CLIP), CLIP, visible, reconstruction=CLIP).past_vae_shift == (0, 0, 0)


def test_masks_of_something_that_crosses_the_whole_picture_are_taken():
    masks = torch.zeros(9, HEIGHT, WIDTH)
    for frame, mask in enumerate(masks):
        mask[:, frame * WIDTH // 10 : frame * WIDTH // 10 + WIDTH // 5] = 1
    assert torch.equal(mask_video(masks, 9, HEIGHT, WIDTH), masks > 0.5)


def test_edges_keep_the_mask_closer_than_flow_alone():
    clip, inside = square_clip(17, (2, 1))
    closer, alone = (overlap(track(clip, inside[0], snap).inside, inside) for snap in (True, False))
    assert closer > 0.9 and closer > alone > 0.6


def test_two_runs_give_the_same_masks():
    clip, inside = square_clip()
    assert torch.equal(track(clip, inside[0]).inside, track(clip, inside[0]).inside)


def test_a_region_that_leaves_the_picture_is_told_with_its_frame():
    clip, inside = square_clip(13, (10, 0), (30, 16))
    gone = int((~inside.flatten(1).any(1)).nonzero()[0])
    found = track(clip, inside[0])
    assert found.lost is None and found.left is not None and abs(found.left - gone) <= 1
    assert not bool(found.inside[found.left :].any()) and bool(found.inside[found.left - 1].any())
    assert f"Left the picture at frame {found.left}" in found.report()


def test_a_cut_loses_the_region_at_its_frame():
    clip, inside = square_clip()
    clip[5:] = torch.rand(clip[5:].shape, generator=torch.Generator().manual_seed(0))
    found = track(clip, inside[0])
    assert found.lost == 5 and not bool(found.inside[5:].any())
    assert "Lost at frame 5" in found.report()


def test_a_box_is_cut_down_to_the_thing_in_it_and_a_box_of_nothing_stays():
    clip, inside = square_clip()
    box = box_region(8, 12, SIDE + 8, SIDE + 8, HEIGHT, WIDTH)
    assert overlap(outlined(clip[0], box), inside[0]) > 0.9 > overlap(box, inside[0])
    plain = torch.full_like(clip[0], 0.5)
    assert torch.equal(outlined(plain, box), box)


def test_the_difference_of_two_pictures_is_the_edit():
    clip, inside = square_clip()
    found = edited_region(clip[0], recoloured(clip, inside)[0], grow=0)
    assert overlap(found, inside[0]) > 0.95


def test_places_there_and_back_are_the_motion():
    clip, inside = square_clip(5, (3, 1))
    *_, follow = correspond(clip)
    middle = inside[4] & torch.from_numpy(follow.confidence > 0.5)
    assert float(middle.sum()) > 0.8 * float(inside[4].sum())
    motion = torch.from_numpy(follow.back - pixel_grid(HEIGHT, WIDTH))[middle].median(0).values
    assert torch.allclose(motion, torch.tensor([-12.0, -4.0]), atol=0.2)


def test_an_edit_is_carried_to_every_frame_and_the_rest_stays_to_the_bit():
    clip, inside = square_clip()
    truth = recoloured(clip, inside)
    found = propagate(clip, truth[0], inside)
    assert torch.equal(found.video[0], truth[0]) and bool((found.visible[0] == 1).all())
    assert torch.equal(found.video[~inside], clip[~inside])
    assert masked_psnr(found.video[1:], truth[1:], inside[1:].float()) > 28
    assert masked_psnr(clip[1:], truth[1:], inside[1:].float()) < 15
    assert min(found.carried) > 0.7


def test_what_the_first_frame_did_not_show_is_a_guess_in_the_colours_of_the_edit():
    clip, inside = square_clip()
    wider = inside.clone()
    wider[4, :, 4:10] = True  # far from the square: nothing of the edit was there
    found = propagate(clip, recoloured(clip, inside)[0], wider, guess=0.25, margin=0)
    stripe = found.visible[4, :, 4:10]
    assert float(stripe.max()) == 0.25
    red, _, blue = found.video[4, :, 4:10].mean((0, 1)).tolist()
    assert red > blue + 0.2, "the square is blue, the edited one red"


def test_the_margin_is_known_to_nobody_in_later_frames():
    clip, inside = square_clip()
    found = propagate(clip, recoloured(clip, inside)[0], inside, margin=3)
    rim = shaped(inside, 3) & ~inside
    assert bool((found.visible[1:][rim[1:]] == 0).all())


def test_carried_colours_follow_the_light():
    clip, inside = square_clip()
    dimmed = clip * torch.linspace(1, 0.6, len(clip)).view(-1, 1, 1, 1)
    truth = recoloured(dimmed, inside)
    follows, keeps = (propagate(dimmed, truth[0], inside, follow_light=light).video for light in (True, False))
    weight = inside.float()
    assert masked_psnr(follows, truth, weight) > masked_psnr(keeps, truth, weight) + 3


def test_a_portrait_clip_is_edited_like_any_other():
    clip, inside = (tensor.transpose(1, 2) for tensor in square_clip())
    found = propagate(clip, recoloured(clip, inside)[0], track(clip, inside[0]).inside)
    assert found.video.shape == (9, WIDTH, HEIGHT, 3)
    assert masked_psnr(found.video[1:], recoloured(clip, inside)[1:], inside[1:].float()) > 24


def test_shapes_are_grown_and_boxed_frame_by_frame():
    inside = torch.zeros(2, 20, 20, dtype=torch.bool)
    inside[0, 8, 5:9] = inside[0, 8:12, 5] = True
    assert int(shaped(inside, boxes=True)[0].sum()) == 16
    assert int(shaped(inside, 2, boxes=True)[0].sum()) == 64
    assert not bool(shaped(inside, 2)[1].any())


def test_drift_tells_the_vae_from_the_edit_and_names_the_worst_frame():
    source, kept = torch.full((3, 8, 8, 3), 0.5), torch.ones(3, 8, 8)
    kept[:, :, 4:] = 0.4
    rebuilt = source + torch.tensor([0.02, 0.0, 0.0])
    result = rebuilt.clone()
    result[2] += 0.01
    result[:, :, 4:] = 0  # what was not to stay does not count
    found = drift(result, source, kept, rebuilt)
    assert found.kept == 0.5 and found.worst_frame == 2
    assert found.shift == pytest.approx((255 * (0.02 + 0.01 / 3), 0.85, 0.85), abs=0.01)
    assert found.past_vae_shift == pytest.approx((0.85,) * 3, abs=0.01)
    assert found.vae_psnr_db == pytest.approx(-10 * math.log10(0.02**2 / 3), abs=1e-3)
    assert found.past_vae_psnr_db == pytest.approx(-10 * math.log10(0.01**2 / 3), abs=1e-3)
    assert "no composite" in found.report() and "VAE alone" in found.report()


def test_a_composite_is_the_source_far_from_the_holes_and_the_result_in_them_with_a_soft_seam():
    source, result, visible = torch.ones(1, 8, 40, 3), torch.zeros(1, 8, 40, 3), torch.ones(1, 8, 40)
    visible[:, :, :10] = 0
    row = composite(result, source, visible, 8)[0, 4, :, 0]
    assert bool((row[:10] == 0).all()) and bool((row[18:] == 1).all())
    assert bool((row[10:18].diff() > 0).all()) and 0 < float(row[10]) < 0.2
    hard = composite(result, source, visible, 0)[0, 4, :, 0]
    assert torch.equal(hard, visible[0, 4])
    said = drift(composite(result, source, visible, 0), source, visible, composite=True)
    assert said.psnr_db == math.inf and said.as_dict()["psnr_db"] is None and "composite with a soft seam" in said.report()


CLIP, INSIDE = square_clip()
EDITED = recoloured(CLIP, INSIDE)[0]


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: track(CLIP[:1], INSIDE[0]), "video: a clip of one frame"),
        (lambda: propagate(CLIP[:1], EDITED, INSIDE[:1]), "video: a clip of one frame"),
        (lambda: propagate(CLIP, CLIP[0], INSIDE), "edited: nothing differs"),
        (lambda: propagate(CLIP, 1 - CLIP[0], INSIDE), "edited: 9.%|edited: 100%"),
        (lambda: propagate(CLIP, EDITED[:32], INSIDE), "edited: size 96x32, but original has 96x64"),
        (lambda: propagate(CLIP, CLIP[:2], INSIDE), "edited: 2 images"),
        (lambda: propagate(CLIP, EDITED, INSIDE[:, :32]), "holes: size 96x32"),
        (lambda: propagate(CLIP, EDITED, INSIDE[:5]), "different frame counts"),
        (lambda: propagate(CLIP, EDITED, INSIDE.roll(40, 2)), "covers only 0% of what was edited"),
        (lambda: propagate(CLIP, EDITED, INSIDE, guess=1.5), "guess: 1.5"),
        (lambda: propagate(CLIP, torch.rand(HEIGHT, WIDTH, 4), INSIDE), "edited: 4 channels"),
        (lambda: track(CLIP, INSIDE[0, :32]), "holes: size 96x32"),
        (lambda: track(CLIP, torch.zeros_like(INSIDE[0])), "holes: hardly a pixel"),
        (lambda: track(CLIP, torch.ones_like(INSIDE[0])), "holes: 100% of the picture"),
        (lambda: track(torch.rand(5, HEIGHT, WIDTH, 4), INSIDE[0]), "4 channels"),
        (lambda: first_mask(torch.zeros(1, 64, 64), HEIGHT, WIDTH), "holes: size 64x64.*Load Image"),
        (lambda: first_mask(torch.full((1, HEIGHT, WIDTH), torch.nan), HEIGHT, WIDTH), "NaN"),
        (lambda: mask_video(torch.ones(3, HEIGHT, WIDTH), 9, HEIGHT, WIDTH), "holes: 3 masks of 96x64 for 9 frames"),
        (lambda: mask_video(torch.zeros(9, HEIGHT, WIDTH), 9, HEIGHT, WIDTH), "holes: hardly a pixel"),
        (lambda: mask_video(torch.ones(9, HEIGHT, WIDTH), 9, HEIGHT, WIDTH), "100% of the picture is inside in every frame"),
        (lambda: box_region(200, 10, 20, 20, HEIGHT, WIDTH), "box: 20x20 at \\(200, 10\\)"),
        (lambda: box_region(0, 0, WIDTH, HEIGHT, HEIGHT, WIDTH), "box: 100%"),
        (lambda: next(correspond(torch.rand(3, 8, 8, 3))), "at least 16 pixels"),
        (lambda: drift(CLIP, CLIP, torch.zeros(CLIP.shape[:3])), "holes: no pixel"),
        (lambda: composite(CLIP, CLIP, INSIDE.float(), -1), "seam: -1"),
        (lambda: composite(CLIP, CLIP[:5], INSIDE.float()), "different frame counts"),
    ],
)
def test_bad_input_is_named(call, says):
    with pytest.raises(InputError, match=says):
        call()
