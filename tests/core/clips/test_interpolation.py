"""The way between two pictures: its cameras, what each end carries there, and the blend."""

from __future__ import annotations

import math

import pytest
import torch
from scenes import geometry, noise_video, plane, smooth_video, step

from inversecrafter_core.camera import Geometry, preset_path, transfer
from inversecrafter_core.camera.projection import Shifted
from inversecrafter_core.clips import (
    LEAST_MATCHES,
    Between,
    Carried,
    EndCamera,
    Matches,
    blend,
    carry,
    find_camera,
    place_ends,
    relative_scale,
    screw_path,
    warp_from_ends,
)
from inversecrafter_core.clips.guided import without_slits
from inversecrafter_core.errors import InputError
from inversecrafter_core.evaluation import masked_psnr
from inversecrafter_core.flow import fade_along, flow_between
from inversecrafter_core.warp import Cleanup, Viewer
from lab.world import random_scene, render

GIVEN, MATCHED, NONE = EndCamera
HEIGHT, WIDTH = 96, 144
STATIC_SCENE = 5


@pytest.fixture(scope="module")
def views():
    """Nine views of one moment, a tenth of the way about what is seen, and the geometry of the two ends."""
    scene, still = random_scene(STATIC_SCENE), torch.zeros(9)
    first = render(scene, still[:1], HEIGHT, WIDTH)
    space = Geometry(
        first.depth.clamp_max(5).expand(9, -1, -1),
        torch.ones(9, HEIGHT, WIDTH, dtype=torch.bool),
        first.intrinsics.expand(9, -1, -1),
        torch.eye(4).expand(9, 4, 4),
    )
    poses, lenses = preset_path("arc_left", 9, 0.12).resolve(space)
    clip = render(scene, still, HEIGHT, WIDTH, poses, lenses)
    ends = clip.depth[[0, -1]], torch.ones(2, HEIGHT, WIDTH, dtype=torch.bool), lenses[[0, -1]], clip.camera_to_world[[0, -1]]
    return clip, Geometry(*ends)


def unposed(space: Geometry, factor: float = 1.0) -> Geometry:
    """As an estimator that looks at one picture after the other would say it; the end's depth at another scale."""
    depth = space.depth * torch.tensor([1.0, factor]).view(2, 1, 1)
    return Geometry(depth, space.valid, space.intrinsics, torch.eye(4).repeat(2, 1, 1))


@pytest.mark.parametrize(("preset", "amount"), [("arc_left", 1.2), ("arc_up", 0.5), ("dolly", 0.4), ("pan", 0.7)])
def test_an_arc_a_line_and_a_pan_are_screws_and_come_out_exactly(preset, amount):
    poses, _ = preset_path(preset, 9, amount).resolve(plane(9))
    assert torch.allclose(screw_path(poses[-1], torch.linspace(0, 1, 9)), poses, atol=1e-5)


def test_a_turn_of_170_degrees_with_a_shift_is_a_screw():
    """Figures of the closed form by hand, before SciPy's exponential took its place."""
    last = torch.eye(4)
    last[:3, :3] = torch.tensor([[-0.984808, 0, 0.173648], [0, 1, 0], [-0.173648, 0, -0.984808]])
    last[:3, 3] = torch.tensor([1.0, 2.0, 3.0])
    rows = [[0.442289, 0, 0.896873, -0.95403], [0, 1, 0, 0.75], [-0.896873, 0, 0.442289, 1.378306]]
    assert torch.allclose(screw_path(last, torch.linspace(0, 1, 9))[3, :3], torch.tensor(rows), atol=1e-4)


def test_the_camera_is_found_from_matches(views):
    clip, space = views
    found, said = place_ends(clip.colour[[0, -1]], unposed(space), MATCHED)
    pose, away = found.camera_to_world[1], space.camera_to_world[1, :3, 3].norm()
    assert "matches agree" in said
    assert (pose[:3, 3] - space.camera_to_world[1, :3, 3]).norm() < 0.1 * away
    turned = (pose[:3, :3].T @ space.camera_to_world[1, :3, :3]).trace()
    assert math.degrees(math.acos(min(1.0, (float(turned) - 1) / 2))) < 0.5


