"""The warp against answers known from geometry, and its invariants."""

from __future__ import annotations

import math
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from scenes import FOCAL, HEIGHT, WIDTH, colours_at, geometry, interior, moved, noise_video, plane, smooth_video, step

from inversecrafter_core.camera import CameraPath, Geometry, pixel_centres, preset_path
from inversecrafter_core.errors import InputError
from inversecrafter_core.warp import Cleanup, Sampling, warp_video
from inversecrafter_core.warp.warp import Warp
from lab.data.reprojections import double_reprojection

KEEP_ALL = Cleanup(threshold=0)


ROOT = Path(__file__).resolve().parents[3]


def expected_by_homography(path: CameraPath, scene: Geometry, homography: torch.Tensor) -> torch.Tensor:
    """Colours at ``homography`` (target pixels to source pixels) of the smooth video, in closed form."""
    x, y = pixel_centres(HEIGHT, WIDTH)
    at = torch.stack([x.expand(HEIGHT, WIDTH), y.expand(HEIGHT, WIDTH), torch.ones(HEIGHT, WIDTH)], -1) @ homography.T
    return colours_at(at[..., 0] / at[..., 2], at[..., 1] / at[..., 2])


@pytest.mark.parametrize("name", ["arc_left", "arc_up", "zoom_in", "zoom_out", "dolly_zoom", "crane", "spiral"])
def test_a_plane_moves_by_its_homography(name):
    scene, path = plane(), preset_path(name, 1, start="full")
    camera, lens = (tensor[0].double() for tensor in path.resolve(scene))
    rotation, position = camera[:3, :3], camera[:3, 3]
    normal = torch.tensor([0.0, 0.0, 1.0], dtype=torch.float64)
    # Source point of a target ray d (source frame = world): X = position + s R d with normal . X = depth.
    ray = rotation @ torch.linalg.inv(lens)
    depth = float(scene.depth[0, 0, 0])
    onto_plane = torch.outer(position, normal @ ray) + (depth - float(position[2])) * ray
    expected = expected_by_homography(path, scene, (scene.intrinsics[0].double() @ onto_plane).float())
    warp = warp_video(smooth_video(), scene, path)
    inner = interior(warp.visible)[0]
    assert inner.float().mean() > 0.6
    assert (warp.video[0] - expected)[inner].abs().max() < 0.01


