"""From a video and its visible pixels to a measurement, with a linear stand-in for the VAE."""

from __future__ import annotations

import pytest
import torch

from inversecrafter_core.errors import InputError
from inversecrafter_core.inverse import encode_measurement
from inversecrafter_core.latent_grid import LatentGrid
from inversecrafter_core.masks import MaskInputs, MaskMethod, MaskSettings, area, latent_mask, with_first_frame_known

FRAMES, HEIGHT, WIDTH = 9, 32, 48


class Coder:
    """Group means of grey in 8x8 blocks, two channels; its own latents are three times the normalised ones plus one."""

    grid = LatentGrid("Stand-in", 2)

    def __init__(self) -> None:
        self.calls = 0

    def encode(self, video: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        return area(video.mean(-1)) * torch.tensor([3.0, 6.0]).view(1, 2, 1, 1, 1) + 1

    def normalise(self, latents: torch.Tensor) -> torch.Tensor:
        return (latents - 1) / 3


@pytest.fixture
def clip() -> tuple[torch.Tensor, torch.Tensor]:
    visible = torch.ones(FRAMES, HEIGHT, WIDTH)
    visible[:, :, 20:] = 0
    return torch.rand(FRAMES, HEIGHT, WIDTH, 3, generator=torch.Generator().manual_seed(0)), visible


@pytest.mark.parametrize("method", [MaskMethod.AREA, MaskMethod.KNOWN_SOURCE, MaskMethod.TEMPORAL_INFILL])
def test_w_is_in_the_coders_space_and_the_mask_is_made_of_normalised_latents(clip, method):
    warp, visible = clip
    coder, source = Coder(), warp.flip(0)
    measurement = encode_measurement(coder, warp, visible, MaskSettings(method, 2.0), source=source)
    own = Coder()
    given = MaskInputs(
        visible, warp, own.normalise(own.encode(warp)), lambda video: own.normalise(own.encode(video)), source=source
    )
    assert torch.equal(measurement.w, own.encode(warp))
    assert torch.equal(measurement.h, latent_mask(given, MaskSettings(method, 2.0)))
    assert measurement.video_size == (FRAMES, HEIGHT, WIDTH)
    assert (measurement.mask_mode, measurement.grid) == (method, Coder.grid)


def test_a_known_first_frame_is_held_in_the_mask_alone(clip):
    plain, held = (encode_measurement(Coder(), *clip, first_frame_known=known) for known in (False, True))
    assert torch.equal(held.w, plain.w) and torch.equal(held.h, with_first_frame_known(plain.h))
    assert float(plain.h[:, :, 0].min()) < 1


def test_what_is_encoded_already_is_not_encoded_again(clip):
    coder = Coder()
    encoded = coder.encode(clip[0])
    assert torch.equal(encode_measurement(coder, *clip, encoded=encoded).w, encoded) and coder.calls == 1


def test_a_mask_without_its_input_is_refused_by_name(clip):
    with pytest.raises(InputError, match="source: nothing connected"):
        encode_measurement(Coder(), *clip, MaskSettings(MaskMethod.KNOWN_SOURCE))
