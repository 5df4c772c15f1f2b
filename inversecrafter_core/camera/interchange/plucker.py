"""Camera paths as Pluecker ray embeddings, which camera-controlled Wan checkpoints are conditioned on.

A ray through a pixel centre, with origin o and unit direction d in the world of the first camera (OpenCV axes), is
``(o x d, d)`` (Sitzmann et al. 2021). Frames are packed as Wan packs them, 4 to a latent frame, the first one four times.
"""

from __future__ import annotations

import torch

from ...errors import InputError
from ...latent_grid import WAN
from ..geometry import Geometry
from ..path import CameraPath
from ..projection import pixel_centres

FOCAL = 0.5
"""Focal length over the width and over the height of a picture of :data:`ASPECT`: the lens of the host's own node."""
ASPECT = 16 / 9
PACKED = 4


def wan_embedding(
    path: CameraPath, height: int, width: int, geometry: Geometry | None = None, scale: float = 1.0
) -> torch.Tensor:
    """Return ``[1, 24, (F + 3) / 4, H, W]`` float32, relative to the path's first camera.

    Args:
        path: the path, of 4k + 1 frames.
        height, width: size of the clip in pixels.
        geometry: the scene: its lens, and the motion of its own camera. Without it the lens is that of the host's node, and
            the source camera stands still.
        scale: units of one rho in the embedding. The host's own motions go up to 1.5 units sideways and 3 forward.

    Raises:
        InputError: a length that Wan does not take, or a size without pixels.
    """
    WAN.require_frames("camera_path", path.frames)
    if min(height, width) < 1:
        raise InputError("size", f"{width}x{height}", "Give the width and height of the clip in pixels.")
    poses, lens = _cameras(path, height, width, geometry, scale)
    x, y = pixel_centres(height, width)
    fx, fy, cx, cy = (value[:, None, None] for value in lens.unbind(1))
    columns, rows = (x[None] - cx) / fx, (y[None] - cy) / fy
    shape = (path.frames, height, width)
    rays = torch.stack([columns.expand(shape), rows.expand(shape), torch.ones(shape)], -1)
    rays = torch.nn.functional.normalize(rays, dim=-1) @ poses[:, None, :3, :3].mT
    origins = poses[:, None, None, :3, 3].expand_as(rays)
    embedding = torch.cat([torch.linalg.cross(origins, rays), rays], -1)
    packed = torch.cat([embedding[:1].expand(PACKED - 1, -1, -1, -1), embedding]).unflatten(0, (-1, PACKED))
    return packed.permute(4, 1, 0, 2, 3).flatten(0, 1)[None].contiguous()


def _cameras(
    path: CameraPath, height: int, width: int, geometry: Geometry | None, scale: float
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return poses ``[F, 4, 4]`` relative to the first, in the embedding's unit, and lenses ``[F, 4]`` (fx, fy, cx, cy)."""
    if geometry is None:
        poses = path.camera_to_world.clone().double().cpu()
        # The host keeps the height of a wider picture, and the width of a taller one.
        wide = max(width, height * ASPECT)
        lens = torch.tensor([FOCAL * wide, FOCAL * wide / ASPECT, width / 2, height / 2]).repeat(path.frames, 1)
        lens[:, :2] *= path.focal_scale[:, None].cpu()
    else:
        placed, intrinsics = (value.double().cpu() for value in path.resolve(geometry))
        poses = placed.clone()
        poses[:, :3, 3] /= geometry.pivot_depth
        enlarged = torch.tensor([width, height]).repeat(2) / torch.tensor(geometry.size[::-1]).repeat(2)
        lens = intrinsics[:, [0, 1, 0, 1], [0, 1, 2, 2]] * enlarged
    poses = torch.linalg.inv(poses[0]) @ poses
    poses[:, :3, 3] *= scale
    return poses.float(), lens.float()
