"""Confidence of warped pixels on scenes whose errors are known, and what becomes of it in a latent mask."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from scenes import HEIGHT, WIDTH, geometry, moved, noise_video, plane, smooth_video, step

from inversecrafter_core.camera import preset_path
from inversecrafter_core.errors import InputError
from inversecrafter_core.masks.confidence import trusted
from inversecrafter_core.warp import warp_video
from inversecrafter_core.warp.confidence import confidence_of, warp_confidence

PATCH = (slice(16, 32), slice(20, 44))


def test_where_the_camera_stays_and_nothing_moves_all_is_sure():
    sure = warp_confidence(smooth_video(3), step(frames=3), preset_path("static", 3))
    assert sure.shape == (3, HEIGHT, WIDTH) and sure.dtype == torch.float32
    assert sure.min() > 0.999


def test_holes_have_none_and_all_stays_within_its_range():
    scene, path = step(frames=3), moved(x=0.2, frames=3)
    sure, warp = warp_confidence(noise_video(3), scene, path), warp_video(noise_video(3), scene, path)
    assert (sure[~warp.visible] == 0).all() and (sure[warp.visible] > 0).all() and sure.max() <= 1
    assert (~warp.visible).any()


def test_an_outline_is_less_sure_than_a_surface():
    # The block's left side moves by 12 pixels from column 21; without contrast nothing but the outline is doubtful.
    sure = warp_confidence(torch.full((1, HEIGHT, WIDTH, 3), 0.5), step(), moved(x=0.2))[0]
    assert sure[5:-5, 9:12].max() < 0.98
    assert sure[5:-5, 16:24].min() > 0.999 and sure[5:-5, 46:58].min() > 0.999


def test_a_frame_whose_depth_disagrees_with_its_neighbours_is_doubted_there():
    depth = torch.full((3, HEIGHT, WIDTH), 2.0)
    depth[1][PATCH] = 1.9
    path, video = moved(x=0.3, frames=3), noise_video(1).expand(3, -1, -1, -1)
    right, wrong = (warp_confidence(video, scene, path)[1] for scene in (plane(3), geometry(depth)))
    seen = (wrong > 0) & (right > 0)
    # A baseline of 0.6 at depth 2 and focal length 60 moves all of it by 18 pixels.
    inside, outside = torch.zeros_like(seen), torch.zeros_like(seen)
    inside[18:30, 4:24] = True
    outside[:, 34:44] = True
    assert (right - wrong)[seen & inside].mean() > 0.3
    assert (right - wrong)[seen & outside].abs().mean() < 0.05
    alone = warp_confidence(video, geometry(depth), path, others=0)[1]
    assert wrong[seen & inside].mean() < alone[seen & inside].mean(), "other frames add to the doubt"


def test_the_unit_of_depth_does_not_matter():
    near = step(frames=3)
    far = replace(near, depth=near.depth * 1000)
    path = moved(x=0.15, frames=3)
    assert torch.allclose(warp_confidence(noise_video(3), near, path), warp_confidence(noise_video(3), far, path), atol=1e-3)


def test_it_ranks_the_error_that_noise_makes():
    noise = torch.nn.functional.interpolate(
        torch.randn(3, 1, 6, 8, generator=torch.Generator().manual_seed(1)), (HEIGHT, WIDTH)
    )
    scene, path, video = plane(3), moved(x=0.3, frames=3), smooth_video(3)
    damaged = replace(scene, depth=scene.depth * torch.exp(0.1 * noise[:, 0]))
    truth = warp_video(video, scene, path).video[1]
    # The camera stays where it is although the median depth, which a path counts in, is another one.
    poses = path.camera_to_world.clone()
    poses[:, :3, 3] *= scene.pivot_depth / damaged.pivot_depth
    there = replace(path, camera_to_world=poses)
    sure, warp = warp_confidence(video, damaged, there)[1], warp_video(video, damaged, there)
    known = warp.visible[1] & (truth.sum(-1) > 0)
    error = (warp.video[1] - truth).abs().mean(-1)[known]
    doubtful = sure[known] <= sure[known].quantile(0.25)
    assert error[doubtful].mean() > 1.5 * error[~doubtful].mean()


def test_half_confidence_means_half_an_expected_error_of_the_tolerance():
    assert confidence_of(torch.tensor([0.0, 0.2, 0.6]), 0.2).tolist() == pytest.approx([1, 0.5, 0.1])


def test_progress_counts_frames_and_can_stop():
    seen = []
    warp_confidence(smooth_video(3), plane(3), moved(x=0.1, frames=3), progress=lambda done, all_: seen.append((done, all_)))
    assert seen == [(1, 3), (2, 3), (3, 3)]


FRAMES = 9


def latent_mask():
    return torch.rand(1, 4, 3, 2, 3, generator=torch.Generator().manual_seed(0))


def test_full_confidence_in_all_that_is_seen_changes_nothing():
    visible = (torch.rand(FRAMES, 16, 24, generator=torch.Generator().manual_seed(1)) > 0.4).float()
    visible[:, :8, :8] = 0
    assert torch.allclose(trusted(latent_mask(), visible, visible), latent_mask())


def test_doubt_in_one_frame_touches_its_group_alone_and_squared_errors_add_up():
    visible, sure = torch.ones(FRAMES, 16, 24), torch.ones(FRAMES, 16, 24)
    sure[3, :8, 8:16] = 0.2
    h = latent_mask()
    changed = trusted(h, sure, visible) / h
    expected = torch.ones_like(h)
    expected[:, :, 1, 0, 1] = 1 / (1 + (1 / 0.2 - 1) / 4)
    assert torch.allclose(changed, expected)


def test_holes_have_no_say_in_the_confidence_of_a_cell():
    visible, sure = torch.ones(FRAMES, 16, 24), torch.full((FRAMES, 16, 24), 0.5)
    visible[:, :, :4] = sure[:, :, :4] = 0
    assert torch.allclose(trusted(latent_mask(), sure, visible), latent_mask() / 2)


@pytest.mark.parametrize(
    ("sure", "words"),
    [(torch.ones(FRAMES, 16, 16), "same Warp Video"), (torch.full((FRAMES, 16, 24), 1.5), r"1\.5"),
     (torch.full((FRAMES, 16, 24), float("nan")), "nan")],
)  # fmt: skip
def test_a_confidence_that_does_not_fit_is_refused(sure, words):
    with pytest.raises(InputError, match=words):
        trusted(latent_mask(), sure, torch.ones(FRAMES, 16, 24))
