"""Seams, regions, flicker and perceptual distance against cases worked out by hand."""

import math

import pytest
import torch

from inversecrafter_core.errors import InputError
from inversecrafter_core.evaluation import (
    by_region,
    flicker,
    masked_lpips,
    masked_psnr,
    psnr_gain,
    seam_band,
    seam_psnr,
    temporal_change,
)


def clip(seed: int = 0, frames: int = 3) -> torch.Tensor:
    return torch.rand(frames, 24, 32, 3, generator=torch.Generator().manual_seed(seed))


def half_known() -> torch.Tensor:
    """Columns 16 to 31 are a hole."""
    visible = torch.ones(3, 24, 32)
    visible[:, :, 16:] = 0
    return visible


@pytest.mark.parametrize(("width", "kept_only", "columns"), [(1, False, (15, 17)), (3, False, (13, 19)), (3, True, (13, 16))])
def test_the_band_lies_on_both_sides_of_the_edge_or_on_the_kept_one(width, kept_only, columns):
    band = seam_band(half_known(), width, kept_only)
    expected = torch.zeros(3, 24, 32)
    expected[:, :, slice(*columns)] = 1
    assert torch.equal(band, expected)


def test_a_hole_in_the_middle_has_a_seam_all_around_it_in_its_own_frame_only():
    visible = torch.ones(2, 9, 9)
    visible[1, 4, 4] = 0
    band = seam_band(visible, 2)
    assert float(band[0].sum()) == 0
    assert torch.equal(band[1].nonzero().amin(0), torch.tensor([2, 2])) and float(band[1].sum()) == 25


def test_seam_error_sees_the_band_alone():
    video = clip() * 0.5
    inside, outside = video.clone(), video.clone()
    inside[:, :, 14:18] += 0.1
    outside[:, :, :10] += 0.1
    assert seam_psnr(inside, video, half_known(), 2) == pytest.approx(20, abs=1e-4)
    assert seam_psnr(outside, video, half_known(), 2) == math.inf


def test_a_seam_needs_an_edge_and_a_width():
    with pytest.raises(InputError, match="no edge"):
        seam_psnr(clip(), clip(1), torch.ones(3, 24, 32))
    with pytest.raises(InputError, match="seam width"):
        seam_band(half_known(), 0)


def test_regions_are_told_apart_and_gains_are_differences():
    video = clip() * 0.5
    result, baseline = video.clone(), video + 0.1
    result[:, :, :16] += 0.01
    result[:, :, 16:] += 0.1
    gain = psnr_gain(result, baseline, video, half_known())
    assert gain["kept"] == pytest.approx(20, abs=1e-3) and gain["holes"] == pytest.approx(0, abs=1e-3)
    assert gain["whole"] == pytest.approx(-10 * math.log10((0.01**2 + 0.1**2) / 2) - 20, abs=1e-3)
    assert set(by_region(masked_psnr, result, video, torch.ones(3, 24, 32))) == {"whole", "kept"}


def test_flicker_is_the_change_the_reference_has_not():
    video = clip() * 0.5
    steady = video + 0.2
    assert flicker(steady, video) == pytest.approx(0, abs=1e-6), "an offset that stays does not flicker"
    blinking = video.clone()
    blinking[1] += 0.3
    assert flicker(blinking, video) == pytest.approx(0.3, abs=1e-6)
    assert flicker(blinking, video) > 0 == flicker(video, video)


def test_flicker_counts_pixels_that_are_visible_in_both_frames():
    video, visible = torch.zeros(3, 4, 4, 3), torch.ones(3, 4, 4)
    result = video.clone()
    result[1, 0] = 1
    visible[1, 0] = 0
    assert flicker(result, video, visible) == 0
    assert flicker(result, video) == pytest.approx(0.25)
    with pytest.raises(InputError, match="two frames running"):
        flicker(result, video, torch.tensor([1.0, 0.0, 1.0])[:, None, None].expand(3, 4, 4))
    with pytest.raises(InputError, match="one frame"):
        flicker(video[:1], video[:1])


def test_the_change_of_a_clip_on_paper():
    ramp = torch.tensor([0.0, 0.1, 0.4]).view(3, 1, 1, 1).expand(3, 4, 4, 3)
    assert temporal_change(ramp) == pytest.approx(0.2)


def test_perceptual_distance_reads_the_injected_map_inside_the_mask_and_keeps_holes_out():
    asked = []

    def distance(one: torch.Tensor, two: torch.Tensor) -> torch.Tensor:
        asked.append(one.shape)
        return (one - two).abs().mean(1)

    video, visible = clip() * 0.5, half_known()
    result = video.clone()
    result[:, :, :16] += 0.25
    result[:, :, 16:] = 7
    assert masked_lpips(result.clamp(max=1), video, visible, distance=distance) == pytest.approx(0.25, abs=1e-6)
    assert asked == [(1, 3, 24, 32)] * 3
