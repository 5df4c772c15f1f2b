"""Conversion of the geometry dictionaries of the host's own nodes (ComfyUI newer than 0.3.75).

| | MOGE_GEOMETRY | DA3_GEOMETRY |
|---|---|---|
| depth | ``[B, H, W]``, ``inf`` where there is none (sky); else z of ``points [B, H, W, 3]`` | ``[B, H, W]`` |
| lens | ``intrinsics [B, 3, 3]``, parts of width and height | ``intrinsics [1, S, 3, 3]``, pixels *of the network's input* |
| camera | none | multi-view: ``extrinsics [1, S, 3, 4]`` or ``[1, S, 4, 4]``, world to camera |
| validity | ``mask [B, H, W]`` bool | ``sky [B, H, W]`` 0...1 |
| ``image`` | ``[B, H, W, 3]`` | ``[B, H, W, 3]`` |

The clip has one lens, the median over frames, because a varying focal length would scale the whole scene.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from ..errors import InputError, require_same_frames
from .protocol import RawDepth

SKY = 0.5


@dataclass(frozen=True)
class ImportedGeometry:
    """The content of a dictionary, before stabilisation.

    Attributes:
        raw: depth ``[F, H, W]``; ``inf`` where there is none.
        focal: clip-level focal length in pixels of the depth map, or None.
        camera_to_world: ``[F, 4, 4]``, or None if the source has no cameras.
        images: the clip that the geometry was made from, ``[F, H, W, 3]``, or None.
        notes: remarks on the conversion, for the report.
    """

    raw: RawDepth
    focal: float | None
    camera_to_world: torch.Tensor | None
    images: torch.Tensor | None
    notes: list[str]


def from_moge(geometry: Mapping[str, Any]) -> ImportedGeometry:
    """Return the content of a ``MOGE_GEOMETRY``, with relative depth.

    MoGe 2 gives metres, MoGe 1 does not, and the dictionary does not name the version.

    Raises:
        InputError: not a MoGe dictionary, a panorama, or shapes that contradict each other.
    """
    depth = geometry.get("depth")
    if depth is None and geometry.get("points") is not None:
        depth = _tensor(geometry, "points", "MoGe geometry", 4)[..., 2]
    depth = _depth(depth, "MoGe geometry")
    if geometry.get("intrinsics") is None:
        raise InputError(
            "MoGe geometry", "no intrinsics (a panorama has none)", "Use the perspective MoGe node on a plain video."
        )
    lens = _tensor(geometry, "intrinsics", "MoGe geometry", 3)
    require_same_frames(depth=len(depth), intrinsics=len(lens))
    width = depth.shape[2]
    focal, notes = _clip_focal(lens[:, 0, 0] * width, width)
    depth = _mask_out(depth, geometry.get("mask"), "MoGe mask", lambda mask: ~mask.bool())
    return ImportedGeometry(RawDepth(depth, "relative_depth", source="MoGe"), focal, None, _images(geometry, depth), notes)


def from_da3(geometry: Mapping[str, Any]) -> ImportedGeometry:
    """Return the content of a ``DA3_GEOMETRY``, mono (no lens, no camera) or multi-view.

    The host resizes multi-view depth to the picture but leaves the intrinsics in pixels of the network's input: they are
    scaled so that their principal point lands in the middle of the picture.

    Raises:
        InputError: not a DA3 dictionary, cameras that are no rotations, or shapes that contradict each other.
    """
    depth = _depth(geometry.get("depth"), "DA3 geometry")
    depth = _mask_out(depth, geometry.get("sky"), "DA3 sky", lambda sky: sky.float() > SKY)
    raw = RawDepth(depth, "relative_depth", source="Depth Anything 3")
    images = _images(geometry, depth)
    if geometry.get("intrinsics") is None or geometry.get("extrinsics") is None:
        return ImportedGeometry(raw, None, None, images, ["Mono mode: no lens and no camera motion in this geometry."])
    lens = _tensor(geometry, "intrinsics", "DA3 geometry", 4)[0].float()
    poses = _tensor(geometry, "extrinsics", "DA3 geometry", 4)[0].float()
    require_same_frames(depth=len(depth), intrinsics=len(lens), extrinsics=len(poses))
    if bool((lens[:, 0, 2] <= 0).any()):
        return ImportedGeometry(raw, None, None, images, ["The model gave no lens and no cameras: the camera counts as still."])
    width = depth.shape[2]
    pixels = width / (2 * lens[:, 0, 2])  # the depth's pixels over the lens's
    focal, notes = _clip_focal(lens[:, 0, 0] * pixels, width)
    if abs(float(pixels.median()) - 1) > 0.02:
        notes.append(f"Intrinsics were in pixels of another size: scaled by {float(pixels.median()):.3f}.")
    return ImportedGeometry(raw, focal, _invert_poses(poses), images, notes)


def _clip_focal(focals: torch.Tensor, width: int) -> tuple[float, list[str]]:
    usable = focals[torch.isfinite(focals) & (focals > 0)].float()
    if len(usable) == 0:
        raise InputError("intrinsics", "no positive focal length", "Check the node that estimated them.")
    focal = float(usable.median())
    wander = 100 * float((usable / focal - 1).abs().max())
    field = math.degrees(2 * math.atan(width / 2 / focal))
    return focal, [f"Lens: {focal:.1f} px ({field:.1f} degrees), the clip's median; frames differed by up to {wander:.1f} %."]


def _invert_poses(world_to_camera: torch.Tensor) -> torch.Tensor:
    matrices = torch.eye(4, dtype=torch.float64).repeat(len(world_to_camera), 1, 1)
    matrices[:, :3] = world_to_camera[:, :3].double()
    rotation = matrices[:, :3, :3]
    error = (rotation @ rotation.mT - torch.eye(3, dtype=torch.float64)).abs().max()
    if not bool(torch.isfinite(matrices).all()) or float(error) > 1e-2:
        raise InputError("extrinsics", "matrices that are no camera poses", "Pose estimation failed: use mono mode.")
    return torch.linalg.inv(matrices).float()


def _depth(depth: Any, name: str) -> torch.Tensor:
    if not isinstance(depth, torch.Tensor) or depth.ndim != 3:
        found = f"depth of shape {tuple(depth.shape)}" if isinstance(depth, torch.Tensor) else "no depth in it"
        raise InputError(name, found, "Connect the geometry output of the host's estimation node.")
    return depth.detach().float().cpu()


def _tensor(geometry: Mapping[str, Any], key: str, name: str, dimensions: int) -> torch.Tensor:
    value = geometry[key]
    if not isinstance(value, torch.Tensor) or value.ndim != dimensions:
        found = tuple(value.shape) if isinstance(value, torch.Tensor) else type(value).__name__
        raise InputError(name, f"{key}: {found}", f"A tensor with {dimensions} dimensions is expected.")
    return value.detach().float().cpu()


def _mask_out(depth: torch.Tensor, mask: Any, name: str, hidden: Callable[[torch.Tensor], torch.Tensor]) -> torch.Tensor:
    if mask is None:
        return depth
    if mask.shape != depth.shape:
        raise InputError(name, f"shape {tuple(mask.shape)}", f"It must be that of the depth, {tuple(depth.shape)}.")
    return torch.where(hidden(mask.cpu()), torch.inf, depth)


def _images(geometry: Mapping[str, Any], depth: torch.Tensor) -> torch.Tensor | None:
    images = geometry.get("image")
    if images is None or images.shape[0] != depth.shape[0]:
        return None
    return images[..., :3].detach().float().cpu()