@pytest.mark.parametrize("name", ["pan", "tilt"])
def test_a_pure_rotation_does_not_care_about_depth(name):
    path = preset_path(name, 1, 0.06, start="full")
    flat = warp_video(smooth_video(), plane(), path, cleanup=KEEP_ALL)
    blocks = 1 + torch.rand(1, HEIGHT // 8, WIDTH // 8, generator=torch.Generator().manual_seed(0))
    bumpy = blocks.repeat_interleave(8, 1).repeat_interleave(8, 2)
    rough = warp_video(smooth_video(), geometry(bumpy), path, cleanup=KEEP_ALL)
    both = interior(flat.visible & rough.visible)
    assert both.float().mean() > 0.7
    # Where a block lies behind another its colours are its own alone, not those between the two.
    assert (flat.video - rough.video)[both].abs().max() < 0.03
    lens = plane().intrinsics[0]
    expected = expected_by_homography(path, plane(), lens @ path.camera_to_world[0, :3, :3] @ torch.linalg.inv(lens))
    assert (flat.video[0] - expected)[interior(flat.visible)[0]].abs().max() < 0.01


def test_a_dolly_zoom_leaves_the_subjects_plane_as_it_was():
    warp = warp_video(smooth_video(), plane(), preset_path("dolly_zoom", 1, 0.3, start="full"))
    assert warp.visible.all()
    assert (warp.video - smooth_video()).abs().max() < 1e-3


@pytest.mark.parametrize(("baseline", "near", "far"), [(0.2, 1.0, 3.0), (0.25, 1.0, 2.0), (-0.3, 1.5, 6.0)])
def test_a_step_edge_opens_a_hole_as_wide_as_the_difference_of_disparities(baseline, near, far):
    warp = warp_video(smooth_video(), step(near, far), moved(x=baseline / near), cleanup=KEEP_ALL)
    shift_near, shift_far = FOCAL * baseline / near, FOCAL * baseline / far
    columns = torch.arange(WIDTH) + 0.5
    # The block moves by the larger disparity; the hole opens on the side that it leaves.
    block = (WIDTH // 3 - shift_near, 2 * (WIDTH // 3) - 0.0 - shift_near)
    side = (columns > block[1] - 1) if baseline > 0 else (columns < block[0] + 1)
    away = (columns > 2) & (columns < WIDTH - 2 - max(0.0, shift_far)) & (columns > 2 - min(0.0, shift_far))
    holes = ~warp.visible[0] & (side & away)
    width = holes.float().sum(1)
    assert (width == width[0]).all()
    assert abs(float(width[0]) - abs(shift_near - shift_far)) <= 1.5


def test_the_nearest_surface_wins_whatever_the_order():
    video = torch.zeros(1, HEIGHT, WIDTH, 3)
    scene = step(1.0, 3.0)
    video[scene.depth == 1.0] = 1
    for x in (0.2, -0.2):
        warp = warp_video(video, scene, moved(x=x), cleanup=KEEP_ALL)
        first = WIDTH // 3 - round(FOCAL * x)
        middle = slice(first + 2, first + WIDTH // 3 - 2)
        assert warp.visible[:, :, middle].all() and (warp.video[:, :, middle] > 0.999).all()


def test_points_behind_the_camera_never_land():
    depth = torch.full((1, HEIGHT, WIDTH), 4.0)
    depth[:, :, : WIDTH // 2] = 1.0
    video = torch.zeros(1, HEIGHT, WIDTH, 3)
    video[:, :, : WIDTH // 2] = 1
    scene = geometry(depth)
    forward = 2.0 / scene.pivot_depth
    warp = warp_video(video, scene, moved(z=forward), cleanup=KEEP_ALL)
    assert warp.visible.any()
    assert (warp.video[warp.visible][:, 0] < 0.6).all(), "the left half lies behind the camera and must not be seen"


def test_a_path_that_leaves_everything_behind_is_refused():
    with pytest.raises(InputError, match=r"camera_path.*behind the camera.*3 of 3.*frame 0"):
        warp_video(noise_video(3), plane(3), moved(z=1.5, frames=3))


def test_a_static_path_returns_the_source():
    depth = torch.rand(3, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(5)) * 3 + 1
    video = noise_video(3)
    warp = warp_video(video, geometry(depth), preset_path("static", 3), cleanup=KEEP_ALL)
    assert warp.visible.all()
    assert (warp.video - video).abs().max() < 1e-3


def test_the_first_frame_of_every_moving_path_is_the_source_without_holes():
    video = noise_video(3)
    warp = warp_video(video, step(frames=3), preset_path("arc_left", 3))
    assert warp.visible[0].all() and (warp.video[0] - video[0]).abs().max() < 1e-3
    assert not warp.visible[2].all()


def test_a_moving_source_camera_seen_from_where_it_was_shows_the_first_view():
    """World-anchored: the wall does not move on the screen although the source camera drives past it."""
    shift = 6.0
    poses = torch.eye(4).repeat(2, 1, 1)
    poses[1, 0, 3] = shift * 2.0 / FOCAL
    wall = plane(2)
    video = torch.cat([smooth_video(), smooth_video(phase=shift)])
    scene = Geometry(wall.depth, wall.valid, wall.intrinsics, poses)
    warp = warp_video(video, scene, preset_path("static", 2, relative_to="world"))
    seen = interior(warp.visible)[1]
    assert not warp.visible[1, :, : int(shift) - 1].any() and warp.visible[1, :, int(shift) + 1 :].all()
    assert (warp.video[1] - video[0])[seen].abs().max() < 0.01


def test_invalid_pixels_are_never_thrown():
    scene = plane()
    valid = scene.valid.clone()
    valid[:, 10:30, 10:30] = False
    warp = warp_video(noise_video(), replace(scene, valid=valid), preset_path("static", 1))
    assert torch.equal(warp.visible, valid)


def speckled(stored: float) -> Geometry:
    """A wall behind a block, both of noisy depth, with a tenth of it unknown; ``stored`` is what stands there instead."""
    generator = torch.Generator().manual_seed(3)
    scene = step(1.0, 3.0)
    depth = scene.depth * (1 + 0.03 * torch.rand(scene.depth.shape, generator=generator))
    valid = torch.rand(depth.shape, generator=generator) > 0.1
    return replace(scene, depth=torch.where(valid, depth, stored), valid=valid)


def test_what_is_stored_where_depth_is_unknown_changes_nothing():
    far, near = (speckled(stored) for stored in (6.0, 0.5))
    pivot = moved(x=0.31 / far.pivot_depth, z=0.2)
    warps = [warp_video(noise_video(), scene, pivot, cleanup=KEEP_ALL) for scene in (far, near)]
    assert torch.equal(warps[0].visible, warps[1].visible) and torch.equal(warps[0].video, warps[1].video)


def test_holes_are_black_and_the_report_counts_them():
    warp = warp_video(noise_video(2), step(frames=2), preset_path("orbit", 2))
    assert (warp.video[~warp.visible] == 0).all()
    assert float(warp.coverage[0]) == 1 and f"{1 - float(warp.coverage[1]):.1%} at most (frame 1)" in warp.report


def test_a_warp_without_holes_says_that_nothing_is_left_to_generate():
    warp = Warp(torch.zeros(2, 4, 6, 3), torch.ones(2, 4, 6), "static")
    assert warp.report == "static: 2 frames 6x4, no holes: nothing is left to generate."


def test_two_runs_are_bit_identical_and_so_are_thread_counts():
    scene, path = step(frames=2, height=96, width=128), preset_path("orbit", 2)
    video = noise_video(2, 96, 128)
    first = warp_video(video, scene, path)
    threads = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        second = warp_video(video, scene, path)
    finally:
        torch.set_num_threads(threads)
    for other in (second, warp_video(video, scene, path)):
        assert torch.equal(first.video, other.video) and torch.equal(first.visible, other.visible)


def test_shuffling_the_batch_shuffles_the_result():
    depth = torch.rand(4, HEIGHT, WIDTH, generator=torch.Generator().manual_seed(2)) + 1
    scene, path, order = geometry(depth), moved(x=0.1, frames=4), torch.tensor([2, 0, 3, 1])
    # One pivot for both: frame 0 decides it.
    scaled = replace(path, camera_to_world=path.camera_to_world.clone())
    shuffled = geometry(depth[order])
    scaled.camera_to_world[:, :3, 3] *= scene.pivot_depth / shuffled.pivot_depth
    plain = warp_video(noise_video(4), scene, path)
    mixed = warp_video(noise_video(4)[order], shuffled, scaled)
    torch.testing.assert_close(plain.video[order], mixed.video, atol=1e-4, rtol=0)


def test_scaling_the_whole_scene_changes_nothing():
    scene = step(1.0, 3.0)
    path, video = preset_path("arc_right", 1, start="full"), noise_video()
    small, large = (warp_video(video, replace(scene, depth=scene.depth * scale), path) for scale in (1, 64))
    assert torch.equal(small.visible, large.visible)
    torch.testing.assert_close(small.video, large.video, atol=1e-4, rtol=0)


def test_bicubic_is_sharper_on_fine_texture():
    scene, video = plane(height=64, width=64), noise_video(1, 64, 64)
    path = moved(x=0.5 / FOCAL)
    soft, sharp = (warp_video(video, scene, path, sampling=sampling).video.var() for sampling in Sampling)
    assert sharp > 1.1 * soft


def test_dilation_grows_every_hole_by_its_radius():
    scene = plane()
    valid = scene.valid.clone()
    valid[:, 20:24, 30:34] = False
    warp = warp_video(noise_video(), replace(scene, valid=valid), preset_path("static", 1), dilation=2)
    assert int((~warp.visible).sum()) == 64 and not warp.visible[0, 18:26, 28:36].any()


def test_double_reprojection_keeps_clean_pixels_and_everything_on_a_static_path():
    video = noise_video(2)
    clean, visible = double_reprojection(video, step(frames=2), preset_path("static", 2))
    assert torch.equal(clean, video) and visible.all()


def test_double_reprojection_loses_what_the_target_could_not_see():
    baseline, near, far = 0.25, 1.0, 3.0
    _, visible = double_reprojection(noise_video(), step(near, far), moved(x=baseline / near), cleanup=KEEP_ALL)
    # Going right, the block covers the wall to its left: a strip beside the block's left edge, in the source's view.
    lost = ~visible[0, HEIGHT // 2, 2 + round(FOCAL * baseline / far) : WIDTH // 3 + 1]
    assert abs(int(lost.sum()) - FOCAL * baseline * (1 / near - 1 / far)) <= 2
    assert visible[0, :, WIDTH // 3 + 2 : 2 * WIDTH // 3].all(), "the block is nearest and survives"


def broken(video: torch.Tensor) -> torch.Tensor:
    video[0, 0, 0, 0] = math.nan
    return video


@pytest.mark.parametrize(
    ("video", "scene", "path", "message"),
    [
        (lambda: noise_video(3), lambda: plane(2), lambda: moved(frames=2), "video has 3, geometry has 2"),
        (lambda: noise_video(2), lambda: plane(2), lambda: moved(frames=5), "camera_path has 5"),
        (lambda: noise_video(2, 24, 32), lambda: plane(2), lambda: moved(frames=2), "video 32x24, depth 64x48"),
        (lambda: broken(noise_video(2)), lambda: plane(2), lambda: moved(frames=2), "video: 1 of .* NaN"),
        (lambda: torch.rand(2, HEIGHT, WIDTH, 4), lambda: plane(2), lambda: moved(frames=2), "alpha"),
        (lambda: torch.rand(HEIGHT, WIDTH, 3), lambda: plane(2), lambda: moved(frames=2), "batch of images"),
    ],
)
@pytest.mark.parametrize("function", [warp_video, double_reprojection])
def test_inputs_that_do_not_fit_are_refused_by_name(function, video, scene, path, message):
    with pytest.raises(InputError, match=message):
        function(video(), scene(), path())


def test_a_cancelled_warp_stops_and_the_next_one_runs():
    def cancel(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        warp_video(noise_video(2), plane(2), moved(frames=2), progress=cancel)
    seen: list[tuple[int, int]] = []
    warp_video(noise_video(2), plane(2), moved(frames=2), progress=lambda *step: seen.append(step))
    assert seen == [(1, 2), (2, 2)]


ADDED_MEMORY = """
import sys
import torch
from inversecrafter_core.camera import Geometry, intrinsics_from_fov, preset_path
from inversecrafter_core.warp import warp_video
from lab.metrics.timing import peak_memory
torch.set_num_threads(1)
frames, height, width = map(int, sys.argv[1:])
video, depth = torch.rand(frames, height, width, 3), 2 + torch.rand(frames, height, width)
lens, pose = intrinsics_from_fov(1.0, height, width).expand(frames, 3, 3), torch.eye(4).expand(frames, 4, 4)
space, results = Geometry(depth, torch.ones_like(depth, dtype=torch.bool), lens, pose), []
warp_video(video[:1], space[:1], preset_path("arc_left", 1, start="full"))
base = peak_memory(lambda: None)
peak = peak_memory(lambda: results.append(warp_video(video, space, preset_path("arc_left", frames))))
print((peak - base - results[0].video.numel() * 4 - results[0].visible.numel()) / 1e6)
"""


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="this system does not tell a process's peak memory")
def test_memory_does_not_grow_with_the_frames():
    """Peak memory beyond the clip going in and the clip coming out is a few frames, for 9 frames as for 65."""
    extra = []
    for frames in (9, 65):
        command = [sys.executable, "-c", ADDED_MEMORY, str(frames), "240", "416"]
        run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
        extra.append(float(run.stdout.split()[-1]))
    frame = 240 * 416 * 3 * 4 / 1e6
    assert max(extra) < 20 * frame, f"{extra} MB beyond input and output; a frame is {frame:.1f} MB"
