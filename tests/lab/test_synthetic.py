"""The synthetic world: the same from the same seed, true to its own depth and poses, and printable."""

import dataclasses
import math

import pytest
import torch
import torch.nn.functional as F

from inversecrafter_core.camera import project
from inversecrafter_core.camera.projection import pixel_centres
from inversecrafter_core.errors import InputError
from inversecrafter_core.prompt import VOCABULARY
from lab.world import (
    Scene,
    caption,
    frame_times,
    hits_at,
    landing,
    random_scene,
    render,
    sampled,
    visible_from,
)
from lab.world.light import light_position
from lab.world.render import source_poses, world_to_room
from lab.world.scene import SHAPES, Light, Open, Room, SourceCamera, Texture, Thing

SIZE = (64, 96)
TIMES = frame_times(9)[::4]
ROOMS = [seed for seed in range(40) if isinstance(random_scene(seed).around, Room)][:5]
OPEN = [seed for seed in range(40) if isinstance(random_scene(seed).around, Open)][:5]


def moved(clip, right=0.0, up=0.0):
    """The clip's own cameras, stepped aside in their own frame."""
    step = torch.eye(4)
    step[:2, 3] = torch.tensor([right, -up])
    return clip.camera_to_world @ step


def in_units(clip, position):
    """Pixel positions as ``grid_sample`` wants them."""
    height, width = clip.depth.shape[1:]
    return position / torch.tensor([width, height]) * 2 - 1


def plain_scene(shape, half_size=(0.5, 0.5, 0.5), centre=(0.0, 0.0, 1.0)):
    texture = Texture("plain", "red", "blue", 1.0, 1)
    camera = SourceCamera((0.0, 0.0, -2.0), (0.0, 0.0, 0.0), (0.0, 0.0, 0.0), 1.0, "still")
    thing = Thing(shape, centre, half_size, 0.0, texture)
    return Scene(0, Room((3.0, 1.5, 3.0), texture, texture, texture), (thing,), camera, Light((0.0, -1.2, 0.0), 0.2))


def test_a_seed_names_one_scene_and_one_picture():
    first, second = (render(random_scene(5), TIMES, *SIZE) for _ in range(2))
    assert torch.equal(first.colour, second.colour) and torch.equal(first.depth, second.depth)
    assert not torch.equal(first.colour, render(random_scene(6), TIMES, *SIZE).colour)


def come_back(source, position, depth, poses):
    """How far from its start, in pixels ``[F, H, W]``, a source pixel comes back from ``position`` at ``depth`` there."""
    x, y = pixel_centres(*source.depth.shape[1:])
    start = torch.stack([x.expand_as(source.depth[0]), y.expand_as(source.depth[0])], -1)
    found = []
    for place, z, lens, pose, home in zip(position, depth, source.intrinsics, poses, source.camera_to_world, strict=True):
        camera = torch.cat([place, torch.ones_like(place[..., :1])], -1) @ torch.linalg.inv(lens).T * z[..., None]
        found.append(project(camera @ pose[:3, :3].T + pose[:3, 3], lens, home)[0])
    return (torch.stack(found) - start).norm(dim=-1)


def test_the_world_is_the_source_camera_of_frame_0():
    clip = render(random_scene(2), TIMES, *SIZE)
    assert torch.allclose(clip.camera_to_world[0], torch.eye(4), atol=1e-5)


@pytest.mark.parametrize(("shape", "depth"), [("box", 2.5), ("cylinder", 2.5), ("sphere", 2.5), ("panel", 2.5)])
def test_depth_of_a_known_thing_is_planar_and_exact(shape, depth):
    clip = render(plain_scene(shape), TIMES[:1], 65, 97)
    assert float(clip.depth[0, 32, 48]) == pytest.approx(depth, abs=1e-3)
    back_wall = clip.depth[0, 32, 3]
    assert float(back_wall) == pytest.approx(5.0, abs=1e-3), "planar depth does not grow towards the corners of a wall"


