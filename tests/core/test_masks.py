"""Pixel mask to latent mask: causal groups frame by frame, differences, the table of modes, the mask encoder's file."""

from __future__ import annotations

import math

import pytest
import torch
from safetensors.torch import save_file

from inversecrafter_core import masks
from inversecrafter_core.errors import InputError
from inversecrafter_core.masks import differences
from inversecrafter_core.warp import fill_holes

FRAMES, HEIGHT, WIDTH = 81, 32, 48


def latent_frame_of(frame: int) -> int:
    return 0 if frame == 0 else (frame - 1) // 4 + 1


@pytest.mark.parametrize("frame", range(FRAMES))
def test_every_frame_matters_in_exactly_its_group(frame):
    visible = torch.ones(FRAMES, HEIGHT, WIDTH)
    visible[frame] = 0
    touched = torch.zeros(21, dtype=torch.bool)
    touched[latent_frame_of(frame)] = True
    area, binary = masks.area(visible), masks.binary(visible)
    assert torch.equal((area < 1).any(4).any(3)[0, 0], touched)
    assert torch.equal((binary < 1).any(4).any(3)[0, 0], touched)
    expected = 0.0 if frame == 0 else 0.75
    assert torch.all(area[0, 0, latent_frame_of(frame)] == expected)


def test_frame_groups_partition_the_clip():
    groups = masks.frame_groups(81)
    assert [frame for group in groups for frame in group] == list(range(81))
    assert [len(group) for group in groups] == [1] + [4] * 20


