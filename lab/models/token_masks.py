"""Context tokens of a clip: clean, at token-time 0, and without loss (Multi-View Masked Diffusion).

A token of the small Wan covers 16x16 pixels of one latent frame: video frame 0 alone, then groups of 4. Masks here are bool
``[T', H / 16, W / 16]``, True = known; a token is known when all its pixels are.
"""

from __future__ import annotations

import random

import torch
import torch.nn.functional as F

from lab.world import Scene, frame_times, pixel_centres
from lab.world.render import source_intrinsics, source_poses, world_to_room
from lab.world.scene import Thing
from lab.world.trace import thing_pose, turned

TOKEN = 16  # pixels a side
SHARES = {"none": 0.25, "first": 0.1, "ends": 0.2, "tube": 0.25, "warp": 0.2}
PICTURE_TUBE_SHARE = 0.6  # of single pictures: there are many, so it is from them that words are learnt in a context
MARGIN = 1.1  # of a tube around a thing's outline


def known_tokens(visible: torch.Tensor) -> torch.Tensor:
    """Return the known tokens of ``visible [F, H, W]`` bool of pixels, ``F = 4n + 1``."""
    hidden = (~visible).float()
    cells = F.max_pool2d(hidden[:, None], TOKEN)[:, 0]
    later = cells[1:].reshape(len(cells) // 4, 4, *cells.shape[1:]).amax(1)
    return torch.cat([cells[:1], later]) == 0


def outline(scene: Scene, thing: Thing, frames: int, height: int, width: int) -> torch.Tensor:
    """Return the thing's bounding rectangle on the clip's own camera: ``[F, H, W]`` bool, all False where it is behind."""
    times = frame_times(frames)
    cosine, sine, centre = (value[:, None] for value in thing_pose(thing, times))
    corner = torch.cartesian_prod(*(torch.tensor([-size, size]) for size in thing.half_size)) * MARGIN
    corner = centre + turned(corner.expand(frames, 8, 3), cosine, -sine)
    to_camera = torch.linalg.inv(world_to_room(scene) @ source_poses(scene, times))
    seen = corner @ to_camera[:, :3, :3].transpose(1, 2) + to_camera[:, None, :3, 3]
    ahead = (seen[..., 2] > 0.1).all(1)
    image = seen @ source_intrinsics(scene, frames, height, width).transpose(1, 2)
    place = image[..., :2] / image[..., 2:].clamp(min=0.1)
    low, high = (value[:, None, None] for value in (place.amin(1), place.amax(1)))
    centres = pixel_centres(height, width)
    return ((centres >= low) & (centres <= high)).all(-1) & ahead[:, None, None]


def tube_tokens(scene: Scene, thing: Thing, frames: int, height: int, width: int) -> torch.Tensor:
    """Hidden tokens around a thing: every token that its outline touches."""
    return ~known_tokens(~outline(scene, thing, frames, height, width))


def draw_picture_context(tubes: list[torch.Tensor], grid: tuple[int, int, int]) -> torch.Tensor:
    """Draw one picture's known tokens ``[1, H / 16, W / 16]``: all but a tube around a thing, or nothing."""
    nothing = torch.zeros(grid, dtype=torch.bool)
    known = ~random.choice(tubes) if tubes and random.random() < PICTURE_TUBE_SHARE else nothing
    return nothing if bool(known.all()) else known


def draw_context(tubes: list[torch.Tensor], warps: list[torch.Tensor], grid: tuple[int, int, int]) -> torch.Tensor:
    """One clip's known tokens: nothing, the first frame, both end frames, all but a tube around a thing, or a real warp's.

    Args:
        tubes: hidden tokens around each of some things.
        warps: known tokens of each stored warp.
        grid: ``(T', H / 16, W / 16)``.
    """
    known = torch.zeros(grid, dtype=torch.bool)
    kind = random.choices(list(SHARES), list(SHARES.values()))[0]
    if kind == "tube" and tubes:
        known = ~random.choice(tubes)
        if random.random() < 0.5:
            known[0] = True  # an edit of the first frame is given, and carried on
    elif kind == "warp" and warps:
        known = random.choice(warps).clone()
        known[0] = True
    elif kind in ("first", "ends"):
        known[0] = True
        if kind == "ends":
            known[-1] = True
    return torch.zeros(grid, dtype=torch.bool) if bool(known.all()) else known
