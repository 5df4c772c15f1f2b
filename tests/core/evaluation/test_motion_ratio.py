"""The speed of a clip's motion against a reference, on a texture that slides at known speeds."""

import math

import pytest
import torch
import torch.nn.functional as F

from inversecrafter_core.errors import InputError
from inversecrafter_core.evaluation import motion_ratio

FRAMES, HEIGHT, WIDTH = 5, 64, 96


def sliding(speed: float, noise: float = 0.0) -> torch.Tensor:
    """Return a smooth random texture that slides by ``speed`` pixels a frame, ``[F, H, W, 3]``."""
    generator = torch.Generator().manual_seed(0)
    texture = F.interpolate(torch.rand(1, 1, 12, 24, generator=generator), (HEIGHT, 2 * WIDTH), mode="bicubic")[0, 0]
    columns = torch.arange(WIDTH)[None] + speed * torch.arange(FRAMES)[:, None] + WIDTH / 4
    left, share = columns.floor().long(), columns - columns.floor()
    clip = torch.stack(
        [texture[:, one] * (1 - part) + texture[:, one + 1] * part for one, part in zip(left, share, strict=True)]
    )
    return (clip + noise * torch.randn(clip.shape, generator=generator)).clamp(0, 1)[..., None].expand(-1, -1, -1, 3)


@pytest.mark.parametrize("speed", [1.0, 2.0, 4.0, 6.0, -2.0])
def test_it_is_the_speed_over_the_references_own(speed: float) -> None:
    assert motion_ratio(sliding(speed), sliding(4.0)) == pytest.approx(speed / 4, abs=0.08)


def test_a_frozen_clip_has_none_and_noise_adds_none() -> None:
    still = sliding(4.0)[:1].expand(FRAMES, -1, -1, -1)
    assert motion_ratio(still, sliding(4.0)) == pytest.approx(0, abs=0.02)
    assert motion_ratio(sliding(2.0, noise=0.02), sliding(4.0)) == pytest.approx(0.5, abs=0.08)


def test_hidden_pixels_do_not_count() -> None:
    visible = torch.zeros(FRAMES, HEIGHT, WIDTH)
    visible[:, : HEIGHT // 2 - 8] = 1
    upper = torch.arange(HEIGHT)[None, :, None, None] < HEIGHT // 2
    mixed = torch.where(upper, sliding(2.0), sliding(-4.0))
    assert motion_ratio(mixed, sliding(4.0), visible) == pytest.approx(0.5, abs=0.08)
    assert motion_ratio(mixed, sliding(4.0)) < 0.3


def test_where_nothing_moves_there_is_no_speed() -> None:
    assert math.isnan(motion_ratio(sliding(4.0), sliding(0.0)))
    assert math.isnan(motion_ratio(sliding(4.0)[:1], sliding(4.0)[:1]))


def test_clips_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InputError, match="different frame counts"):
        motion_ratio(sliding(4.0)[:2], sliding(4.0))
