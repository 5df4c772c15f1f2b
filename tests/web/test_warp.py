"""The live warp of the editor covers what the node's warp covers, on the points that the scene's file holds."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from scenes import geometry as still_geometry
from scenes import step

from inversecrafter_core.camera import Geometry, preset_path
from inversecrafter_core.preview import scene
from inversecrafter_core.warp import warp_video
from lab.world import frame_times, random_scene, render

COVERAGE = """
import { anchorOf, headerLength, readHeader, readFrame, depthLength, PREFIX } from "./path/scene_file.js";
import { placed, onGrid, transfer } from "./path/cameras.js";
import { HoleEstimate } from "./path/holes.js";
import { presetPath } from "./path/presets.js";
import { Warp } from "./path/warp.js";
const file = readFileSync(given.file), bytes = file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength);
const first = PREFIX + headerLength(bytes), header = readHeader(bytes.slice(PREFIX, first));
const { cloud, coarse, cameras, range } = header;
const frameOf = (tier, offset) => readFrame(bytes.slice(first + offset, first + offset + depthLength(tier)), tier, range);
const scene = { header, coarse: coarse.depth.map((offset) => frameOf(coarse, offset)) };
const estimate = new HoleEstimate(scene);
answer(given.paths.map(([preset, relativeTo]) => {
  const path = presetPath({ preset, amount: 1, unit: "times_preset", start: "full", ease: "linear" }, header.frames);
  const live = header.shown.map((frame, place) => {
    const from = onGrid(cameras[place], cloud.stride);
    const to = onGrid(placed(path[frame], anchorOf(header, place, relativeTo), cameras[place]), cloud.stride);
    const warp = new Warp(cloud.grid[1], cloud.grid[0]);
    return warp.see(frameOf(cloud, cloud.depth[place]), transfer(from, to), transfer(to, from)).coverage;
  });
  estimate.follow(path, relativeTo);
  estimate.work(60000);
  return { live, strip: estimate.shares.map((share) => 1 - share) };
}));
"""
PATHS = [("arc_left", "source"), ("orbit", "world"), ("dolly", "source"), ("zoom_out", "stabilised"), ("pan", "source")]


def coverages(javascript, folder: Path, geometry: Geometry, paths=PATHS) -> list[tuple[torch.Tensor, dict[str, list[float]]]]:
    """Return, a path, the coverage of every frame by the node's warp, and by the page's."""
    file = folder / "scene.bin"
    file.write_bytes(scene.scene_file(geometry))
    known = [
        warp_video(
            torch.zeros(*geometry.depth.shape, 3), geometry, preset_path(name, geometry.frames, start="full", relative_to=place)
        ).coverage
        for name, place in paths
    ]
    return list(zip(known, javascript(COVERAGE, {"file": str(file), "paths": paths}), strict=True))


def far(found: list[float], known: torch.Tensor) -> float:
    """Return the largest difference in percentage points."""
    return 100 * float((torch.tensor(found) - known).abs().max())


def test_with_every_pixel_the_two_warps_agree_to_a_twentieth_of_a_point(javascript, tmp_path):
    blurred = torch.nn.functional.avg_pool2d(step(height=96, width=128).depth[None], 5, 1, 2)[0]  # outlines that slide
    unknown = still_geometry(blurred.expand(2, -1, -1))
    valid = torch.ones_like(unknown.valid)
    valid[:, 20:30, 30:80] = False
    sliding = Geometry(unknown.depth, valid, unknown.intrinsics, unknown.camera_to_world)
    for known, found in coverages(javascript, tmp_path, sliding):
        assert 0.3 < float(known.min()) < 0.995
        assert far(found["live"], known) < 0.05
        assert far(found["strip"], known) < 0.05


def test_at_the_point_budget_the_live_warp_agrees_to_a_point_and_the_strip_to_one_and_a_half(javascript, tmp_path):
    clip = render(random_scene(1), frame_times(31)[[0, 30]], 480, 832, samples=1)
    for known, found in coverages(javascript, tmp_path, clip.geometry()):
        assert far(found["live"], known) < 1.0
        assert far(found["strip"], known) < 1.5


def test_the_points_of_a_frame_stay_within_the_budget():
    for height, width in ((480, 832), (832, 480), (1080, 1920), (101, 77)):
        for points in (scene.CLOUD_POINTS, scene.COARSE_POINTS):
            rows, columns = scene._grid(height, width, scene._stride(height, width, points))
            assert rows * columns <= points


def test_a_longer_clip_than_the_strip_has_frames_is_estimated_between_them(javascript, tmp_path, monkeypatch):
    monkeypatch.setattr(scene, "COARSE_FRAMES", 3)
    moving = step(frames=9)
    ((_, found),) = coverages(javascript, tmp_path, moving, [("arc_left", "source")])
    assert len(found["strip"]) == 9 and found["strip"] == pytest.approx([found["strip"][0]] * 9)


def test_the_colours_of_a_clip_with_alpha_are_those_without():
    geometry = step(frames=2)
    clip = torch.rand(2, *geometry.size, 3, generator=torch.Generator().manual_seed(3))
    assert scene.scene_file(geometry, torch.cat([clip, torch.ones_like(clip[..., :1])], -1)) == scene.scene_file(geometry, clip)


def test_another_file_is_refused_in_words(javascript, tmp_path):
    text = 'import { headerLength } from "./path/scene_file.js";'
    text += "try { headerLength(new Uint8Array(64).buffer); answer(null); } catch (error) { answer(error.message); }"
    assert "cannot be read" in javascript(text)
