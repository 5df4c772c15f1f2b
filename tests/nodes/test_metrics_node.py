"""The Metrics node: what it reports when, and that the figures are the library's."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from lab.data.assets import asset, why_missing
from lab.metrics.files import copy_features, write_lpips

ALWAYS = {"psnr_db", "ssim"}
LEFT_OUT = {"lpips_vgg_left_out", "picture_features_left_out"}
MOVING = {"flicker", "motion", "temporal_flickering", "motion_smoothness_dis_flow"}


def clip(seed: int = 0) -> torch.Tensor:
    return torch.rand(5, 24, 32, 3, generator=torch.Generator().manual_seed(seed)) * 0.5


def holes() -> torch.Tensor:
    mask = torch.zeros(5, 24, 32)
    mask[:, :, 20:] = 1
    return mask


@pytest.fixture(scope="module")
def run(pack):
    def measure(result, reference, **inputs):
        output = pack.node("InverseCrafterMetrics").execute(video=result, reference=reference, **inputs)
        text, figures = output.args
        return text, json.loads(figures)

    return measure


def test_two_clips_alone_give_agreement_and_steadiness(run):
    text, figures = run(clip() + 0.1, clip())
    assert set(figures) == ALWAYS | MOVING | LEFT_OUT
    assert figures["psnr_db"] == 20.0 and figures["flicker"] == 0.0
    assert text.startswith("PSNR 20.0 dB, SSIM ") and "on known pixels" in text


def test_slow_motion_is_reported_where_something_moves(run):
    smooth = torch.nn.functional.interpolate(clip()[:1].movedim(-1, 1), (32, 128), mode="bicubic").movedim(1, -1)[0]
    fast, slow = (torch.stack([smooth.roll(-speed * frame, 1)[:, :96] for frame in range(5)]) for speed in (4, 2))
    text, figures = run(slow.clamp(0, 1), fast.clamp(0, 1), networks=False)
    assert figures["motion"] == pytest.approx(0.5, abs=0.1)
    assert f"motion {figures['motion']} times as fast as the reference's" in text


def test_a_still_has_no_flicker_and_no_seam(run):
    assert set(run(clip()[:1] + 0.1, clip()[:1], networks=False)[1]) == ALWAYS


def test_psnr_is_of_each_frame_and_then_averaged(run):
    result = clip() + torch.tensor([0.1, 0.1, 0.01, 0.01, 0.01]).view(-1, 1, 1, 1)
    assert run(result, clip(), networks=False)[1]["psnr_db"] == pytest.approx((2 * 20 + 3 * 40) / 5, abs=1e-2)


def test_what_is_missing_and_where_it_belongs_is_said(run):
    text, figures = run(clip() + 0.1, clip())
    assert "LPIPS left out: no lpips_vgg16.safetensors in models/inversecrafter_metrics" in text
    assert "vit_s_focus.onnx" in figures["picture_features_left_out"]
    assert not set(run(clip() + 0.1, clip(), networks=False)[1]) & LEFT_OUT


@pytest.fixture
def metric_files(pack):
    for name in ("lpips_vgg16", "focus_vit"):
        if asset(name) is None:
            pytest.skip(why_missing(name))
    import folder_paths

    folder = Path(folder_paths.models_dir) / "inversecrafter_metrics"
    folder.mkdir(parents=True, exist_ok=True)
    assert (write_lpips(folder), copy_features(folder)) == ("", "")
    yield
    for path in folder.iterdir():
        path.unlink()


def test_with_the_files_in_their_folder_networks_judge_too(run, metric_files):
    blocks = clip().repeat_interleave(3, 1).repeat_interleave(3, 2)
    hidden = torch.zeros(5, 72, 96)
    hidden[:, :, 48:] = 1
    damaged = blocks.clone()
    damaged[:, :, 48:] = 1
    text, figures = run(damaged, blocks, holes=hidden, source=blocks)
    assert figures["lpips_vgg"] == 0 and "LPIPS (VGG) 0.0" in text, "what lies in holes is not seen"
    assert 0 < figures["source_distance_vit_s14"] < 1 and 0 < figures["subject_consistency_vit_s14"] < 1
    same = run(blocks, blocks, holes=hidden, source=blocks, reference_is_true_view=True)[1]
    assert same["source_distance_vit_s14"] == 0 and same["lpips_vgg_by_region"] == {"whole": 0, "kept": 0, "holes": 0}
    assert not set(figures) & LEFT_OUT
    cut = blocks[:3].clone()
    cut[:2] = torch.linspace(0, 1, 96).view(1, 1, 96, 1)
    text, figures = run(cut, blocks[:3])
    assert figures["background_consistency_vgg16"] < 0.9 < same["background_consistency_vgg16"] <= 1
    assert "background consistency" in text


def test_holes_are_left_out_and_their_edges_are_reported_on_the_kept_side(run):
    result = clip()
    result[:, :, 16:20] += 0.1
    result[:, :, 20:] += 0.4
    text, figures = run(result, clip(), holes=holes()[:1], seam_width=4)
    assert figures["seam_psnr_db"] == 20.0
    assert figures["psnr_db"] == pytest.approx(20 + 10 * torch.tensor(5.0).log10().item(), abs=1e-2)
    assert figures["hole_coverage"] == [0.375] * 5 and "holes 37.5 % on average" in text
    assert "psnr_db_by_region" not in figures


def test_a_seam_without_any_error_is_a_number_that_json_has(pack):
    json_text = pack.node("InverseCrafterMetrics").execute(clip(), clip(), holes(), networks=False).args[1]
    figures = json.loads(json_text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    assert figures["seam_psnr_db"] == figures["psnr_db"] == 100.0


def test_a_mask_without_frames_serves_for_all(run):
    assert run(clip(), clip(1), holes=holes()[0]) == run(clip(), clip(1), holes=holes())
    assert run(clip(), clip(1), holes=holes()[:, None]) == run(clip(), clip(1), holes=holes()), "with a channel, too"


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
    with pytest.raises(ValueError, match="video has 5, holes has 3"):
        run(clip(), clip(), holes=holes()[:3])
    with pytest.raises(ValueError, match="holes: a hole in every pixel"):
        run(clip(), clip(), holes=torch.ones(5, 24, 32))
    with pytest.raises(ValueError, match=r"holes: .* NaN"):
        run(clip(), clip(), holes=holes() * torch.nan)
    with pytest.raises(ValueError, match="video has 5, reference has 4"):
        run(clip(), clip()[:4])
    with pytest.raises(ValueError, match="reference: size 16x24, but video has 32x24"):
        run(clip(), clip()[:, :, :16])
    with pytest.raises(ValueError, match="video: 4 channels"):
        run(torch.rand(5, 24, 32, 4), clip())
    with pytest.raises(ValueError, match="baseline"):
        run(clip(), clip(1), baseline=clip()[:, :, :30])
