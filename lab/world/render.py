"""Render a scene at any time from any camera: colour, planar depth, poses, intrinsics.

Poses at the public edge are ``camera_to_world`` with world = the clip's own camera at frame 0 (as everywhere in the core);
:func:`source_poses` gives the clip's own camera. Pixel centres at +0.5. Depth is exact: the ray through the pixel centre;
colour takes one filtered texture lookup, and the mean of
``samples x samples`` rays where outlines pass.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch

from inversecrafter_core.camera import Geometry
from inversecrafter_core.errors import InputError, require_same_frames

from .light import brightness
from .scene import FRAMES_PER_SECOND, SKIES, Open, Room, Scene, Thing
from .shapes import surface
from .textures import build_table, sample
from .trace import Rays, first_hits, thing_pose, turned

_GRAZING, _GRAZING_POWER = 0.06, 0.7  # between no blur (0) and full blur (1) along a surface seen at a grazing angle
_HAZE_FROM = 0.25


@dataclass(frozen=True)
class Clip:
    """A rendered clip: ``colour [F, H, W, 3]`` in 0…1, ``depth [F, H, W]``, ``intrinsics [F, 3, 3]``, ``camera_to_world``."""

    colour: torch.Tensor
    depth: torch.Tensor
    intrinsics: torch.Tensor
    camera_to_world: torch.Tensor
    times: torch.Tensor

    def at(self, frames: slice | list[int]) -> Clip:
        """Return some of the frames."""
        parts = (self.colour, self.depth, self.intrinsics, self.camera_to_world, self.times)
        return Clip(*(part[frames] for part in parts))

    def geometry(self) -> Geometry:
        """Return the geometry of the clip, exact."""
        return Geometry(self.depth, torch.ones_like(self.depth, dtype=torch.bool), self.intrinsics, self.camera_to_world)


def frame_times(frames: int, start: float = 0.0) -> torch.Tensor:
    """Times ``[F]`` in seconds of a clip that starts at ``start``."""
    return start + torch.arange(frames) / FRAMES_PER_SECOND


def _look_at(position: torch.Tensor, target: torch.Tensor) -> torch.Tensor:
    """Return camera-to-room ``[F, 4, 4]`` of positions and targets ``[F, 3]``, the image's vertical kept upright."""
    forward = torch.nn.functional.normalize(target - position, dim=-1)
    down = torch.tensor([0.0, 1.0, 0.0]).expand_as(forward)
    right = torch.nn.functional.normalize(torch.linalg.cross(down, forward), dim=-1)
    pose = torch.eye(4).repeat(len(forward), 1, 1)
    pose[:, :3, :3] = torch.stack([right, torch.linalg.cross(forward, right), forward], dim=-1)
    pose[:, :3, 3] = position
    return pose


def _camera_to_room(scene: Scene, times: torch.Tensor) -> torch.Tensor:
    camera = scene.camera
    drift, target = times[:, None] * torch.tensor(camera.velocity), torch.tensor(camera.target)
    angle = camera.turn * times
    arm = turned((torch.tensor(camera.position) - target).expand_as(drift), angle.cos(), angle.sin())
    return _look_at(target + arm + drift, target + drift * 0.3)


def world_to_room(scene: Scene) -> torch.Tensor:
    """Return the pose ``[4, 4]`` of the world (the source camera at time 0) in the room."""
    return _camera_to_room(scene, torch.zeros(1))[0]


def source_poses(scene: Scene, times: torch.Tensor) -> torch.Tensor:
    """Return the clip's own ``camera_to_world [F, 4, 4]``; the identity at time 0."""
    return torch.linalg.inv(world_to_room(scene)) @ _camera_to_room(scene, times)


def source_intrinsics(scene: Scene, frames: int, height: int, width: int) -> torch.Tensor:
    """Return the intrinsics ``[F, 3, 3]`` in pixels of a ``height x width`` image."""
    focal = scene.camera.focal * width
    matrix = torch.tensor([[focal, 0.0, width / 2], [0.0, focal, height / 2], [0.0, 0.0, 1.0]])
    return matrix.repeat(frames, 1, 1)


def _on_floor(around: Room | Open, point: torch.Tensor) -> torch.Tensor:
    """Return which points of the surroundings ``[N]`` are on the floor or the ground."""
    if isinstance(around, Open):
        return (point[:, 1] - around.level).abs() < 1e-2
    local = point / torch.tensor(around.half_size)
    return (local.abs().argmax(-1) == 1) & (local[:, 1] > 0)