@pytest.mark.parametrize("seed", ROOMS + OPEN)
def test_a_warp_by_the_scenes_own_truth_lands_and_has_the_same_colour(seed):
    scene = random_scene(seed)
    source = render(scene, TIMES, *SIZE)
    poses = moved(source, right=0.25, up=0.1)
    target = render(scene, TIMES, *SIZE, camera_to_world=poses, intrinsics=source.intrinsics)
    seen = visible_from(scene, source, poses, source.intrinsics)
    assert 0.5 < float(seen.float().mean()) < 1.0
    position, _ = landing(source, poses, source.intrinsics)
    assert float((in_units(source, position)[seen].abs()).max()) <= 1

    away = come_back(source, position, hits_at(scene, TIMES, position, poses, source.intrinsics)[0], poses)
    assert float(away[seen].max()) < 0.5, "every visible pixel comes back to itself by the ray through where it lands"
    mixed = 1 / sampled(1 / target.depth[..., None], position)[..., 0]  # exact on a plane
    away = come_back(source, position, mixed, poses)
    assert float((away[seen] < 0.5).float().mean()) > 0.98, "all but those whose rendered depth is mixed at an outline"
    hidden = ~seen & (in_units(source, position).abs() < 0.98).all(-1)
    assert float((away[hidden] < 0.5).float().mean()) < 0.5, "what is hidden comes back as what hides it"
    error = (sampled(target.colour, position) - source.colour).abs().mean(-1)
    unmoved = (target.colour - source.colour).abs().mean(-1)
    assert float(error[seen].mean()) < 0.02
    assert float(error[seen].mean()) < 0.5 * float(unmoved[seen].mean())


def test_what_stands_behind_a_box_is_not_visible_from_the_side():
    scene = plain_scene("box", centre=(0.0, 0.0, 0.0))
    source = render(scene, TIMES[:1], *SIZE)
    poses = moved(source, right=0.3)
    seen = visible_from(scene, source, poses, source.intrinsics)
    wall = source.depth > 4
    assert float((seen & wall).sum()) < float(wall.sum()), "the box must hide some of the wall"
    hidden = ~seen & wall
    target = render(scene, TIMES[:1], *SIZE, camera_to_world=poses, intrinsics=source.intrinsics)
    position, depth = landing(source, poses, source.intrinsics)
    inside = hidden & (in_units(source, position).abs() < 0.98).all(-1)
    there = F.grid_sample(target.depth[:, None], in_units(source, position), mode="nearest", align_corners=False)[:, 0]
    assert bool(inside.any())
    assert float((there < depth - 0.1)[inside].float().mean()) > 0.9


def test_things_move_as_their_velocity_says():
    scene = plain_scene("box", half_size=(0.3, 0.3, 0.3), centre=(-0.5, 0.0, 1.0))
    going = dataclasses.replace(scene, things=(dataclasses.replace(scene.things[0], velocity=(1.0, 0.0, 0.0)),))
    clip = render(going, torch.tensor([0.0, 1.0]), *SIZE)
    columns = [torch.nonzero(frame < 2.72)[:, 1].float().mean() for frame in clip.depth]
    focal = 96.0
    assert float(columns[1] - columns[0]) == pytest.approx(focal * 1.0 / 2.7, abs=1.0)


@pytest.mark.parametrize("seed", range(30))
def test_captions_use_only_the_vocabulary_and_name_a_shape(seed):
    words = caption(random_scene(seed)).replace(",", "").split()
    assert set(words) <= VOCABULARY
    assert set(words) & set(SHAPES)


def test_a_caption_says_where_the_scene_is_and_whether_its_light_moves():
    for seed in range(40):
        scene, words = random_scene(seed), caption(random_scene(seed))
        assert ("outdoors" in words and f"{scene.around.sky} sky" in words) == isinstance(scene.around, Open)
        assert ("in a room" in words) == isinstance(scene.around, Room)
        moved = not torch.equal(*light_position(scene.light, torch.tensor([0.0, 0.5])))
        assert ("the light moves" in words) == moved
        assert len(words.split()) < 60, "prompts are cut at 64 words"


def test_both_kinds_of_place_and_every_shape_are_drawn():
    scenes = [random_scene(seed) for seed in range(100)]
    assert 25 <= sum(isinstance(scene.around, Open) for scene in scenes) <= 55
    assert {thing.shape for scene in scenes for thing in scene.things} == set(SHAPES)