def test_the_ends_depth_is_brought_to_the_starts_scale(views):
    _, space = views
    stretched = Geometry(
        space.depth * torch.tensor([1.0, 2.5]).view(2, 1, 1), space.valid, space.intrinsics, space.camera_to_world
    )
    assert relative_scale(stretched) == pytest.approx(0.4, rel=0.03)


@pytest.mark.parametrize("count", [0, 5, LEAST_MATCHES - 1])
def test_too_few_matches_are_counted(count):
    places = torch.rand(count, 2).numpy() * 40
    with pytest.raises(InputError, match=f"no camera found: {count} matches.*at least {LEAST_MATCHES}"):
        find_camera(Matches(places, places), plane(2))


def test_matches_that_agree_on_no_camera_are_counted():
    generator = torch.Generator().manual_seed(0)
    places = [(torch.rand(60, 2, generator=generator) * torch.tensor([64.0, 48.0])).numpy() for _ in range(2)]
    with pytest.raises(InputError, match="of 60 matches between start and end agree on one camera"):
        find_camera(Matches(*places), plane(2))


def carried(image, depth, motion, pose, usable=None):
    space = geometry(depth[None])
    own = space.intrinsics[0], torch.eye(4)
    marks = torch.ones_like(depth), torch.zeros_like(depth)
    usable = torch.ones_like(depth, dtype=torch.bool) if usable is None else usable
    return carry(image, depth, usable, motion, marks, transfer(*own, own[0], pose), transfer(own[0], pose, *own), 1e-3)


def test_without_motion_an_end_is_carried_as_a_frame_is_warped():
    space, image = step(), smooth_video()[0]
    pose = torch.eye(4)
    pose[0, 3] = 0.2
    view = Viewer(space, pose[None], space.intrinsics[:1], 1e-3, Cleanup(0.0)).see(image, 0, 0)
    got = carried(image, space.depth[0], torch.zeros(*space.size, 2), pose)
    assert torch.equal(got.visible, view.visible) and torch.equal(got.depth, view.depth)
    assert torch.allclose(got.image, view.image, atol=1e-6)


def test_what_moves_beside_its_parallax_is_carried_with_it_and_nothing_else_is():
    space, image = step(), noise_video()[0]
    near = space.depth[0] == 1.0
    motion = torch.zeros(*space.size, 2)
    motion[near] = torch.tensor([6.0, 0.0])
    got = carried(image, space.depth[0], motion, torch.eye(4))
    columns = near[0].nonzero().flatten()
    assert torch.allclose(got.image[:, columns + 6], image[:, columns], atol=1e-5)
    uncovered = columns[:6]
    assert not got.visible[:, uncovered].any(), "what it leaves behind was never seen"
    far = torch.ones_like(near[0])
    far[columns[0] : columns[-1] + 7] = False
    assert torch.allclose(got.image[:, far], image[:, far], atol=1e-5)


def test_a_shifted_transfer_starts_beside_the_pixel():
    lens, pose = step().intrinsics[0], torch.eye(4)
    pose[0, 3] = 0.3
    plain, depth = transfer(lens, torch.eye(4), lens, pose), torch.full((8, 8), 2.0)
    moved = Shifted(plain, torch.tensor([2.0, 1.0]).expand(8, 8, 2))
    x, y, z = moved(depth)
    one, two, three = plain(depth)
    assert torch.allclose(x[1:, 2:], one[:-1, :-2]) and torch.allclose(y[1:, 2:], two[:-1, :-2]) and torch.equal(z, three)


def a_view(value, depth, density=1.0, trust=1.0, visible=True):
    full = torch.full((4, 4), 1.0)
    return Carried(
        torch.full((4, 4, 3), value), full > (0 if visible else 2), full * depth, full * density, full * trust, full * 0
    )


