"""Render a scene at any time from any camera: colour, planar depth, poses, intrinsics.

Poses at the public edge are ``camera_to_world`` with world = the clip's own camera at frame 0 (as everywhere in the core);
:func:`source_poses` gives the clip's own camera. Pixel centres at +0.5. Depth is exact: the ray through the pixel centre;
colour takes one filtered texture lookup, and the mean of
``samples x samples`` rays where outlines pass.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from ..errors import InputError, require_same_frames
from .scene import FRAMES_PER_SECOND, Scene, Thing
from .shapes import HITS, hit_room, surface
from .textures import build_table, sample

AMBIENT = 0.55


@dataclass(frozen=True)
class Clip:
    """A rendered clip: ``colour [F, H, W, 3]`` in 0…1, ``depth [F, H, W]``, ``intrinsics [F, 3, 3]``, ``camera_to_world``."""

    colour: torch.Tensor
    depth: torch.Tensor
    intrinsics: torch.Tensor
    camera_to_world: torch.Tensor
    times: torch.Tensor


def frame_times(frames: int, start: float = 0.0) -> torch.Tensor:
    """Times ``[F]`` in seconds of a clip that starts at ``start``."""
    return start + torch.arange(frames) / FRAMES_PER_SECOND


def _look_at(position: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """``[F, 3]`` twice -> camera-to-room ``[F, 4, 4]``, the image's vertical kept upright."""
    forward = torch.nn.functional.normalize(target - position, dim=-1)
    down = torch.tensor([0.0, 1.0, 0.0]).expand_as(forward)
    right = torch.nn.functional.normalize(torch.linalg.cross(down, forward), dim=-1)
    pose = torch.eye(4).repeat(len(forward), 1, 1)
    pose[:, :3, :3] = torch.stack([right, torch.linalg.cross(forward, right), forward], dim=-1)
    pose[:, :3, 3] = position
    return pose


def _camera_to_room(scene: Scene, times: torch.Tensor) -> torch.Tensor:
    camera = scene.camera
    drift = times[:, None] * torch.tensor(camera.velocity)
    return _look_at(torch.tensor(camera.position) + drift, torch.tensor(camera.target) + drift * 0.3)


def world_to_room(scene: Scene) -> torch.Tensor:
    """``[4, 4]``: where the world (the source camera at time 0) stands in the room."""
    return _camera_to_room(scene, torch.zeros(1))[0]


def source_poses(scene: Scene, times: torch.Tensor) -> torch.Tensor:
    """The clip's own ``camera_to_world [F, 4, 4]``; the identity at time 0."""
    return torch.linalg.inv(world_to_room(scene)) @ _camera_to_room(scene, times)


def source_intrinsics(scene: Scene, frames: int, height: int, width: int) -> torch.Tensor:
    """``[F, 3, 3]`` in pixels of a ``height x width`` image."""
    focal = scene.camera.focal * width
    matrix = torch.tensor([[focal, 0.0, width / 2], [0.0, focal, height / 2], [0.0, 0.0, 1.0]])
    return matrix.repeat(frames, 1, 1)


@dataclass(frozen=True)
class _Rays:
    """Rays in the room frame, flat: ``frame [N]`` int64, ``origin`` and ``direction [N, 3]``."""

    frame: torch.Tensor
    origin: torch.Tensor
    direction: torch.Tensor

    def at(self, chosen: torch.Tensor) -> _Rays:
        return _Rays(self.frame[chosen], self.origin[chosen], self.direction[chosen])


def _turn(vector: torch.Tensor, cosine: torch.Tensor, sine: torch.Tensor) -> torch.Tensor:
    """Turn ``[N, 3]`` about the vertical: room to local. With the sine negated, local to room."""
    x, y, z = vector.unbind(-1)
    return torch.stack([cosine * x - sine * z, y, sine * x + cosine * z], -1)