@pytest.mark.parametrize("seed", ROOMS[:2] + OPEN)
def test_depth_is_finite_and_ahead_everywhere_even_in_the_sky(seed):
    clip = render(random_scene(seed), TIMES, *SIZE)
    assert bool(torch.isfinite(clip.depth).all())
    assert 0.2 < float(clip.depth.min()) < float(clip.depth.max()) < 40


def lit_scene(light):
    """A grey room with a box at its middle, seen from above."""
    scene = plain_scene("box", centre=(0.0, 1.0, 0.0))
    camera = SourceCamera((0.0, -1.3, -2.8), (0.0, 1.0, 0.0), (0.0, 0.0, 0.0), 0.8, "still")
    grey = Texture("plain", "white", "white", 1.0, 1)
    return dataclasses.replace(scene, around=Room((3.0, 1.5, 3.0), grey, grey, grey), camera=camera, light=light)


def floor_brightness(scene, x, z, times=TIMES[:1], right=0.0):
    """Brightness of a floor point of :func:`lit_scene`, through a camera that stands ``right`` aside."""
    source = render(scene, times, *SIZE)
    poses = moved(source, right=right)
    clip = render(scene, times, *SIZE, camera_to_world=poses)
    point = torch.linalg.inv(world_to_room(scene) @ poses) @ torch.tensor([x, 1.5, z, 1.0])
    image = (clip.intrinsics @ point[:, :3, None])[..., 0]
    position = image[:, None, None, :2] / image[:, None, None, 2:]
    return F.grid_sample(clip.colour.movedim(-1, 1), in_units(clip, position), align_corners=False).mean(1).flatten()


def test_a_shadow_falls_away_from_the_light_and_is_soft():
    scene = lit_scene(Light((-1.5, -1.2, 0.0), 0.3))
    dark, bright = (float(floor_brightness(scene, x, 0.0)) for x in (0.8, -0.8))
    assert dark < 0.75 * bright
    across = [float(floor_brightness(scene, x, 0.0)) for x in torch.linspace(0.8, 2.6, 40).tolist()]
    steps = torch.tensor(across).diff()
    assert float(steps.max()) < 0.5 * (max(across) - dark), "the border of the shadow is no step"


def test_a_shadow_moves_with_its_light():
    scene = lit_scene(Light((-1.5, -1.2, 0.0), 0.2, swing=(3.0, 0.0, 0.0), rate=1.5))
    before, after = floor_brightness(scene, 0.8, 0.0, times=torch.tensor([0.0, 1.05]))
    assert float(after) > 1.2 * float(before)


@pytest.mark.parametrize("x", [-0.9, 0.75, 1.3])
def test_light_and_shadow_are_the_same_from_every_camera(x):
    scene = lit_scene(Light((-1.5, -1.2, 0.0), 0.3))
    here, there = (float(floor_brightness(scene, x, 0.2, right=right)) for right in (0.0, math.copysign(0.7, x)))
    assert here == pytest.approx(there, abs=0.02)


def test_a_turning_camera_keeps_its_distance_and_its_target():
    scene = plain_scene("box")
    camera = dataclasses.replace(scene.camera, turn=0.4)
    poses = source_poses(dataclasses.replace(scene, camera=camera), torch.tensor([0.0, 1.0]))
    target = torch.tensor([0.0, 0.0, 2.0, 1.0])
    seen = torch.linalg.inv(poses) @ target
    assert torch.allclose(seen, target.expand(2, 4), atol=1e-5)
    assert float(poses[1, 0, 3]) > 0.5, "positive turns go to the camera's right"


def test_a_caption_tells_where_the_camera_goes():
    for move in ("left", "around left"):
        scene = next(s for s in map(random_scene, range(200)) if s.camera.move == move)
        assert caption(scene).endswith(f"the camera moves {move}")


def test_a_size_of_nothing_is_refused():
    with pytest.raises(InputError, match="size"):
        render(random_scene(0), TIMES, 0, 10)