@pytest.mark.parametrize(
    ("start", "end", "share", "expected"),
    [
        (a_view(0.0, 2), a_view(1.0, 2), 0.5, 0.5),
        (a_view(0.0, 2), a_view(1.0, 2), 0.25, 0.25),
        (a_view(0.0, 2), a_view(1.0, 1), 0.25, 1.0),  # the nearer surface hides the other
        (a_view(0.0, 2), a_view(1.0, 1, trust=0.05), 0.0, 0.0),  # but not where it is the fringe of an outline
        (a_view(0.0, 2, density=0.25), a_view(1.0, 2), 0.5, 0.8),  # stretched four times
        (a_view(0.0, 2), a_view(1.0, 2, visible=False), 0.9, 0.0),
    ],
)
def test_the_better_end_weighs_more(start, end, share, expected):
    image, known = blend(start, end, share, sharpness=1.0)
    assert torch.allclose(image, torch.full_like(image, expected), atol=1e-4) and bool(known.all())


def test_sharpness_takes_the_nearer_end_alone_and_what_nobody_saw_is_unknown():
    image, _ = blend(a_view(0.0, 2), a_view(1.0, 2), 0.4, sharpness=16.0)
    assert float(image.max()) < 0.01
    _, known = blend(a_view(0.0, 2, visible=False), a_view(1.0, 2, visible=False), 0.4, sharpness=1.0)
    assert not known.any()


def test_pictures_are_moved_along_their_flow():
    wide = smooth_video(1, 64, 160)[0].repeat(1, 1, 1)
    textured = (
        wide
        + 0.3
        * noise_video(1, 64, 160)[0]
        .view(16, 4, 40, 4, 3)
        .mean((1, 3), keepdim=True)
        .expand(16, 4, 40, 4, 3)
        .reshape(64, 160, 3)
    ).clamp(0, 1)
    start, middle, end = textured[:, 10:138], textured[:, 12:140], textured[:, 14:142]
    flow = flow_between(start, end)
    between, known = fade_along(flow, torch.stack([start, end]), 0.5)
    inner = (slice(8, -8), slice(8, -8))
    fade = torch.lerp(start, end, 0.5)
    assert masked_psnr(between[inner][None], middle[inner][None]) > masked_psnr(fade[inner][None], middle[inner][None]) + 6
    assert float(known[inner].mean()) > 0.9


@pytest.mark.parametrize("camera", list(EndCamera))
def test_the_way_between_two_views_is_nearer_to_the_truth_than_a_cross_fade(views, camera):
    clip, space = views
    given = {GIVEN: space, MATCHED: unposed(space, 1.7), NONE: None}[camera]
    made = warp_from_ends(clip.colour[:1], clip.colour[-1:], given, 9, camera=camera)
    assert torch.equal(made.video[0], clip.colour[0]) and torch.equal(made.video[-1], clip.colour[-1])
    assert bool((made.visible[[0, -1]] == 1).all()) and made.video.isfinite().all()
    fade = torch.lerp(clip.colour[:1], clip.colour[-1:], torch.linspace(0, 1, 9).view(-1, 1, 1, 1))
    middle = slice(1, -1)
    gain = masked_psnr(made.video[middle], clip.colour[middle]) - masked_psnr(fade[middle], clip.colour[middle])
    assert gain > (4 if camera == GIVEN else 2), made.report


def test_exact_depth_and_cameras_leave_no_more_than_resampling_on_what_is_known(views):
    clip, space = views
    made = warp_from_ends(clip.colour[:1], clip.colour[-1:], space, 9)
    assert masked_psnr(made.video, clip.colour, made.visible) > 32
    assert torch.allclose(made.camera_to_world, clip.camera_to_world, atol=1e-4)
    assert "Cameras from the geometry" in made.report


def test_depth_picture_by_picture_has_its_camera_found_and_said(views):
    clip, space = views
    made = warp_from_ends(clip.colour[:1], clip.colour[-1:], unposed(space), 9)
    assert "matches agree" in made.report and "of the pivot's depth away" in made.report


