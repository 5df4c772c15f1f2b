"""The confidence of a warp at Encode Measurement: part of the latent mask, and of nothing else."""

from __future__ import annotations

import pytest
import torch
from guidance_kit import Kit

FRAMES, HEIGHT, WIDTH = 9, 32, 48


@pytest.fixture(scope="module")
def kit(pack, tmp_path_factory):
    with Kit.open(pack, tmp_path_factory.mktemp("weights")) as kit:
        yield kit


def encode(kit, **inputs):
    clip = torch.rand(FRAMES, HEIGHT, WIDTH, 3, generator=torch.Generator().manual_seed(0))
    holes = torch.zeros(FRAMES, HEIGHT, WIDTH)
    holes[:, :, WIDTH // 2 :] = 1
    given = {"vae": kit.vae(), "warp": clip, "holes": holes, "mask": "area"}
    return kit.run("InverseCrafterEncodeMeasurement", **(given | inputs))[0]


def test_doubt_lowers_the_mask_where_it_is_and_leaves_w_alone(kit):
    sure = torch.ones(FRAMES, HEIGHT, WIDTH)
    sure[5:9, :8, 8:16] = 0.5
    plain, doubted = encode(kit), encode(kit, confidence=sure)
    expected = plain.h.clone()
    expected[:, :, 2, 0, 1] *= 0.5
    assert torch.equal(plain.w, doubted.w) and torch.allclose(doubted.h, expected)


def test_a_first_frame_of_its_own_stays_fully_known(kit):
    clip = torch.rand(FRAMES, HEIGHT, WIDTH, 3, generator=torch.Generator().manual_seed(0))
    doubted = encode(kit, start_image=clip, confidence=torch.full((FRAMES, HEIGHT, WIDTH), 0.25))
    assert (doubted.h[:, :, 0] == 1).all() and doubted.h[:, :, 1:].max() == 0.25


def test_a_confidence_of_another_clip_is_named(kit):
    with pytest.raises(ValueError, match=r"confidence: \(5, 32, 48\)"):
        encode(kit, confidence=torch.ones(5, HEIGHT, WIDTH))