@pytest.mark.parametrize(("frames", "spatial"), [(1, 8), (5, 8), (17, 16)])
def test_area_is_the_mean_over_group_and_block(frames, spatial):
    visible = torch.rand(frames, 64, 96, generator=torch.Generator().manual_seed(0))
    got = masks.area(visible, spatial)[0, 0]
    for t, group in enumerate(masks.frame_groups(frames)):
        block = visible[group.start : group.stop, spatial : 2 * spatial, :spatial]
        assert got[t, 1, 0] == pytest.approx(float(block.mean()), abs=1e-6)
    assert got.shape == ((frames + 3) // 4, 64 // spatial, 96 // spatial)


def test_binary_needs_all_four_frames_and_looks_at_one_pixel_a_block():
    visible = torch.ones(5, 16, 16)
    visible[3, 8, 0] = 0
    visible[0, 3, 3] = 0
    expected = torch.ones(1, 1, 2, 2, 2)
    expected[0, 0, 1, 1, 0] = 0
    assert torch.equal(masks.binary(visible), expected)


@pytest.mark.parametrize("frames", [2, 4, 18, 80])
def test_a_count_that_is_not_4k_plus_1_is_named(frames):
    with pytest.raises(InputError, match=rf"{frames} frames.*4k\+1"):
        masks.area(torch.ones(frames, 16, 16))


def test_sizes_off_the_grid_and_nan_are_named():
    with pytest.raises(InputError, match="multiples of 8"):
        masks.area(torch.ones(5, 20, 16))
    with pytest.raises(InputError, match="NaN"):
        masks.binary(torch.full((5, 16, 16), float("nan")))


def encode(video: torch.Tensor) -> torch.Tensor:
    """A stand-in VAE, linear and causal: block means over each group, four channels of different gain, -1...1 like the
    real one.
    """
    grey = masks.area(video.mean(-1)) * 2 - 1
    return grey * torch.tensor([0.5, 1.0, 2.0, 0.0]).view(1, 4, 1, 1, 1)


def scene(seed: int = 0):
    generator = torch.Generator().manual_seed(seed)
    warp = torch.rand(9, 32, 48, 3, generator=generator)
    visible = torch.ones(9, 32, 48)
    visible[:, :, 24:] = 0
    return warp, visible


def mask_inputs(**changes) -> masks.MaskInputs:
    warp, visible = scene()
    given = {"visible": visible, "warp": warp, "latent": encode(warp), "encode": encode, "source": warp}
    return masks.MaskInputs(**(given | changes))


def test_difference_mask_is_one_where_equal_and_falls_with_distance():
    a = torch.tensor([0.0, 1.0, 5.0]).view(1, 1, 3, 1, 1)
    h = masks.difference_mask(a, torch.zeros_like(a), scale=0.5).flatten()
    assert h[0] == 1
    assert torch.allclose(h[1:], 1 - torch.tanh(torch.tensor([0.5, 2.5])))


DIFFERENCES = [name for name in masks.MASKS if name not in ("area", "binary", "learned")]


@pytest.mark.parametrize("name", DIFFERENCES)
def test_every_difference_knows_the_untouched_half_and_doubts_the_hidden_one(name):
    h = masks.latent_mask(name, mask_inputs())
    assert torch.all(h[..., :3] > 1 - 1e-5)
    assert h[:, 2, ..., 3:].mean() < 0.98
    if name in ("holed_warp_area", "three_infills"):
        assert torch.all(h[:, 3, ..., 3:] == 0), "a hole that moves no latent is still a hole"
    else:
        assert torch.all(h[:, 3] == 1), "a channel that the hole does not move stays known"
        assert h[:, 2, ..., 3:].mean() < h[:, 0, ..., 3:].mean(), "per channel, not one mask for all"


@pytest.mark.parametrize("name", ["known_source", "hidden_source"])
def test_a_masked_source_is_infilled_before_it_is_encoded(name):
    """Equation 5 as section 4.2 has it: every masked video is infilled, so the grey of a hole is in no encoding."""
    given = mask_inputs()
    filled = fill_holes(given.source, given.visible > 0.5)
    expected = 1 - torch.tanh((encode(given.source) - encode(filled)).abs())
    h = masks.latent_mask(name, given)
    assert torch.allclose(h, expected)
    grey = 1 - torch.tanh((encode(given.source) - encode(masks.hide(given.source, given.visible))).abs())
    assert not torch.allclose(h, grey, atol=1e-2)


def test_what_is_infilled_right_is_known():
    """A smooth clip: filling from around gives it back, so nothing is doubted; grey holes would be."""
    smooth = torch.linspace(0.1, 0.3, 48).expand(9, 32, 48).unsqueeze(-1).repeat(1, 1, 1, 3)
    visible = torch.ones(9, 32, 48)
    visible[:, 12:20, 20:28] = 0
    given = mask_inputs(warp=smooth, source=smooth, visible=visible, latent=encode(smooth))
    assert float(masks.latent_mask("known_source", given).min()) > 0.97


def test_in_editing_the_infilled_clip_is_not_encoded_a_second_time():
    source, visible = scene()
    filled, encoded = masks.infilled(source, visible), []

    def counted(video: torch.Tensor) -> torch.Tensor:
        encoded.append(video)
        return encode(video)

    given = mask_inputs(warp=filled, latent=encode(filled), source=source, encode=counted)
    h = masks.latent_mask("known_source", given)
    assert len(encoded) == 1 and torch.equal(encoded[0], source)
    assert torch.allclose(h, masks.difference_mask(encode(source), encode(filled)))


def test_the_strength_is_an_exponent():
    given = mask_inputs()
    h = masks.latent_mask("area", given)
    assert torch.equal(masks.latent_mask("area", given, 1.0), h)
    assert torch.allclose(masks.latent_mask("area", given, 3.0), h**3)
    assert torch.allclose(masks.latent_mask("binary", given, 0.5), masks.latent_mask("binary", given))


def test_two_infills_does_not_depend_on_the_infill():
    warp, visible = scene()
    other = differences.hide(warp, visible, 0.3)
    first = differences.two_infills(encode, warp, visible, 1.0)
    assert torch.allclose(first, differences.two_infills(encode, other, visible, 1.0))


def test_three_infills_weigh_by_what_they_disagree_on():
    """The weight of a measurement of variance d^2 beside a guess of variance 1/s^2, d^2 over all pairs."""
    latents = [torch.full((1, 1, 1, 1, 1), value) for value in (0.0, 1.0, 3.0)]
    d = masks.spread(latents)
    assert float(d) == pytest.approx(math.sqrt(1.0**2 + 3.0**2 + 2.0**2))
    assert float(masks.ACTIVATIONS["precision"](0.5 * d)) == pytest.approx(1 / (1 + 0.25 * 14))
    assert float(masks.spread([latents[2]] * 3)) == 0


@pytest.mark.parametrize("activation", list(masks.ACTIVATIONS))
def test_activations_fall_from_one_at_no_distance_to_nothing(activation):
    h = masks.ACTIVATIONS[activation](torch.linspace(0, 60, 100))
    assert h[0] == 1 and h[-1] < 1e-3 and torch.all(h.diff() <= 0) and float(h.min()) >= 0


def test_an_infill_that_looks_grey_is_still_doubted():
    """One infill that happens to equal the grey of a hole deceives *holed_warp*; the held infill disagrees with both."""
    truth = torch.rand(1, 32, 48, 3, generator=torch.Generator().manual_seed(0)).expand(9, 32, 48, 3)
    visible = torch.ones(9, 32, 48)
    visible[1:5, :, 24:] = 0  # known again from frame 5 on
    grey = masks.hide(truth, visible)
    given = mask_inputs(warp=grey, visible=visible, latent=encode(grey), source=None)
    deceived = masks.latent_mask("holed_warp", given)
    assert torch.all(deceived == 1)
    d = masks.spread([encode(grey), encode(grey), encode(masks.held_infill(grey, visible))])
    weight = masks.ACTIVATIONS["precision"](0.5 * d)
    assert torch.all(weight[:, :3, 1, :, 3:] < 1) and torch.all(weight[:, :, [0, 2]] == 1)
    assert torch.allclose(masks.latent_mask("three_infills", given), weight * masks.area(visible))


def test_the_default_is_never_above_the_share_of_known_pixels():
    given = mask_inputs()
    assert torch.all(masks.latent_mask(masks.USUAL, given) <= masks.area(given.visible) + 1e-6)


@pytest.mark.parametrize("mode", list(masks.MASKS))
def test_every_mode_fills_the_latent_shape_within_bounds(mode):
    given = mask_inputs(predict=lambda visible, warp: torch.full((1, 4, 3, 4, 6), 0.25))
    h = masks.latent_mask(mode, given)
    assert h.shape == given.latent.shape and h.dtype == torch.float32
    assert float(h.min()) >= 0 and float(h.max()) <= 1


@pytest.mark.parametrize(("mode", "name"), [("known_source", "source"), ("learned", "mask_encoder"), ("nope", "mask")])
def test_a_mode_without_its_input_says_which(mode, name):
    with pytest.raises(InputError) as error:
        masks.latent_mask(mode, mask_inputs(source=None))
    assert error.value.name == name


def test_a_mask_encoder_of_another_latent_space_is_refused():
    given = mask_inputs(predict=lambda visible, warp: torch.zeros(1, 16, 3, 4, 6))
    with pytest.raises(InputError, match="same channels"):
        masks.latent_mask("learned", given)


def test_held_infill_takes_the_nearest_time_and_keeps_what_was_never_known():
    """A clip too small to move in, so that places are pixels."""
    video = torch.arange(5.0).view(5, 1, 1, 1).expand(5, 1, 3, 3) / 8
    known = torch.tensor([[1, 0, 0, 1, 0], [0, 0, 1, 1, 1], [0, 0, 0, 0, 0]]).T.reshape(5, 1, 3)
    expected = torch.tensor([[0, 0, 3, 3, 3], [2, 2, 2, 3, 4], [0, 1, 2, 3, 4]]) / 8
    assert torch.equal(masks.held_infill(video, known)[:, 0, :, 0].T, expected)
    both = masks.held_infill(torch.stack([video, video.flip(0)]), torch.stack([known, known.flip(0)]))
    assert torch.equal(both[0, :, 0, :, 0].T, expected), "a batch is clip by clip"
    assert torch.equal(masks.held_infill(video, torch.ones_like(known)), video)


def test_held_infill_follows_what_moves():
    """A picture that glides two pixels a frame behind a hole that stands still: what other times saw is found where it went."""
    texture = torch.nn.functional.interpolate(torch.rand(1, 3, 12, 24, generator=torch.Generator().manual_seed(0)), (96, 192))
    texture = texture[0].movedim(0, -1)
    clip = torch.stack([texture[:, 2 * frame : 2 * frame + 96] for frame in range(9)])
    visible = torch.ones(9, 96, 96)
    visible[:, 40:56, 44:52] = 0
    grey = masks.hide(clip, visible)
    left = {
        name: float((video - clip).abs()[visible == 0].mean())
        for name, video in (("grey", grey), ("held", masks.held_infill(grey, visible)))
    }
    assert left["held"] < 0.4 * left["grey"], left


def test_held_infill_of_a_clip_that_stands_still_is_the_truth():
    still = torch.rand(1, 16, 16, 3).expand(9, 16, 16, 3)
    visible = (torch.rand(9, 16, 16, generator=torch.Generator().manual_seed(0)) > 0.3).float()
    visible[0] = 1
    assert torch.equal(masks.held_infill(masks.hide(still, visible), visible), still)


def encoder_state(width: int = 8, channels: int = 32) -> dict[str, torch.Tensor]:
    return {"conv1.weight": torch.zeros(width, 3, 3, 3, 3), "head.2.weight": torch.zeros(channels, 4 * width, 3, 3, 3)}


@pytest.mark.parametrize("channels", [16, 32])
def test_a_mask_encoder_file_comes_back_with_its_spec(tmp_path, channels):
    path = tmp_path / "mask.safetensors"
    masks.save_mask_encoder(path, encoder_state(channels=channels), latent_channels=16, reads="warp", trained_on="nothing")
    spec, state = masks.read_mask_encoder(path)
    assert spec == masks.MaskEncoderSpec(width=8, head_channels=channels, latent_channels=16, reads="warp")
    assert set(state) == set(encoder_state())


@pytest.mark.parametrize(
    ("state", "metadata", "says"),
    [
        ({"decoder.conv1.weight": torch.zeros(1)}, None, "a whole VAE"),
        ({"patch_embedding.weight": torch.zeros(1)}, None, "a Wan diffusion model"),
        ({"something": torch.zeros(1)}, None, "unknown kind.*something"),
        ({"something": torch.zeros(1)}, {"format": "other.thing"}, "other.thing"),
    ],
)
def test_a_foreign_file_is_described(tmp_path, state, metadata, says):
    path = tmp_path / "foreign.safetensors"
    save_file(state, str(path), metadata)
    with pytest.raises(InputError, match=says) as error:
        masks.read_mask_encoder(path)
    assert "inversecrafter.mask_encoder" in str(error.value)


def test_a_corrupt_file_and_a_missing_one_are_named(tmp_path):
    path = tmp_path / "broken.safetensors"
    path.write_bytes(b"\x10\x00\x00\x00not a header at all")
    with pytest.raises(InputError, match=r"broken.safetensors is not a readable"):
        masks.read_mask_encoder(path)
    with pytest.raises(InputError, match=r"no file gone.safetensors"):
        masks.read_mask_encoder(tmp_path / "gone.safetensors")


def test_head_channels_must_be_c_or_2c(tmp_path):
    with pytest.raises(InputError, match="C or 2C"):
        masks.save_mask_encoder(tmp_path / "x.safetensors", encoder_state(channels=24), latent_channels=16)


def test_the_encoder_reads_what_its_file_says():
    warp, visible = scene()
    spec = masks.MaskEncoderSpec(8, 32, 16, "mask")
    assert torch.equal(masks.encoder_input(spec, visible, warp)[0, 1], visible * 2 - 1)
    spec = masks.MaskEncoderSpec(8, 32, 16, "warp")
    assert torch.allclose(masks.encoder_input(spec, visible, warp)[0, 2], warp[..., 2] * 2 - 1)
    assert masks.head_to_mask(spec, torch.zeros(1, 32, 3, 4, 6)).shape == (1, 16, 3, 4, 6)


def test_a_marked_hole_is_below_everything_known():
    warp, visible = scene()
    shown = masks.encoder_input(masks.MaskEncoderSpec(8, 32, 16, "marked"), visible, warp)[0].movedim(0, -1)
    assert float(shown[visible == 0].max()) <= float(shown[visible == 1].min())
    assert torch.allclose(shown[visible == 0] + 2, warp[visible == 0] * 2 - 1, atol=1e-6)


@pytest.mark.parametrize("reads", ["pair", "infills"])
def test_answers_that_are_compared_give_equation_five_of_the_encoder(reads):
    """With a stand-in for the encoder: what is known is 1, what the holes move is less, and per channel."""
    warp, visible = scene()
    warp = warp[:1].expand_as(warp)  # it stands still
    spec = masks.MaskEncoderSpec(8, 8, 4, reads)
    shown = masks.encoder_input(spec, visible, warp)
    assert len(shown) == (2 if reads == "pair" else 3)
    answers = torch.cat([encode(clip.movedim(0, -1) / 2 + 0.5) for clip in shown])
    h = masks.head_to_mask(spec, torch.cat([answers, torch.zeros_like(answers)], 1))
    assert torch.all(h[..., :3] == 1) and h[:, 2, ..., 3:].mean() < h[:, 0, ..., 3:].mean() < 1
    # Nothing was ever seen in these holes, so both infills are the warp itself and the mask is the training-free one.
    assert torch.allclose(h, masks.difference_mask(encode(warp), encode(masks.hide(warp, visible))), atol=1e-6)


def test_the_scores_say_which_infill_is_believed():
    spec = masks.MaskEncoderSpec(8, 2, 1, "infills")
    answers, scores = torch.tensor([0.3, 2.0, 0.0]), torch.tensor([40.0, -40.0, 10.0])
    head = torch.stack([answers, scores], 1).reshape(3, 2, 1, 1, 1)
    assert float(masks.head_to_mask(spec, head)) == pytest.approx(1 - math.tanh(0.3))
    assert float(masks.head_to_mask(spec, head * torch.tensor([1, -1]).view(1, 2, 1, 1, 1))) == pytest.approx(1 - math.tanh(2))


def test_a_mask_encoder_for_wan_2_2_answers_on_its_coarser_grid(tmp_path):
    state = encoder_state(channels=48)
    masks.save_mask_encoder(tmp_path / "five.safetensors", state, latent_channels=48, reads="mask", spatial="16")
    spec, _ = masks.read_mask_encoder(tmp_path / "five.safetensors")
    assert (spec.latent_channels, spec.spatial) == (48, 16)
    head = torch.zeros(1, 48, 3, 4, 6)
    head[..., :2, :2] = torch.tensor([[1.0, 3.0], [5.0, 7.0]])
    h = masks.head_to_mask(spec, head)
    assert h.shape == (1, 48, 3, 2, 3) and torch.allclose(h[..., 0, 0], torch.sigmoid(torch.tensor(4.0)))


def test_latent_cells_of_another_size_and_infills_without_scores_are_refused(tmp_path):
    with pytest.raises(InputError, match="latent cells of 32 pixels"):
        masks.save_mask_encoder(tmp_path / "a.safetensors", encoder_state(), latent_channels=16, spatial="32")
    with pytest.raises(InputError, match="It needs 32"):
        masks.save_mask_encoder(tmp_path / "b.safetensors", encoder_state(channels=16), latent_channels=16, reads="infills")