def test_where_automatic_finds_no_camera_it_goes_along_flow_and_says_so():
    made = warp_from_ends(noise_video(), noise_video(seed=1), plane(2), 9)
    assert made.report.startswith("By optical flow alone, no camera found: ") and "at least 24" in made.report
    assert bool((made.visible == 1).all()) and made.video.isfinite().all()


@pytest.mark.parametrize("frames", [9, 13, 33])
def test_any_4k_plus_1_and_the_ends_of_clips(views, frames):
    clip, space = views
    start, end = clip.colour[:3].flip(0), clip.colour[-1:].expand(6, -1, -1, -1).clone()
    end[4:] = 0
    made = warp_from_ends(start, end, space, frames, settings=Between(follow=False))
    assert made.video.shape == (frames, HEIGHT, WIDTH, 3) and made.camera_to_world.shape == (frames, 4, 4)
    assert torch.equal(made.video[0], start[-1]) and torch.equal(made.video[-4:], end[:4])
    assert bool((made.visible[-4:] == 1).all())


def test_slits_are_closed_and_real_holes_stay():
    seen = torch.ones(20, 30, dtype=torch.bool)
    seen[:, 5:9] = False
    seen[4:12, 14:24] = False
    kept = without_slits(seen)
    assert bool((kept[:, :12] == 1).all())
    assert torch.equal(kept[:, 12:], seen[:, 12:].float())


def test_a_thing_that_moved_by_itself_is_not_left_standing_at_both_ends():
    scene_of = smooth_video(2, 64, 96) * 0.6
    for picture, left in zip(scene_of, (20, 32), strict=True):
        picture[20:44, left : left + 24] = noise_video(1, 24, 24)[0].clamp(0.5, 1)
    space = geometry(torch.full((2, 64, 96), 2.0))
    pose = torch.eye(4).repeat(2, 1, 1)
    pose[1, 0, 3] = 1e-3  # practically the same camera
    space = Geometry(space.depth, space.valid, space.intrinsics, pose)
    both = [warp_from_ends(scene_of[:1], scene_of[1:], space, 9, settings=Between(follow=f)).video[4] for f in (True, False)]
    truth = smooth_video(1, 64, 96)[0] * 0.6
    truth[20:44, 26:50] = noise_video(1, 24, 24)[0].clamp(0.5, 1)
    followed, stood = (masked_psnr(one[None], truth[None]) for one in both)
    assert followed > stood + 3
    kept, opened = (
        warp_from_ends(scene_of[:1], scene_of[1:], space, 9, settings=Between(regenerate=r)).visible[4] for r in (False, True)
    )
    assert bool((opened <= kept).all())


@pytest.mark.parametrize(
    ("start", "end", "space", "frames", "camera", "says"),
    [
        (noise_video(), noise_video(height=32), plane(2), 9, GIVEN, "end: size 64x32, but start has 64x48"),
        (torch.rand(1, 48, 64, 4), noise_video(), plane(2), 9, GIVEN, "start: 4 channels .an alpha"),
        (noise_video(), noise_video(), plane(2), 16, GIVEN, "4k\\+1"),
        (noise_video(), noise_video(), plane(2), 5, GIVEN, "nothing between"),
        (noise_video(), noise_video(3), plane(2), 9, GIVEN, "end: 3 frames.*at least 4"),
        (noise_video(), noise_video(), plane(1), 9, GIVEN, "geometry: 1 frames.*batch of two"),
        (noise_video(), noise_video(), plane(2, height=24), 9, GIVEN, "geometry: size 64x24, but start has 64x48"),
        (noise_video(), noise_video(), None, 9, GIVEN, "geometry: not connected"),
        (noise_video(), noise_video(), None, 9, MATCHED, "geometry: not connected"),
        (noise_video(), noise_video(seed=1), plane(2), 9, MATCHED, r"no camera found: \d+ (of \d+ )?matches"),
        (noise_video() * torch.nan, noise_video(), plane(2), 9, GIVEN, "start: .*NaN"),
    ],
)
def test_ends_that_do_not_fit_are_named(start, end, space, frames, camera, says):
    with pytest.raises(InputError, match=says):
        warp_from_ends(start, end, space, frames, camera=camera)
