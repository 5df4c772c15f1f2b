"""The pack's own depth network: pieces of a clip, sizes, wrong files, stillness; and what the shipped file has learnt."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from inversecrafter_core.depth import KINDS, SmallDepth, VerticalGradientPrior, measure_flicker
from inversecrafter_core.depth.estimators.small import AREA, network_size
from inversecrafter_core.depth.estimators.small_file import load_small_network, save_small_network
from inversecrafter_core.depth.estimators.small_network import SmallDepthNet
from inversecrafter_core.depth.steady.running_average import SteadyPicture
from inversecrafter_core.errors import InputError
from inversecrafter_core.flow import clip_flow
from lab.world import frame_times, random_scene, render

SHIPPED = Path(__file__).resolve().parents[3] / "weights" / "depth" / "inversecrafter_small_depth.safetensors"
SEEDS = (710, 711, 712, 713, 714, 715)
WITHIN = 0.2231  # log 1.25


@pytest.fixture(scope="module")
def shipped():
    return SmallDepth.load(SHIPPED)


@pytest.fixture(scope="module")
def scenes():
    return [render(random_scene(seed), frame_times(9), 128, 192) for seed in SEEDS]


def within(log_depth, truth):
    error = log_depth - truth.log()
    return float(((error - error.median()).abs() < WITHIN).float().mean())


def tiny(seed=0):
    torch.manual_seed(seed)
    network = SmallDepthNet((4, 8, 8, 16))
    network.train()(torch.rand(2, 2, 3, 64, 64))  # so that the norms have seen something
    return network.eval()


def moving(frames=7, height=70, width=101):
    torch.manual_seed(1)
    picture = torch.nn.functional.interpolate(torch.rand(1, 3, 12, 30), size=(height, width + 3 * frames), mode="bicubic")
    picture = picture[0].permute(1, 2, 0).clamp(0, 1)
    return torch.stack([picture[:, 3 * t : 3 * t + width] for t in range(frames)])


def noisy(frame, frames, sigma=2 / 255):
    noise = torch.randn((frames, *frame.shape), generator=torch.Generator().manual_seed(5))
    return (frame + sigma * noise).clamp(0, 1)


# --- the estimator


@pytest.mark.parametrize("batch_size", [1, 2, 5])
def test_pieces_of_a_clip_join_without_a_seam(batch_size):
    model, video = SmallDepth(tiny(), "tiny"), moving()
    whole = model.estimate(video, batch_size=7)
    pieces = model.estimate(video, batch_size=batch_size)
    assert whole.kind == "relative_depth" and whole.values.shape == video.shape[:3]
    assert torch.allclose(whole.values, pieces.values, rtol=1e-4)


def test_what_was_before_counts_and_the_next_clip_starts_afresh():
    model, video = SmallDepth(tiny(), "tiny", steady=False), moving()
    whole = model.estimate(video).values
    assert torch.equal(model.estimate(video).values, whole)
    alone = model.estimate(video[3:4]).values
    assert float((alone[0] / whole[3]).log().abs().max()) > 1e-5, "the network must remember"


@pytest.mark.parametrize("size", [(32, 32), (33, 47), (144, 176), (272, 640), (41, 400)])
def test_every_size_comes_back_as_it_went_in(size):
    model = SmallDepth(tiny(), "tiny")
    values = model.estimate(torch.rand(1, *size, 3, generator=torch.Generator().manual_seed(0))).values
    assert values.shape == (1, *size) and bool(values.isfinite().all()) and float(values.min()) > 0


def test_the_network_sees_about_its_own_area_in_the_clips_shape():
    for height, width in ((128, 192), (480, 832), (1080, 1920), (832, 480), (144, 176)):
        h, w = network_size(height, width)
        assert h % 16 == 0 and w % 16 == 0 and abs(h * w / AREA - 1) < 0.25
        assert abs(w / h / (width / height) - 1) < 0.2


def test_too_small_empty_and_broken_videos_are_answered():
    model = SmallDepth(tiny(), "tiny")
    with pytest.raises(InputError, match="size 40x31"):
        model.estimate(torch.rand(2, 31, 40, 3))
    with pytest.raises(InputError, match="no frames"):
        model.estimate(torch.rand(0, 40, 40, 3))
    with pytest.raises(InputError, match="NaN"):
        model.estimate(torch.full((1, 40, 40, 3), torch.nan))


def test_progress_is_told_and_may_cancel():
    model, seen = SmallDepth(tiny(), "tiny"), []
    model.estimate(moving(), batch_size=3, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(3, 7), (6, 7), (7, 7)]

    def cancel(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        model.estimate(moving(), batch_size=3, progress=cancel)


def test_the_steady_picture_averages_noise_and_follows_motion_at_once():
    still = moving(1)[0]
    picture = SteadyPicture()
    for frame in noisy(still, 12):
        steady, share = picture.add(frame)
    assert float((steady - still).std()) < 0.45 * 2 / 255
    assert float(share.mean()) < 0.12
    other = still.roll(20, 1)
    steady, share = picture.add(other)
    assert float((steady - other).abs().mean()) < 0.1 * float((still - other).abs().mean())


# --- the file


def test_a_file_comes_back_as_the_network_it_was(tmp_path):
    network = tiny()
    save_small_network(tmp_path / "x.safetensors", network, license="x")
    again = load_small_network(tmp_path / "x.safetensors")
    frames = torch.rand(1, 2, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    assert again.widths == network.widths and not again.training
    assert torch.allclose(again(frames).log_depth, network(frames).log_depth, atol=0.02)
    assert not torch.allclose(again(frames).log_depth, tiny(1)(frames).log_depth, atol=0.02)


FOREIGN = {
    "a whole VAE": {"decoder.conv1.weight": torch.zeros(1), "encoder.conv1.weight": torch.zeros(1)},
    "a Wan diffusion model": {"patch_embedding.weight": torch.zeros(1), "blocks.0.x": torch.zeros(1)},
    "a LoRA": {"lora_unet_down.weight": torch.zeros(1)},
    "of an unknown kind": {"something": torch.zeros(1)},
}


@pytest.mark.parametrize("what", FOREIGN)
def test_a_foreign_file_is_named_and_what_was_expected_is_said(what, tmp_path):
    save_file(FOREIGN[what], str(tmp_path / "wrong.safetensors"), {"format": "pt"})
    with pytest.raises(InputError, match=rf"wrong\.safetensors is {what}.*small depth network"):
        SmallDepth.load(tmp_path / "wrong.safetensors")


def test_missing_corrupt_newer_and_damaged_files_are_answered(tmp_path):
    path = tmp_path / "x.safetensors"
    with pytest.raises(InputError, match=r"no file x\.safetensors"):
        SmallDepth.load(path)
    path.write_bytes(b"no safetensors at all")
    with pytest.raises(InputError, match="not a readable safetensors"):
        SmallDepth.load(path)
    marks = {"format": "inversecrafter.depth", "version": "1", "widths": "4,8,8,16"}
    save_file({"head.bias": torch.zeros(4)}, str(path), marks | {"version": "9"})
    with pytest.raises(InputError, match="version 9"):
        SmallDepth.load(path)
    save_file({"head.bias": torch.zeros(4)}, str(path), marks)
    with pytest.raises(InputError, match="is missing"):
        SmallDepth.load(path)
    save_file({"head.bias": torch.zeros(4)}, str(path), marks | {"widths": "4,8"})
    with pytest.raises(InputError, match="widths '4,8'"):
        SmallDepth.load(path)
    save_file({"x": torch.zeros(1)}, str(path), {"format": "inversecrafter.mask_encoder"})
    with pytest.raises(InputError, match=r"inversecrafter\.mask_encoder"):
        SmallDepth.load(path)


# --- what the shipped file has learnt


def test_the_shipped_file_is_small_half_precision_and_says_where_it_comes_from():
    assert 1e6 < SHIPPED.stat().st_size < 7e6
    with safe_open(SHIPPED, "pt") as file:
        assert {file.get_tensor(name).dtype for name in file.keys()} == {torch.float16}  # noqa: SIM118
        assert file.metadata()["license"] == "Apache-2.0" and file.metadata()["recipe"]


def test_held_out_scenes_come_out_right_and_far_better_than_from_the_prior(shipped, scenes):
    assert shipped.kind in KINDS
    ours = [within(shipped.estimate(clip.colour).values.log(), clip.depth) for clip in scenes]
    prior = [within(VerticalGradientPrior().estimate(clip.colour).values.log(), clip.depth) for clip in scenes]
    assert sum(ours) / len(ours) > 0.8, ours
    assert sum(ours) / len(ours) > sum(prior) / len(prior) + 0.2, (ours, prior)


def test_a_clip_that_stands_still_has_depth_that_stands_still(shipped, scenes):
    for clip in scenes[:3]:
        video = noisy(clip.colour[0], 9)
        flow = clip_flow(video)
        steady = measure_flicker(shipped.estimate(video).values, flow).percent
        bare = measure_flicker(SmallDepth(shipped.module, "bare", steady=False).estimate(video).values, flow).percent
        assert steady < 0.4, steady
        assert steady < 0.7 * bare, (steady, bare)


def test_depth_is_in_the_pixels_and_not_in_the_position_alone(shipped, scenes):
    clip = scenes[0]
    flat = clip.colour.mean((0, 1, 2)).expand_as(clip.colour)
    assert within(shipped.estimate(clip.colour).values.log(), clip.depth) > within(
        shipped.estimate(flat).values.log(), clip.depth
    )
