"""The Metrics node: what it reports when, and that the figures are the library's."""

from __future__ import annotations

import json

import pytest
import torch


def clip(seed: int = 0) -> torch.Tensor:
    return torch.rand(5, 24, 32, 3, generator=torch.Generator().manual_seed(seed)) * 0.5


def holes() -> torch.Tensor:
    mask = torch.zeros(5, 24, 32)
    mask[:, :, 20:] = 1
    return mask


@pytest.fixture(scope="module")
def run(pack):
    def measure(result, reference, **inputs):
        output = pack.node("InverseCrafterMetrics").execute(result=result, reference=reference, **inputs)
        text, figures = output.args
        return text, json.loads(figures)

    return measure


def test_two_clips_alone_give_what_they_always_gave_and_flicker(run):
    text, figures = run(clip() + 0.1, clip())
    assert set(figures) == {"psnr_db", "ssim", "flicker"}
    assert figures["psnr_db"] == 20.0 and figures["flicker"] == 0.0
    assert text.startswith("PSNR 20.0 dB, SSIM ") and "on known pixels" in text


def test_a_still_has_no_flicker_and_no_seam(run):
    assert set(run(clip()[:1] + 0.1, clip()[:1])[1]) == {"psnr_db", "ssim"}


def test_holes_are_left_out_and_their_edges_are_reported_on_the_kept_side(run):
    result = clip()
    result[:, :, 16:20] += 0.1
    result[:, :, 20:] += 0.4
    text, figures = run(result, clip(), holes=holes()[:1], seam_width=4)
    assert figures["seam_psnr_db"] == 20.0
    assert figures["psnr_db"] == pytest.approx(20 + 10 * torch.tensor(5.0).log10().item(), abs=1e-2)
    assert figures["hole_coverage"] == [0.375] * 5 and "holes 37.5 % on average" in text
    assert "psnr_db_by_region" not in figures


def test_a_true_view_judges_the_holes_and_both_sides_of_the_seam(run):
    result = clip()
    result[:, :, 20:] += 0.1
    text, figures = run(result, clip(), holes=holes(), seam_width=4, reference_is_true_view=True)
    assert figures["psnr_db_by_region"]["holes"] == 20.0
    assert figures["psnr_db_by_region"]["whole"] == pytest.approx(24.26, abs=0.01)
    assert figures["ssim_by_region"]["kept"] == 1.0 > figures["ssim_by_region"]["holes"]
    assert figures["seam_psnr_db"] == pytest.approx(23.01, abs=0.01), "half of the band is wrong"
    assert "holes 20.0 dB" in text


def test_the_gain_over_a_baseline_is_of_kept_pixels_unless_the_reference_is_true(run):
    result, baseline = clip() + 0.1, clip() + 0.2
    text, figures = run(result, clip(), holes=holes(), baseline=baseline)
    assert figures["gain_db"] == {"kept": pytest.approx(6.02, abs=0.01)}
    assert "over the baseline" in text
    everywhere = run(result, clip(), holes=holes(), baseline=baseline, reference_is_true_view=True)[1]["gain_db"]
    assert set(everywhere) == {"whole", "kept", "holes"}


def test_sizes_that_do_not_fit_are_named(run):
    with pytest.raises(ValueError, match="holes: size 30x24"):
        run(clip(), clip(1), holes=torch.zeros(5, 24, 30))
    with pytest.raises(ValueError, match="baseline"):
        run(clip(), clip(1), baseline=clip()[:, :, :30])
