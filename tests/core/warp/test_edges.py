"""Depth-edge cleanup: pixels between two surfaces are found, surfaces of any slant are kept."""

from __future__ import annotations

import math

import pytest
import torch
from scenes import geometry, moved, noise_video

from inversecrafter_core.camera import pixel_centres, preset_path
from inversecrafter_core.warp import Cleanup, depth_edges, warp_video

KEEP_ALL = Cleanup(threshold=0)


def ramp(width: int) -> torch.Tensor:
    """A depth that slides from 1 to 3 over ``width`` in-between pixels."""
    row = torch.cat([torch.ones(20), torch.linspace(1, 3, width + 2)[1:-1], torch.full((20,), 3.0)])
    return row.expand(10, -1)


@pytest.mark.parametrize("width", [1, 2, 3])
@pytest.mark.parametrize("turned", [False, True])
def test_pixels_that_hang_between_two_surfaces_are_found_and_the_surfaces_are_kept(width, turned):
    found = depth_edges(ramp(width).T if turned else ramp(width))
    found = found.T if turned else found
    assert found[:, 20 : 20 + width].all()
    assert not found[:, :18].any() and not found[:, 22 + width :].any()


def test_a_clean_jump_loses_no_pixel():
    assert not depth_edges(ramp(0)).any()


def slanted_planes(height: int, width: int, count: int) -> torch.Tensor:
    """``[count, height, width]`` float32: planes in general position that fill the picture, up to grazing; 60 degrees wide."""
    normals = torch.randn(count, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    x, y = (axis.double() for axis in pixel_centres(height, width))
    focal = width / (2 * math.tan(math.radians(30)))
    rays = torch.stack([((x - width / 2) / focal).expand(height, -1), ((y - height / 2) / focal).expand(-1, width), 
                        torch.ones(height, width, dtype=torch.float64)])  # fmt: skip
    disparity = torch.einsum("nc,chw->nhw", normals, rays)
    # Moved towards the camera until the farthest pixel of each is a hundred times as far as its nearest.
    least, most = disparity.flatten(1).amin(1), disparity.flatten(1).amax(1)
    return (1 / (disparity - (least - 0.01 * (most - least)).view(-1, 1, 1))).float()


@pytest.mark.parametrize(("height", "width"), [(60, 104), (128, 192), (480, 832), (300, 200)])
@pytest.mark.parametrize("radius", [1, 2, 4])
def test_a_plane_of_any_slant_loses_no_pixel(height, width, radius):
    planes = slanted_planes(height, width, 12)
    assert not depth_edges(planes, radius=radius).any()
    assert not depth_edges(planes * (1 + 1e-6 * torch.rand(planes.shape)), radius=radius).any(), "rounding is no edge"


def test_a_floor_seen_by_a_still_camera_has_no_holes():
    rows = (torch.arange(128) + 0.5 - 64) / 160
    floor = torch.where(rows > 0.02, 1.6 / rows.clamp_min(0.02), 80.0)[:, None].expand(128, 192)[None]
    warp = warp_video(noise_video(1, 128, 192), geometry(floor, 160.0), preset_path("static", 1))
    assert warp.visible.all()


def test_slides_on_slanted_ground_are_found_too():
    y = torch.arange(60)[:, None]
    ground, box = (1 / (0.02 + 0.01 * y)).expand(60, 40), 2.0
    depth = ground.clone()
    depth[20:40, 10:30] = box
    depth[20:40, 9], depth[20:40, 30] = (0.5 * (box + ground[20:40, at]) for at in (9, 30))
    found = depth_edges(depth)
    nearer = box * 1.2 < ground[20:40, 9]
    assert found[20:40, 9][nearer].all() and found[20:40, 30][nearer].all() and nearer.sum() > 8
    found[20:40, 9] = found[20:40, 30] = False
    assert not found.any()


def test_the_radius_grows_with_large_pictures_only():
    def slides(height: int, width: int) -> int:
        row = 1 / torch.lerp(torch.tensor(1.0), torch.tensor(0.3), ((torch.arange(height) - 20) / (width + 1)).clamp(0, 1))
        return int(Cleanup().edges(row.expand(height, -1)).any(0).sum())

    assert slides(100, 3) == slides(960, 3) == 3
    assert slides(100, 7) < 4 and slides(960, 7) == 7


def test_threshold_zero_finds_nothing():
    assert not depth_edges(ramp(2), threshold=0).any()


def test_edge_cleanup_leaves_no_rubber_sheet_in_the_warp():
    scene = geometry(ramp(2)[None])
    video = torch.zeros(1, 10, scene.size[1], 3)
    video[..., 20:22, :] = 1
    path = moved(x=1 / 6 / scene.pivot_depth)  # near things move 10 pixels to the left, far ones 3.33
    stretched, cleaned = warp_video(video, scene, path, cleanup=KEEP_ALL), warp_video(video, scene, path)
    assert stretched.video[:, :, 11:18].max() > 0.9 and stretched.visible[0, :, 11:18].any()
    assert not cleaned.visible[0, :, 11:18].any(), "between near (up to 10) and far (from 18) there is nothing"