def _room_surface(room: Room, point: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Texture coordinates, normals, tile numbers and tile widths of points on the room's walls."""
    half = torch.tensor(room.half_size)
    local = point / half
    upright = local.abs().argmax(-1) == 1
    tile = torch.where(upright, torch.where(local[:, 1] > 0, 0, 1), 2)
    widths = torch.tensor([texture.period for texture in room.textures])[tile]
    uv, normal = surface("room", local, half, 1.0)
    return uv / widths[:, None], normal, tile, widths


def _thing_surface(thing: Thing, times: torch.Tensor, rays: Rays, point: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Texture coordinates and room-frame normals of points on a thing."""
    cosine, sine, centre = (value[rays.frame] for value in thing_pose(thing, times))
    half = torch.tensor(thing.half_size)
    uv, normal = surface(thing.shape, turned(point - centre, cosine, sine) / half, half, thing.texture.period)
    return uv, turned(normal, cosine, -sine)


def _haze(around: Open, point: torch.Tensor, colour: torch.Tensor) -> torch.Tensor:
    """Sky above, and the ground's colour fading into the horizon's with its distance from the middle of the place."""
    low, high = (torch.tensor(value) for value in SKIES[around.sky])
    height = (-point[:, 1:2] / around.radius).clamp(0, 1)
    sky = low + (high - low) * (1 - (1 - height) ** 3)
    away = (point[:, ::2].norm(dim=-1, keepdim=True) / around.radius - _HAZE_FROM) / (1 - _HAZE_FROM)
    away = away.clamp(0, 1)
    ground = colour + (low - colour) * (away * (2 - away))
    return torch.where(_on_floor(around, point)[:, None], ground, sky)


@dataclass(frozen=True)
class _Painter:
    """A scene ready to colour, with ``times [F]``, the table of its textures, and the pixel spacing ``[F]`` at depth 1."""

    scene: Scene
    times: torch.Tensor
    table: torch.Tensor
    spacing: torch.Tensor

    def _paint(self, index: int, rays: Rays, depth: torch.Tensor) -> torch.Tensor:
        """Colour ``[N, 3]`` of rays that all meet the same thing, or for index 0 the surroundings."""
        around, point = self.scene.around, rays.origin + depth[:, None] * rays.direction
        floor = None if index else _on_floor(around, point)
        if index:
            thing = self.scene.things[index - 1]
            uv, normal = _thing_surface(thing, self.times, rays, point)
            tile = torch.full_like(rays.frame, index - 1 + len(around.textures))
            widths = torch.full_like(depth, thing.texture.period)
        elif isinstance(around, Room):
            uv, normal, tile, widths = _room_surface(around, point)
        else:
            uv, tile = point[:, ::2] / around.floor.period, torch.zeros_like(rays.frame)
            normal, widths = torch.tensor([0.0, -1.0, 0.0]).expand_as(point), torch.full_like(depth, around.floor.period)
        light = brightness(self.scene, self.times, rays.frame, point, normal, index, floor)
        cosine = (normal * rays.direction).sum(-1).abs() / rays.direction.norm(dim=-1)
        footprint = depth * self.spacing[rays.frame] / (widths * cosine.clamp(min=_GRAZING) ** _GRAZING_POWER)
        colour = sample(self.table, tile, uv, footprint) * light[:, None]
        return _haze(around, point, colour) if isinstance(around, Open) and not index else colour

    def colour(self, rays: Rays, depth: torch.Tensor, what: torch.Tensor) -> torch.Tensor:
        """Colour ``[N, 3]`` of traced rays."""
        colour = torch.empty_like(rays.direction)
        for index in range(len(self.scene.things) + 1):
            chosen = torch.nonzero(what == index)[:, 0]
            if len(chosen):
                colour[chosen] = self._paint(index, rays.at(chosen), depth[chosen])
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


def _cast(in_room: torch.Tensor, intrinsics: torch.Tensor, frame: torch.Tensor, pixel: torch.Tensor) -> Rays:
    """Rays through image points ``pixel [N, 2]``, camera-frame z = 1, turned into the room."""
    turned = in_room[:, :3, :3] @ torch.linalg.inv(intrinsics)
    columns = turned[frame]
    direction = columns[:, :, 0] * pixel[:, :1] + columns[:, :, 1] * pixel[:, 1:] + columns[:, :, 2]
    return Rays(frame, in_room[:, :3, 3][frame], direction)


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
    hits = first_hits(scene, times, rays)
    table = build_table([*scene.around.textures, *(thing.texture for thing in scene.things)])
    painter = _Painter(scene, times, table, 1 / matrix[:, 0, 0])
    colour = painter.colour(rays, *hits)
    shape = (frames, height, width)
    edge = torch.nonzero(_edges(hits[1].reshape(shape)).reshape(-1))[:, 0]
    if samples > 1 and len(edge):
        steps = [(i + 0.5) / samples for i in range(samples)]
        parts = []
        for shift in ((x, y) for x in steps for y in steps):
            fine = _cast(in_room, matrix, frame[edge], corner[edge] + torch.tensor(shift))
            parts.append(painter.colour(fine, *first_hits(scene, times, fine)))
        colour[edge] = torch.stack(parts).mean(0)
    return Clip(colour.clamp(0, 1).reshape(*shape, 3), hits[0].reshape(shape), matrix, poses, times)
