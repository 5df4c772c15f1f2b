"""Measurements by the VAE of every family: shapes, and masks that are right in time."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from families.kit import SmallModels, clip

from lab.models.families import FAMILIES, Family

MASKS = ("area", "binary", "temporal_infill", "known_source")
WHOLE_CLIP = {"HunyuanVideo", "HunyuanVideo 1.5", "Mochi"}
"""Grids whose encoders normalise or attend over all frames, so that a hole is felt before its group."""
encoding = pytest.mark.node("Encode Measurement")


def encode(small_models: SmallModels, family: Family, holes: torch.Tensor, **inputs: Any) -> Any:
    """Return the measurement of a random clip with ``holes [F, H, W]``."""
    given = {"vae": small_models.vae(family), "video": clip(family), "holes": holes, "source": clip(family, seed=1)}
    return small_models.run("EncodeMeasurement", **(given | inputs))[0]


def one_cell(family: Family, frames: range) -> torch.Tensor:
    """Return holes of one cell, row 0 and column 1, in ``frames``."""
    holes, cell = torch.zeros(family.frames, *family.size), family.grid.cell
    holes[frames.start : frames.stop, :cell, cell : 2 * cell] = 1
    return holes


@encoding
@pytest.mark.parametrize("mask", MASKS)
@pytest.mark.parametrize("family", FAMILIES, ids=str)
def test_a_hole_lowers_the_mask_in_its_own_group_of_frames(small_models: SmallModels, family: Family, mask: str):
    """And in no latent frame before it, where the encoder is causal or only the pixels count."""
    last = family.grid.groups(family.frames)[-1]
    measurement = encode(small_models, family, one_cell(family, last), mask=mask)
    assert measurement.w.shape == measurement.h.shape == (1, *family.latent_shape)
    assert measurement.grid.latent_format == family.grid.latent_format
    assert measurement.w.isfinite().all() and measurement.w.std() > 0.05
    assert measurement.h[:, :, -1, 0, 1].mean() < 0.998
    if mask in ("area", "binary") or family.grid.family not in WHOLE_CLIP:
        assert (measurement.h[:, :, :-1] > 1 - 1e-4).all()
    if mask in ("area", "binary"):
        elsewhere = measurement.h.clone()
        elsewhere[:, :, -1, 0, 1] = 1
        assert (elsewhere == 1).all() and (measurement.h[:, :, -1, 0, 1] == 0).all()


@encoding
@pytest.mark.parametrize("family", FAMILIES, ids=str)
def test_each_frame_counts_in_the_area_of_its_own_group(small_models: SmallModels, family: Family):
    for index, group in enumerate(family.grid.groups(family.frames)):
        for frame in (group.start, group.stop - 1):
            h = encode(small_models, family, one_cell(family, range(frame, frame + 1))).h[0, 0, :, 0, 1]
            expected = torch.ones(family.latent_frames)
            expected[index] = (1 - 1 / len(group)) ** 3
            torch.testing.assert_close(h, expected)


@encoding
@pytest.mark.parametrize("family", FAMILIES, ids=str)
def test_what_is_measured_decodes_to_the_clip_that_was_encoded(small_models: SmallModels, family: Family):
    """``w`` is in VAE space, so it is the latent that the stock nodes would make."""
    measurement, vae = encode(small_models, family, one_cell(family, range(1))), small_models.vae(family)
    with torch.inference_mode():
        torch.testing.assert_close(measurement.w, vae.encode(clip(family)).float(), atol=1e-4, rtol=1e-4)


@encoding
@pytest.mark.parametrize("family", FAMILIES, ids=str)
def test_tiles_of_every_vae_make_a_measurement_of_the_same_shape(
    small_models: SmallModels, family: Family, monkeypatch: pytest.MonkeyPatch
):
    """Tiles of four cells, a cell of overlap; random weights say nothing about the error."""
    vae, cell = small_models.vae(family), family.grid.cell
    wide = clip(family)[:, : 4 * cell].repeat(1, 4, 8, 1)[:, : 4 * cell, : 6 * cell]
    monkeypatch.setattr(small_models.pack.submodule("nodes.guide.measurement"), "TILE", 4 * cell)
    given = {"vae": vae, "video": wide, "holes": torch.zeros(wide.shape[:3])}
    whole, tiled = (small_models.run("EncodeMeasurement", **given, encoding=name)[0].w for name in ("whole", "tiled"))
    tiles_by_itself = getattr(vae, "handles_tiling", False)  # MiniMax H3's, in either case
    assert tiled.shape == whole.shape and torch.equal(tiled, whole) == tiles_by_itself