def _pose(thing: Thing, times: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Cosine and sine of the turn room-to-local, ``[F]`` each, and the centre ``[F, 3]``."""
    angle = thing.yaw + thing.spin * times
    return angle.cos(), angle.sin(), torch.tensor(thing.centre) + times[:, None] * torch.tensor(thing.velocity)


def _trace(scene: Scene, times: torch.Tensor, rays: _Rays) -> tuple[torch.Tensor, torch.Tensor]:
    half = torch.tensor(scene.half_size)
    nearest = hit_room(rays.origin / half, rays.direction / half)
    what = torch.zeros_like(rays.frame)
    for index, thing in enumerate(scene.things, start=1):
        cosine, sine, centre = (value[rays.frame] for value in _pose(thing, times))
        size = torch.tensor(thing.half_size)
        origin = _turn(rays.origin - centre, cosine, sine) / size
        t = HITS[thing.shape](origin, _turn(rays.direction, cosine, sine) / size)
        what = torch.where(t < nearest, index, what)
        nearest = torch.minimum(nearest, t)
    return nearest, what


def trace(
    scene: Scene, times: torch.Tensor, origin: torch.Tensor, direction: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """First hits in the room frame.

    Args:
        origin: ``[F, 3]``, direction: ``[F, N, 3]`` of any length.

    Returns:
        ``t [F, N]`` in lengths of the direction, and what was hit ``[F, N]``: 0 the room, i + 1 the i-th thing.
    """
    frames, count = direction.shape[:2]
    frame = torch.arange(frames).repeat_interleave(count)
    t, what = _trace(scene, times, _Rays(frame, origin[frame], direction.reshape(-1, 3)))
    return t.reshape(frames, count), what.reshape(frames, count)


def _shade(normal: torch.Tensor, scene: Scene) -> torch.Tensor:
    light = torch.nn.functional.normalize(torch.tensor(scene.light), dim=0)
    return AMBIENT + (1 - AMBIENT) * (normal @ light).clamp(min=0)


def _contact_shadow(scene: Scene, point: torch.Tensor, times: torch.Tensor) -> torch.Tensor:
    """Darkening of floor points near things: a soft blob, the same from every camera."""
    dark = torch.ones(len(point))
    for thing in scene.things:
        centre = torch.tensor(thing.centre) + times[:, None] * torch.tensor(thing.velocity)
        distance = ((point - centre)[:, ::2] ** 2).sum(-1) / (1.3 * max(thing.half_size[0], thing.half_size[2])) ** 2
        dark = dark * (1 - 0.55 * torch.exp(-distance))
    return dark


def _room_surface(scene: Scene, point: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Texture coordinates, normals, tile numbers and tile widths of points on the room's walls."""
    half = torch.tensor(scene.half_size)
    local = point / half
    upright = local.abs().argmax(-1) == 1
    tile = torch.where(upright, torch.where(local[:, 1] > 0, 0, 1), 2)
    widths = torch.tensor([scene.floor.period, scene.ceiling.period, scene.walls.period])[tile]
    uv, normal = surface("room", local, half, 1.0)
    return uv / widths[:, None], normal, tile, widths


def _thing_surface(thing: Thing, times: torch.Tensor, rays: _Rays, point: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Texture coordinates and room-frame normals of points on a thing."""
    cosine, sine, centre = (value[rays.frame] for value in _pose(thing, times))
    half = torch.tensor(thing.half_size)
    uv, normal = surface(thing.shape, _turn(point - centre, cosine, sine) / half, half, thing.texture.period)
    return uv, _turn(normal, cosine, -sine)


def _colour(
    scene: Scene,
    table: torch.Tensor,
    times: torch.Tensor,
    rays: _Rays,
    hits: tuple[torch.Tensor, torch.Tensor],
    spacing: torch.Tensor,
) -> torch.Tensor:
    """Colour ``[N, 3]`` of traced rays; ``spacing [F]``: distance of neighbouring pixels at depth 1, for the texture filter."""
    colour = torch.empty_like(rays.direction)
    for index in range(len(scene.things) + 1):
        chosen = torch.nonzero(hits[1] == index)[:, 0]
        if not len(chosen):
            continue
        some, depth = rays.at(chosen), hits[0][chosen]
        point = some.origin + depth[:, None] * some.direction
        if index:
            thing = scene.things[index - 1]
            uv, normal = _thing_surface(thing, times, some, point)
            tile, widths = torch.full_like(chosen, index + 2), torch.full_like(depth, thing.texture.period)
        else:
            uv, normal, tile, widths = _room_surface(scene, point)
        cosine = ((normal * some.direction).sum(-1).abs() / some.direction.norm(dim=-1)).clamp(min=0.15)
        light = _shade(normal, scene)
        if not index:
            light = torch.where(tile == 0, light * _contact_shadow(scene, point, times[some.frame]), light)
        footprint = depth * spacing[some.frame] / (widths * cosine.sqrt())
        colour[chosen] = sample(table, tile, uv, footprint) * light[:, None]
    return colour


def _edges(what: torch.Tensor) -> torch.Tensor:
    """Pixels ``[F, H, W]`` with a neighbour that shows another thing: where one ray would make a jagged outline."""
    down, across = what[:, 1:] != what[:, :-1], what[:, :, 1:] != what[:, :, :-1]
    edge = torch.zeros_like(what, dtype=torch.bool)
    edge[:, 1:] |= down
    edge[:, :-1] |= down
    edge[:, :, 1:] |= across
    edge[:, :, :-1] |= across
    return edge


def _pixels(frames: int, height: int, width: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Frame numbers ``[N]`` and pixel corners ``[N, 2]`` (x, y) of a whole clip."""
    f, v, u = torch.meshgrid(torch.arange(frames), torch.arange(height), torch.arange(width), indexing="ij")
    return f.reshape(-1), torch.stack([u, v], -1).reshape(-1, 2).float()


def _cast(in_room: torch.Tensor, intrinsics: torch.Tensor, frame: torch.Tensor, pixel: torch.Tensor) -> _Rays:
    """Rays through image points ``pixel [N, 2]``, camera-frame z = 1, turned into the room."""
    turned = in_room[:, :3, :3] @ torch.linalg.inv(intrinsics)
    columns = turned[frame]
    direction = columns[:, :, 0] * pixel[:, :1] + columns[:, :, 1] * pixel[:, 1:] + columns[:, :, 2]
    return _Rays(frame, in_room[:, :3, 3][frame], direction)


def render(
    scene: Scene,
    times: torch.Tensor,
    height: int,
    width: int,
    camera_to_world: torch.Tensor | None = None,
    intrinsics: torch.Tensor | None = None,
    samples: int = 2,
) -> Clip:
    """Render ``times [F]`` from the scene's own camera, or from the given one.

    Args:
        camera_to_world: ``[F, 4, 4]``; world = source camera at time 0. By default :func:`source_poses`.
        intrinsics: ``[F, 3, 3]`` pixels. By default :func:`source_intrinsics`.
        samples: rays a pixel and side on outlines.

    Raises:
        InputError: frame counts differ, or a size or sample count is below 1.
    """
    if min(height, width, samples) < 1:
        raise InputError("size", f"{width}x{height} with {samples} samples", "Give at least one pixel and one sample.")
    frames = len(times)
    poses = source_poses(scene, times) if camera_to_world is None else camera_to_world
    matrix = source_intrinsics(scene, frames, height, width) if intrinsics is None else intrinsics
    require_same_frames(times=frames, camera_to_world=len(poses), intrinsics=len(matrix))
    in_room = world_to_room(scene) @ poses
    frame, corner = _pixels(frames, height, width)
    rays = _cast(in_room, matrix, frame, corner + 0.5)
    hits = _trace(scene, times, rays)
    table = build_table([scene.floor, scene.ceiling, scene.walls, *(thing.texture for thing in scene.things)])
    spacing = 1 / matrix[:, 0, 0]
    colour = _colour(scene, table, times, rays, hits, spacing)
    shape = (frames, height, width)
    edge = torch.nonzero(_edges(hits[1].reshape(shape)).reshape(-1))[:, 0]
    if samples > 1 and len(edge):
        steps = [(i + 0.5) / samples for i in range(samples)]
        parts = []
        for shift in ((x, y) for x in steps for y in steps):
            fine = _cast(in_room, matrix, frame[edge], corner[edge] + torch.tensor(shift))
            parts.append(_colour(scene, table, times, fine, _trace(scene, times, fine), spacing))
        colour[edge] = torch.stack(parts).mean(0)
    return Clip(colour.clamp(0, 1).reshape(*shape, 3), hits[0].reshape(shape), matrix, poses, times)
