"""The synthetic world: the same from the same seed, true to its own depth and poses, and printable."""

import dataclasses

import pytest
import torch
import torch.nn.functional as F

from inversecrafter_core.errors import InputError
from inversecrafter_core.synthetic import (
    VOCABULARY,
    Scene,
    caption,
    frame_times,
    landing,
    random_scene,
    render,
    visible_from,
)
from inversecrafter_core.synthetic.scene import SHAPES, SourceCamera, Texture, Thing

SIZE = (64, 96)
TIMES = frame_times(9)[::4]


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
    return Scene(0, (3.0, 1.5, 3.0), texture, texture, texture, (thing,), camera, (0.0, -1.0, 0.0))


def test_a_seed_names_one_scene_and_one_picture():
    first, second = (render(random_scene(5), TIMES, *SIZE) for _ in range(2))
    assert torch.equal(first.colour, second.colour) and torch.equal(first.depth, second.depth)
    assert not torch.equal(first.colour, render(random_scene(6), TIMES, *SIZE).colour)


@pytest.mark.parametrize("seed", range(20))
def test_a_scene_survives_its_printed_form(seed):
    scene = random_scene(seed)
    assert Scene.parse(str(scene)) == scene


@pytest.mark.parametrize("text", ["", "{}", "[1]", '{"seed": 1, "half_size": 3}'])
def test_a_text_that_is_no_scene_is_refused(text):
    with pytest.raises(InputError, match="no printed scene"):
        Scene.parse(text)


def test_the_world_is_the_source_camera_of_frame_0():
    clip = render(random_scene(2), TIMES, *SIZE)
    assert torch.allclose(clip.camera_to_world[0], torch.eye(4), atol=1e-5)


@pytest.mark.parametrize(("shape", "depth"), [("box", 2.5), ("cylinder", 2.5), ("sphere", 2.5)])
def test_depth_of_a_known_thing_is_planar_and_exact(shape, depth):
    clip = render(plain_scene(shape), TIMES[:1], 65, 97)
    assert float(clip.depth[0, 32, 48]) == pytest.approx(depth, abs=1e-3)
    back_wall = clip.depth[0, 32, 3]
    assert float(back_wall) == pytest.approx(5.0, abs=1e-3), "planar depth does not grow towards the corners of a wall"


@pytest.mark.parametrize("seed", range(6))
def test_a_warp_by_the_scenes_own_truth_lands_and_has_the_same_colour(seed):
    scene = random_scene(seed)
    source = render(scene, TIMES, *SIZE)
    poses = moved(source, right=0.25, up=0.1)
    target = render(scene, TIMES, *SIZE, camera_to_world=poses, intrinsics=source.intrinsics)
    seen = visible_from(scene, source, poses, source.intrinsics)
    assert 0.5 < float(seen.float().mean()) < 1.0
    position, depth = landing(source, poses, source.intrinsics)
    assert float((in_units(source, position)[seen].abs()).max()) <= 1

    # There and back: the target's exact depth at the landing pixel leads to within half a pixel of the source pixel.
    back, _ = landing(target, source.camera_to_world, source.intrinsics)
    nearest = position.floor().long()
    frame = torch.arange(len(TIMES))[:, None, None].expand(seen.shape)
    column, row = (nearest[..., axis].clamp(0, SIZE[1 - axis] - 1) for axis in (0, 1))
    agree = (target.depth[frame, row, column] / depth - 1).abs() < 0.02
    v, u = torch.meshgrid(torch.arange(SIZE[0]) + 0.5, torch.arange(SIZE[1]) + 0.5, indexing="ij")
    inside_pixel = position - (nearest + 0.5)
    error = (back[frame, row, column] + inside_pixel - torch.stack([u, v], -1))[seen & agree].abs()
    assert float(agree[seen].float().mean()) > 0.9
    assert float(error.quantile(0.99)) < 0.5

    sampled = F.grid_sample(target.colour.movedim(-1, 1), in_units(source, position), align_corners=False).movedim(1, -1)
    error = (sampled - source.colour).abs().mean(-1)
    unmoved = (target.colour - source.colour).abs().mean(-1)
    assert float(error[seen].mean()) < 0.03
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


def test_a_mirrored_or_backward_clip_has_its_own_caption():
    scene = next(s for s in map(random_scene, range(100)) if s.camera.move == "left")
    assert caption(scene).endswith("the camera moves left")
    assert caption(scene, mirrored=True).endswith("the camera moves right")
    assert caption(scene, reversed_time=True).endswith("the camera moves right")
    assert caption(scene, mirrored=True, reversed_time=True).endswith("the camera moves left")


def test_a_size_of_nothing_is_refused():
    with pytest.raises(InputError, match="size"):
        render(random_scene(0), TIMES, 0, 10)
