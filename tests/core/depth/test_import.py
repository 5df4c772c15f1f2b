"""Depth made by somebody else: images of other packs, geometry of the host's own nodes."""

from __future__ import annotations

import math

import pytest
import torch

from inversecrafter_core.depth import Encoding, depth_from_images, from_da3, from_moge, match_size
from inversecrafter_core.depth.image_depth import is_eight_bit
from inversecrafter_core.depth.upsample import resize_map
from inversecrafter_core.errors import InputError
from inversecrafter_core.preview.depth import depth_preview


def disc(height=90, width=120):
    """A red disc at depth 2 before a blue wall at depth 5: image ``[1, H, W, 3]``, depth ``[1, H, W]``."""
    y, x = torch.meshgrid(torch.arange(height), torch.arange(width), indexing="ij")
    inside = (y - height / 2) ** 2 + (x - width / 2) ** 2 < (height / 3) ** 2
    image = torch.where(inside[..., None], torch.tensor([0.8, 0.2, 0.1]), torch.tensor([0.1, 0.2, 0.8]))
    return image[None], torch.where(inside, 2.0, 5.0)[None]


def grey(values):
    return values[..., None].expand(*values.shape, 3).clone()


def test_each_encoding_gives_the_depth_it_says():
    values = torch.tensor([[[0.0, 0.25, 0.5, 1.0]]])
    read = lambda encoding, **more: depth_from_images(grey(values), encoding, **more).values[0, 0].tolist()  # noqa: E731
    assert read(Encoding.WHITE_FAR, near=1, far=5) == [1, 2, 3, 5]
    assert read(Encoding.WHITE_NEAR, near=1, far=5) == [5, 4, 3, 1]
    assert read(Encoding.SCALED, scale=8) == [0, 2, 4, 8]
    assert read(Encoding.INVERSE_SCALED, scale=2) == [math.inf, 8, 4, 2]
    assert depth_from_images(grey(values), Encoding.SCALED, metric=True).kind == "metric_depth"


def test_terraces_of_eight_bits_become_slopes_and_stay_within_half_a_step():
    ramp = torch.linspace(0.2, 0.5, 600).expand(1, 40, 600).clone()
    ramp[:, :, 300:] += 0.3
    stored = (ramp * 255).round() / 255
    assert is_eight_bit(stored) and not is_eight_bit(ramp)
    smooth = depth_from_images(grey(stored)).values
    assert float((smooth - stored).abs().max()) <= 0.5 / 255 + 1e-6
    error = [float((x - ramp)[..., 40:260].abs().mean()) for x in (smooth, stored)]
    assert error[0] < 0.3 * error[1]
    assert float(smooth[0, 0, 300] - smooth[0, 0, 299]) > 0.29, "the edge stays"


@pytest.mark.parametrize(
    ("images", "said"),
    [
        (torch.rand(2, 8, 8, 4), "alpha"),
        (torch.rand(8, 8), "shape"),
        (torch.rand(2, 8, 8, 3), "coloured"),
        (torch.full((1, 8, 8, 3), math.nan), "NaN"),
    ],
)
def test_what_is_no_depth_video_is_named(images, said):
    with pytest.raises(InputError, match=said):
        depth_from_images(images)


def test_empty_ranges_are_refused():
    with pytest.raises(InputError, match="near"):
        depth_from_images(torch.ones(1, 4, 4, 3), Encoding.WHITE_FAR, near=5, far=5)
    with pytest.raises(InputError, match="scale"):
        depth_from_images(torch.ones(1, 4, 4, 3), Encoding.SCALED, scale=0)


def test_size_is_matched_along_image_edges_and_holes_stay_holes():
    image, depth = disc()
    small = resize_map(depth, (30, 40), "area")
    small[:, :3] = math.inf
    raw = depth_from_images(grey(small), Encoding.SCALED)
    result = match_size(raw, image)
    assert result.values.shape == depth.shape
    assert bool(result.values[:, :8].isinf().all()) and bool(result.values[:, 10:].isfinite().all())
    assert float((result.values[:, 15:] - depth[:, 15:]).abs().mean()) < 0.1


def test_preview_is_bright_where_near_and_black_where_unknown():
    _, depth = disc()
    valid = torch.ones_like(depth, dtype=torch.bool)
    valid[:, :5] = False
    for style in ("grey", "colour"):
        picture = depth_preview(depth, valid, style)
        assert picture.shape == (1, 90, 120, 3) and float(picture.min()) >= 0 and float(picture.max()) <= 1
        assert float(picture[0, 45, 60].sum()) > float(picture[0, 45, 2].sum())
        assert float(picture[:, :5].max()) == 0


# --- other nodes' geometry


def da3(frames=3, **changes):
    poses = torch.eye(4).repeat(1, frames, 1, 1)[:, :, :3].clone()
    lens = torch.tensor([[30.0, 0, 20], [0, 30, 10], [0, 0, 1]]).repeat(1, frames, 1, 1)
    return {"depth": torch.rand(frames, 20, 40) + 1, "extrinsics": poses, "intrinsics": lens} | changes


def test_moge_takes_depth_from_points_and_applies_the_mask():
    points = torch.rand(2, 4, 6, 3) + 1
    mask = torch.ones(2, 4, 6, dtype=torch.bool)
    mask[0, 0, 0] = False
    lens = torch.eye(3).repeat(2, 1, 1)
    read = from_moge({"points": points, "mask": mask, "intrinsics": lens})
    assert float(read.raw.values[0, 0, 0]) == math.inf
    assert torch.equal(read.raw.values[mask], points[..., 2][mask])
    assert read.focal == 6 and read.camera_to_world is None and read.images is None


def test_da3_inverts_the_cameras_marks_the_sky_and_keeps_a_right_lens():
    geometry = da3(sky=torch.zeros(3, 20, 40))
    geometry["sky"][:, :5] = 0.9
    geometry["extrinsics"][0, 2, :, 3] = torch.tensor([1.0, -2.0, 3.0])
    read = from_da3(geometry)
    assert read.camera_to_world[2, :3, 3].tolist() == [-1, 2, -3]
    assert bool(read.raw.values[:, :5].isinf().all()) and bool(read.raw.values[:, 5:].isfinite().all())
    assert read.focal == pytest.approx(30) and len(read.notes) == 1


def test_da3_mono_and_identity_lenses_mean_no_camera():
    mono = from_da3({"depth": torch.rand(2, 4, 5) + 1, "mode": "mono"})
    assert mono.focal is None and mono.camera_to_world is None and "Mono" in mono.notes[0]
    unknown = from_da3(da3(intrinsics=torch.eye(3).repeat(1, 3, 1, 1)))
    assert unknown.focal is None and unknown.camera_to_world is None


@pytest.mark.parametrize(
    ("read", "geometry", "said"),
    [
        (from_moge, {}, "no depth"),
        (from_moge, {"depth": torch.ones(2, 4, 5)}, "panorama"),
        (from_moge, {"depth": torch.ones(2, 4, 5), "intrinsics": torch.ones(3, 3, 3)}, "depth has 2, intrinsics has 3"),
        (from_moge, {"depth": torch.ones(1, 4, 5), "intrinsics": torch.zeros(1, 3, 3)}, "no positive focal"),
        (from_da3, {"depth": torch.ones(4, 5)}, "shape"),
        (from_da3, da3(extrinsics=torch.full((1, 3, 3, 4), math.nan)), "no camera poses"),
        (from_da3, da3(sky=torch.zeros(3, 2, 2)), "sky"),
    ],
)
def test_broken_geometry_is_answered(read, geometry, said):
    with pytest.raises(InputError, match=said):
        read(geometry)
