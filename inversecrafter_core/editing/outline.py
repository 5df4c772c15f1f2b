"""A rough region laid along the edges of the thing in it: GrabCut (Rother et al. 2004), as OpenCV has it, in Lab.

Pictures are ``[H, W, 3]`` float in 0...1, regions ``[H, W]`` bool, True = inside.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch

from .regions import LEAST_PIXELS, disc

OUTER, INNER = 0.03, 0.016  # of the longer side: how far a mask's edge may be moved outwards and inwards
JUMP = 1.6  # an edge that makes the mask so many times larger or smaller has run away
MARGIN = 20  # pixels around the mask from which the surroundings are learnt
LEAST_OF_BOX = 0.1  # a thing that fills less of its box was not found
BOX_ROUNDS = 5


def snapped(
    image: torch.Tensor, mask: np.ndarray, surely: np.ndarray | None = None, surely_not: np.ndarray | None = None
) -> np.ndarray:
    """``mask [H, W]`` with its edge moved by a few pixels to where the picture has one; unchanged where that runs away.

    Args:
        surely, surely_not: ``[H, W]`` bool: pixels near the edge that are known to be inside, or outside.
    """
    longer, grown = max(mask.shape), mask.astype(np.uint8)
    wide = cv2.dilate(grown, disc(max(2, round(OUTER * longer))))
    narrow = cv2.erode(grown, disc(max(2, round(INNER * longer))))
    labels = np.full(mask.shape, cv2.GC_BGD, np.uint8)
    labels[wide > 0], labels[mask], labels[narrow > 0] = cv2.GC_PR_BGD, cv2.GC_PR_FGD, cv2.GC_FGD
    if surely is not None and surely_not is not None:
        near = wide > 0
        labels[near & surely], labels[near & surely_not] = cv2.GC_FGD, cv2.GC_BGD
    found = _cut(image, labels, wide > 0, 1)
    return found if mask.sum() / JUMP < found.sum() < JUMP * mask.sum() else mask


def outlined(image: torch.Tensor, box: torch.Tensor) -> torch.Tensor:
    """The thing in ``box [H, W]``: what the surroundings do not show. The box itself where that is next to nothing."""
    inside = box.cpu().numpy()
    labels = np.where(inside, cv2.GC_PR_FGD, cv2.GC_BGD).astype(np.uint8)
    found = _cut(image, labels, inside, BOX_ROUNDS)
    return torch.from_numpy(found) if found.sum() > LEAST_OF_BOX * inside.sum() else box.cpu()


def _cut(image: torch.Tensor, labels: np.ndarray, where: np.ndarray, rounds: int) -> np.ndarray:
    """GrabCut from ``labels`` on the part of the picture around ``where``; what is surely or probably foreground."""
    rows, columns = (np.flatnonzero(where.any(axis)) for axis in (1, 0))
    part = tuple(slice(max(0, side[0] - MARGIN), side[-1] + 1 + MARGIN) for side in (rows, columns))
    window, found = np.ascontiguousarray(labels[part]), np.zeros(labels.shape, bool)
    if (window == cv2.GC_BGD).sum() >= LEAST_PIXELS:
        levels = (image.clamp(0, 1) * 255).round().byte().cpu().numpy()
        lab = np.ascontiguousarray(cv2.cvtColor(levels, cv2.COLOR_RGB2LAB)[part])
        cv2.setRNGSeed(0)  # its colour models start at random
        models = np.zeros((1, 65)), np.zeros((1, 65))
        cv2.grabCut(lab, window, (0, 0, 1, 1), *models, rounds, cv2.GC_INIT_WITH_MASK)
    found[part] = (window == cv2.GC_FGD) | (window == cv2.GC_PR_FGD)
    return found
