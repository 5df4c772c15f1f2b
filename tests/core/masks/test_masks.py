"""Pixel mask to latent mask: causal groups frame by frame, differences, the table of methods, the mask encoder's file."""

from __future__ import annotations

import pytest
import torch
from safetensors.torch import save_file

from inversecrafter_core import masks
from inversecrafter_core.errors import InputError
from inversecrafter_core.latent_grid import GRIDS
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


@pytest.mark.parametrize("grid", GRIDS, ids=lambda grid: grid.family)
@pytest.mark.parametrize("latent_frames", [1, 3, 8])
def test_area_is_the_mean_over_group_and_block(grid, latent_frames):
    frames, cell = grid.least(latent_frames), grid.cell
    visible = torch.rand(frames, 64, 96, generator=torch.Generator().manual_seed(0))
    got = masks.area(visible, grid)[0, 0]
    for t, group in enumerate(grid.groups(frames)):
        block = visible[group.start : group.stop, cell : 2 * cell, :cell]
        assert got[t, 1, 0] == pytest.approx(float(block.mean()), abs=1e-6)
    assert got.shape == (grid.require_frames("clip", frames), 64 // cell, 96 // cell)


@pytest.mark.parametrize("grid", GRIDS, ids=lambda grid: grid.family)
def test_each_frame_matters_in_its_own_latent_frame_alone(grid):
    frames = grid.least(7)
    for frame in range(frames):
        visible = torch.ones(frames, 2 * grid.cell, grid.cell)
        visible[frame] = 0
        own = next(t for t, group in enumerate(grid.groups(frames)) if frame in group)
        for mask in (masks.area, masks.binary):
            touched = (mask(visible, grid)[0, 0] < 1).flatten(1).any(1)
            assert touched.nonzero().flatten().tolist() == [own]


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


def masked(given: masks.MaskInputs, method: str, strength: float = 1.0) -> torch.Tensor:
    return masks.latent_mask(given, masks.MaskSettings(method, strength))


def test_difference_mask_is_one_where_equal_and_falls_with_distance():
    a = torch.tensor([0.0, 1.0, 5.0]).view(1, 1, 3, 1, 1)
    h = masks.difference_mask(a, torch.zeros_like(a), scale=0.5).flatten()
    assert h[0] == 1
    assert torch.allclose(h[1:], 1 - torch.tanh(torch.tensor([0.5, 2.5])))


def test_known_source_is_equation_five_with_the_masked_source_infilled():
    """Section 4.2: every masked video is infilled before it is encoded, so the grey of a hole is in no encoding."""
    given = mask_inputs()
    filled = fill_holes(given.source, given.visible > 0.5)
    expected = 1 - torch.tanh((encode(given.source) - encode(filled)).abs())
    h = masked(given, "known_source")
    assert torch.allclose(h, expected)
    grey = 1 - torch.tanh((encode(given.source) - encode(masks.hide(given.source, given.visible))).abs())
    assert not torch.allclose(h, grey, atol=1e-2)
    assert torch.all(h[..., :3] == 1) and torch.all(h[:, 3] == 1), "what holes do not move stays known"
    assert h[:, 2, ..., 3:].mean() < h[:, 0, ..., 3:].mean() < 1, "per channel, not one mask for all"


def test_what_is_infilled_right_is_known():
    """A smooth clip: filling from around gives it back, so nothing is doubted; grey holes would be."""
    smooth = torch.linspace(0.1, 0.3, 48).expand(9, 32, 48).unsqueeze(-1).repeat(1, 1, 1, 3)
    visible = torch.ones(9, 32, 48)
    visible[:, 12:20, 20:28] = 0
    given = mask_inputs(warp=smooth, source=smooth, visible=visible, latent=encode(smooth))
    assert float(masked(given, "known_source").min()) > 0.97


def test_in_editing_the_infilled_clip_is_not_encoded_a_second_time():
    source, visible = scene()
    filled, encoded = masks.infilled(source, visible), []

    def counted(video: torch.Tensor) -> torch.Tensor:
        encoded.append(video)
        return encode(video)

    given = mask_inputs(warp=filled, latent=encode(filled), source=source, encode=counted)
    h = masked(given, "known_source")
    assert len(encoded) == 1 and torch.equal(encoded[0], source)
    assert torch.allclose(h, masks.difference_mask(encode(source), encode(filled)))


def test_the_strength_is_an_exponent():
    given = mask_inputs()
    h, share = masked(given, "area"), masks.area(given.visible).expand_as(given.latent)
    assert torch.allclose(h, share**masks.AREA_POWER)
    assert torch.allclose(masked(given, "area", 1 / masks.AREA_POWER), share), "the plain share can be had"
    assert torch.allclose(masked(given, "area", 3.0), h**3)
    assert torch.allclose(masked(given, "binary", 0.5), masked(given, "binary"))


def test_another_infill_in_place_of_the_truth():
    """Where frames around show what is behind a hole, the clip's own infill is doubted by how far it is from that."""
    truth = torch.rand(1, 32, 48, 3, generator=torch.Generator().manual_seed(0)).expand(9, 32, 48, 3)
    visible = torch.ones(9, 32, 48)
    visible[1:3, :, 24:] = 0  # known again from frame 3 on
    own = masks.infilled(truth, visible)
    given = mask_inputs(warp=own, visible=visible, latent=encode(own), source=None)
    h, share = masked(given, "temporal_infill"), masks.area(visible)
    distance = (encode(masks.temporal_infill(own, visible)) - encode(own)).abs()
    assert torch.allclose(h, (1 - torch.tanh(2 * distance)) * share**2, atol=1e-6)
    assert torch.all(h[:, :, [0, 2]] == 1) and h[:, 2, 1, :, 3:].mean() < h[:, 0, 1, :, 3:].mean() < 0.25


def test_the_default_encodes_nothing_and_is_never_above_the_share_of_known_pixels():
    def never(video: torch.Tensor) -> torch.Tensor:
        raise AssertionError("the default needs no encoding beyond E(y)")

    given = mask_inputs(encode=never, source=None)
    assert torch.all(masks.latent_mask(given) <= masks.area(given.visible) + 1e-6)


@pytest.mark.parametrize("mode", list(masks.MaskMethod))
def test_every_mode_fills_the_latent_shape_within_bounds(mode):
    given = mask_inputs(predict=lambda visible, warp: torch.full((1, 4, 3, 4, 6), 0.25))
    h = masks.latent_mask(given, masks.MaskSettings(mode))
    assert h.shape == given.latent.shape and h.dtype == torch.float32
    assert float(h.min()) >= 0 and float(h.max()) <= 1


@pytest.mark.parametrize(("mode", "name"), [("known_source", "source"), ("learned", "mask_encoder")])
def test_a_mode_without_its_input_says_which(mode, name):
    with pytest.raises(InputError) as error:
        masked(mask_inputs(source=None), mode)
    assert error.value.name == name


def test_an_unknown_method_is_named_with_the_known_ones():
    with pytest.raises(InputError, match=r"mask: 'nope'. Choose one of: area, temporal_infill"):
        masks.MaskSettings("nope")


def test_an_unknown_input_of_a_mask_encoder_is_named_with_the_known_ones():
    with pytest.raises(InputError, match=r"reads: 'nope'. Choose one of: mask, warp, marked"):
        masks.MaskEncoderSpec(width=8, head_channels=16, latent_channels=16, reads="nope")


@pytest.mark.parametrize("strength", [0.0, -1.0, float("nan"), float("inf")])
def test_a_strength_that_is_no_exponent_is_refused(strength):
    with pytest.raises(InputError, match="mask_strength"):
        masks.MaskSettings(strength=strength)


def test_a_mask_encoder_of_another_latent_space_is_refused():
    given = mask_inputs(predict=lambda visible, warp: torch.zeros(1, 16, 3, 4, 6))
    with pytest.raises(InputError, match="same channels"):
        masked(given, "learned")


def test_temporal_infill_takes_the_nearest_time_and_keeps_what_was_never_known():
    """A clip too small to move in, so that places are pixels."""
    video = torch.arange(5.0).view(5, 1, 1, 1).expand(5, 1, 3, 3) / 8
    known = torch.tensor([[1, 0, 0, 1, 0], [0, 0, 1, 1, 1], [0, 0, 0, 0, 0]]).T.reshape(5, 1, 3)
    expected = torch.tensor([[0, 0, 3, 3, 3], [2, 2, 2, 3, 4], [0, 1, 2, 3, 4]]) / 8
    assert torch.equal(masks.temporal_infill(video, known)[:, 0, :, 0].T, expected)
    both = masks.temporal_infill(torch.stack([video, video.flip(0)]), torch.stack([known, known.flip(0)]))
    assert torch.equal(both[0, :, 0, :, 0].T, expected), "a batch is clip by clip"
    assert torch.equal(masks.temporal_infill(video, torch.ones_like(known)), video)


def test_temporal_infill_follows_what_moves():
    """A picture that glides two pixels a frame behind a hole that stands still: what other times saw is found where it went."""
    texture = torch.nn.functional.interpolate(torch.rand(1, 3, 12, 24, generator=torch.Generator().manual_seed(0)), (96, 192))
    texture = texture[0].movedim(0, -1)
    clip = torch.stack([texture[:, 2 * frame : 2 * frame + 96] for frame in range(9)])
    visible = torch.ones(9, 96, 96)
    visible[:, 40:56, 44:52] = 0
    grey = masks.hide(clip, visible)
    left = {
        name: float((video - clip).abs()[visible == 0].mean())
        for name, video in (("grey", grey), ("held", masks.temporal_infill(grey, visible)))
    }
    assert left["held"] < 0.4 * left["grey"], left


def test_temporal_infill_of_a_clip_that_stands_still_is_the_truth():
    still = torch.rand(1, 16, 16, 3).expand(9, 16, 16, 3)
    visible = (torch.rand(9, 16, 16, generator=torch.Generator().manual_seed(0)) > 0.3).float()
    visible[0] = 1
    assert torch.equal(masks.temporal_infill(masks.hide(still, visible), visible), still)


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


def test_a_mask_encoder_for_wan_2_2_answers_on_its_coarser_grid(tmp_path):
    state = encoder_state(channels=48)
    masks.save_mask_encoder(tmp_path / "five.safetensors", state, latent_channels=48, reads="mask", spatial="16")
    spec, _ = masks.read_mask_encoder(tmp_path / "five.safetensors")
    assert (spec.latent_channels, spec.spatial) == (48, 16)
    head = torch.zeros(1, 48, 3, 4, 6)
    head[..., :2, :2] = torch.tensor([[1.0, 3.0], [5.0, 7.0]])
    h = masks.head_to_mask(spec, head)
    assert h.shape == (1, 48, 3, 2, 3) and torch.allclose(h[..., 0, 0], torch.sigmoid(torch.tensor(4.0)))


def test_latent_cells_of_another_size_are_refused(tmp_path):
    with pytest.raises(InputError, match="latent cells of 32 pixels"):
        masks.save_mask_encoder(tmp_path / "a.safetensors", encoder_state(), latent_channels=16, spatial="32")
