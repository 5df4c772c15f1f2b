"""Metrics against cases worked out by hand."""

import math

import pytest
import torch

from inversecrafter_core.errors import InputError
from inversecrafter_core.evaluation import hole_coverage, masked_psnr, masked_ssim


def clip(seed: int = 0) -> torch.Tensor:
    return torch.rand(3, 24, 32, 3, generator=torch.Generator().manual_seed(seed))


def test_psnr_of_a_known_offset() -> None:
    video = clip() * 0.5
    assert masked_psnr(video + 0.1, video) == pytest.approx(20.0, abs=1e-4)
    assert masked_psnr(video, video) == math.inf


def test_hidden_pixels_do_not_count() -> None:
    video = clip()
    damaged, visible = video.clone(), torch.ones(3, 24, 32)
    damaged[:, 8:16, 8:16] = 1 - damaged[:, 8:16, 8:16]
    visible[:, 8:16, 8:16] = 0
    assert masked_psnr(damaged, video, visible) == math.inf
    assert masked_ssim(damaged, video, visible) == pytest.approx(1.0)
    assert masked_psnr(damaged, video) < 20
    assert masked_ssim(damaged, video) < 0.99


def test_ssim_of_constant_images_is_the_luminance_term() -> None:
    a, b = torch.full((1, 16, 16, 3), 0.4), torch.full((1, 16, 16, 3), 0.8)
    expected = (2 * 0.4 * 0.8 + 1e-4) / (0.4**2 + 0.8**2 + 1e-4)
    assert masked_ssim(a, b) == pytest.approx(expected, abs=1e-3)


def test_ssim_agrees_with_scikit_image() -> None:
    from skimage.metrics import structural_similarity

    a = clip(1)
    b = (a + 0.1 * (clip(2) - 0.5)).clamp(0, 1)
    expected = [
        structural_similarity(
            x.numpy(), y.numpy(), data_range=1.0, channel_axis=-1, gaussian_weights=True, sigma=1.5,
            use_sample_covariance=False,
        )
        for x, y in zip(a, b, strict=True)
    ]  # fmt: skip
    assert masked_ssim(a, b) == pytest.approx(sum(expected) / 3, abs=0.01)


def test_hole_coverage_is_per_frame() -> None:
    holes = torch.zeros(2, 4, 4)
    holes[1, :2] = 1
    assert hole_coverage(holes) == [0.0, 0.5]


@pytest.mark.parametrize(
    ("result", "visible", "word"),
    [
        (torch.rand(3, 24, 32, 4), None, "alpha"),
        (torch.full((3, 24, 32, 3), math.nan), None, "NaN"),
        (torch.rand(2, 24, 32, 3), None, "different frame counts"),
        (torch.rand(3, 24, 30, 3), None, "different sizes"),
        (torch.rand(3, 24, 32, 3), torch.zeros(3, 24, 32), "no visible pixel"),
    ],
)
def test_bad_input_is_named(result: torch.Tensor, visible: torch.Tensor | None, word: str) -> None:
    with pytest.raises(InputError, match=word):
        masked_psnr(result, clip(), visible)
