"""The region of an edit in the first frame: from a mask, a box, or the difference of the edited and the original picture.

Pictures are ``[H, W, 3]`` float in 0...1, regions ``[H, W]`` bool, True = to be edited.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch

from ..errors import InputError, require_finite, require_same_size

LEAST_PIXELS = 16
CHANGE = 0.06
"""Largest colour difference over channels above which a pixel counts as edited: twice that of a JPEG at quality 90."""
EVERYTHING = 0.9
"""Share of the picture above which a region is refused, since too little is left to keep."""


def first_mask(mask: torch.Tensor, height: int, width: int) -> torch.Tensor:
    """Return the region ``[H, W]`` bool of a MASK ``[H, W]``, or of the first of ``[N, H, W]``; above one half is inside.

    Raises:
        InputError: another size, not finite, nothing inside, or everything.
    """
    first = require_finite("holes", (mask if mask.ndim == 2 else mask[0]).float())
    fix = "Resize both to one size; a 64x64 mask comes from Load Image when the picture has no alpha channel."
    require_same_size("holes", first.shape, "video", (height, width), fix)
    return require_region("holes", first > 0.5)


def mask_video(masks: torch.Tensor, frames: int, height: int, width: int) -> torch.Tensor:
    """Return the masks of all frames as ``[F, H, W]`` bool; above one half is inside.

    Raises:
        InputError: another size or count, nothing inside in any frame, or everything in all.
    """
    if masks.shape != (frames, height, width):
        raise InputError(
            "holes",
            f"{len(masks)} masks of {masks.shape[2]}x{masks.shape[1]} for {frames} frames of {width}x{height}",
            "Give one of the first frame, or one for every frame, in the size of the clip.",
        )
    inside = require_finite("holes", masks.float()) > 0.5
    _require_some("holes", inside.any(0))
    _require_rest("holes", inside.all(0), "is inside in every frame")
    return inside


def box_region(x: int, y: int, box_width: int, box_height: int, height: int, width: int) -> torch.Tensor:
    """Return the region of a box whose top left pixel is (x, y), cut off at the picture's edges; all in pixels."""
    region = torch.zeros(height, width, dtype=torch.bool)
    region[max(0, y) : max(0, y + box_height), max(0, x) : max(0, x + box_width)] = True
    if not bool(region.any()):
        raise InputError("box", f"{box_width}x{box_height} at ({x}, {y})", f"Draw it inside the picture of {width}x{height}.")
    return require_region("box", region)


def edited_region(original: torch.Tensor, edited: torch.Tensor, change: float = CHANGE, grow: int = 2) -> torch.Tensor:
    """Return the region in which two pictures ``[H, W, 3]`` differ: specks removed, gaps closed, grown by ``grow`` pixels.

    Raises:
        InputError: different sizes, nothing differs, or everything does.
    """
    fix = "Edit the frame at the size the clip has in this graph, or resize both to one size."
    require_same_size("edited", edited.shape[:2], "original", original.shape[:2], fix)
    differs = ((original.float() - edited.float()).abs().amax(-1) > change).byte().cpu().numpy()
    found = cv2.morphologyEx(cv2.medianBlur(differs, 3), cv2.MORPH_CLOSE, disc(3))
    found = cv2.dilate(found, disc(grow)) if grow > 0 else found
    if found.sum() < LEAST_PIXELS:
        raise InputError(
            "edited",
            f"nothing differs from the original by more than {change:g}",
            "Connect the picture after the edit, or lower the threshold.",
        )
    return require_region("edited", torch.from_numpy(found > 0), "differs from the original")


def require_region(name: str, region: torch.Tensor, what: str = "is inside") -> torch.Tensor:
    """Return ``region [H, W]`` bool, or raise :class:`InputError` if it holds hardly a pixel or almost the whole picture."""
    _require_some(name, region)
    _require_rest(name, region, what)
    return region


def _require_some(name: str, region: torch.Tensor) -> None:
    if int(region.sum()) < LEAST_PIXELS:
        raise InputError(name, "hardly a pixel is inside", "Paint what is to be edited white (1) and leave the rest black (0).")


def _require_rest(name: str, region: torch.Tensor, what: str) -> None:
    share = float(region.float().mean())
    if share > EVERYTHING:
        raise InputError(
            name,
            f"{share:.0%} of the picture {what}",
            "Name a region, so that something is left to keep; check that the mask is not inverted and that both "
            "pictures show the same frame.",
        )


def disc(radius: int) -> np.ndarray:
    """Return a round structuring element."""
    return cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))


def shaped(inside: torch.Tensor, grow: int = 0, boxes: bool = False) -> torch.Tensor:
    """Return the regions ``[F, H, W]`` bool, or with ``boxes`` their bounding rectangles, grown by ``grow`` pixels.

    A rectangle does not show a model the outline of the old thing.
    """
    shape = np.ones((2 * grow + 1, 2 * grow + 1), np.uint8) if boxes else disc(grow)
    frames = [_rectangle(frame) if boxes else frame for frame in inside.cpu().byte().numpy()]
    return torch.from_numpy(np.stack([cv2.dilate(frame, shape) if grow > 0 else frame for frame in frames]) > 0)


def _rectangle(frame: np.ndarray) -> np.ndarray:
    x, y, width, height = cv2.boundingRect(frame)
    box = np.zeros_like(frame)
    box[y : y + height, x : x + width] = 1
    return box
