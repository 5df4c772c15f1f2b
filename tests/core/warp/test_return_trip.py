"""The way back of a re-rendered clip: with exact geometry it gives the source, and a wrong way does not."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from inversecrafter_core.camera import Geometry, RelativeTo, preset_path
from inversecrafter_core.errors import InputError
from inversecrafter_core.evaluation import cycle_consistency, measurement_psnr
from inversecrafter_core.warp import return_trip, warp_video
from lab.world import frame_times, random_scene, render
from tests.scenes import interior, moved, plane, smooth_video

FRAMES, HEIGHT, WIDTH, SEED = 3, 96, 144, 5
PATHS = {
    "arc": preset_path("arc_left", FRAMES),
    "dolly": preset_path("dolly", FRAMES),
    "dolly_zoom": preset_path("dolly_zoom", FRAMES, 0.2),
    "pan_in_the_world": preset_path("pan", FRAMES, relative_to=RelativeTo.WORLD),
    "another_place_throughout": moved(x=0.1, z=0.15, frames=FRAMES),
}


@pytest.fixture(scope="module")
def clip():
    """A clip whose camera moves and in which things move."""
    return render(random_scene(SEED), frame_times(FRAMES), HEIGHT, WIDTH)


def re_rendered(clip, path) -> tuple[torch.Tensor, Geometry]:
    """The true view along a path, and its geometry with neither cameras nor lens, in a unit of its own."""
    poses, intrinsics = path.resolve(clip.geometry())
    view = render(random_scene(SEED), frame_times(FRAMES), HEIGHT, WIDTH, poses, intrinsics)
    unit = torch.tensor([2.5, 2.4, 2.6])[:, None, None]
    guessed = replace(clip.geometry(), depth=view.depth * unit, camera_to_world=torch.eye(4).repeat(FRAMES, 1, 1))
    return view.colour, guessed


@pytest.mark.parametrize("name", PATHS)
def test_there_and_back_gives_the_source(clip, name):
    path, source = PATHS[name], clip.geometry()
    there, guessed = re_rendered(clip, path)
    trip = return_trip(path, source, guessed)
    assert torch.allclose(trip.scales, 1 / torch.tensor([2.5, 2.4, 2.6]), rtol=0.01)
    assert torch.equal(trip.geometry.camera_to_world[0], torch.eye(4)) or name == "another_place_throughout"
    cameras, lens = trip.path.resolve(trip.geometry)
    target, _ = path.resolve(source)
    assert torch.allclose(target[0] @ cameras, source.camera_to_world, atol=1e-4), "the source's own cameras"
    assert torch.allclose(lens, source.intrinsics, rtol=1e-5)
    back = warp_video(there, trip.geometry, trip.path)
    inner = torch.stack([interior(frame) for frame in back.visible])
    reached = measurement_psnr(back.video, clip.colour, inner.float())
    untouched = measurement_psnr(there, clip.colour, inner.float())
    assert inner.float().mean() > 0.5
    assert reached > 26 and reached > untouched + 4, (reached, untouched)


def test_the_way_there_is_not_the_way_back(clip):
    path, source = PATHS["arc"], clip.geometry()
    there, guessed = re_rendered(clip, path)
    trip = return_trip(path, source, guessed)
    right, wrong = (warp_video(there, trip.geometry, way) for way in (trip.path, path))
    score = lambda warp: cycle_consistency(clip.colour, warp.video, warp.visible).psnr_db  # noqa: E731
    assert score(right) > score(wrong) + 5


def test_translations_are_multiples_of_the_results_own_rho():
    """A wall at depth 2 seen from 0.5 nearer: rho is 1.5 there, so 0.5 back is a third of it."""
    wall, nearer = plane(1, 2.0), plane(1, 1.5)
    path = moved(z=0.25)
    trip = return_trip(path, wall, replace(nearer, depth=nearer.depth * 10))
    assert float(trip.path.camera_to_world[0, 2, 3]) == pytest.approx(-1 / 3, abs=1e-5)
    assert float(trip.scales[0]) == pytest.approx(0.1) and trip.geometry.pivot_depth == pytest.approx(1.5)
    assert "0.1" in trip.report and "custom, back" in trip.report


def test_a_round_trip_of_nothing_is_nothing(clip):
    trip = return_trip(preset_path("static", FRAMES), clip.geometry(), clip.geometry())
    assert torch.allclose(trip.path.camera_to_world, torch.eye(4).repeat(FRAMES, 1, 1), atol=1e-5)
    assert torch.equal(trip.path.focal_scale, torch.ones(FRAMES)) and torch.allclose(trip.geometry.depth, clip.depth)


def test_what_does_not_fit_is_named(clip):
    path, source = PATHS["arc"], clip.geometry()
    with pytest.raises(InputError, match="geometry has 3, result has 2"):
        return_trip(path, source, source[:2])
    with pytest.raises(InputError, match="result_geometry: size 64x48, but geometry has 144x96"):
        return_trip(path, source, plane(FRAMES))
    blind = source.valid.clone()
    blind[1] = False
    with pytest.raises(InputError, match="no depth in frame 1"):
        return_trip(path, source, replace(source, valid=blind))


def test_cycle_consistency_is_measured_by_hand():
    source = smooth_video(2) * 0.8
    returned = source + 0.1
    exact = lambda one, two: (one - two).abs().mean(1)  # noqa: E731
    colours = lambda video: video.mean((1, 2)) * torch.tensor([1.0, 0.0, 0.0])  # noqa: E731
    found = cycle_consistency(source, returned, distance=exact, features=colours)
    assert found == pytest.approx((20, 0.1, 1), abs=1e-4)
    assert cycle_consistency(source, source) == (100, None, None)
    half = torch.zeros(2, 48, 64)
    half[:, :24] = 1
    returned[:, 24:] = 0
    assert cycle_consistency(source, returned, half).psnr_db == pytest.approx(20, abs=1e-4)
