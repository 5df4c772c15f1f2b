"""Fitting of a rough region to the edges of the thing in it, by OpenCV's GrabCut (Rother et al. 2004) in Lab.

Pictures are ``[H, W, 3]`` float in 0...1, regions ``[H, W]`` bool, True = inside.
"""

from __future__ import annotations

import cv2
import numpy as np
import torch

from .regions import LEAST_PIXELS, disc

OUTER, INNER = 0.03, 0.016
"""Distances by which a mask's edge may move outwards and inwards, as shares of the longer side."""
JUMP = 1.6
"""Ratio of the mask's sizes from which a fit is rejected."""
MARGIN = 20
"""Pixels around the mask from which the colours of its surroundings are learnt."""
LEAST_OF_BOX = 0.1
"""Share of its box below which a thing counts as not found."""
BOX_ROUNDS = 5
"""Iterations of GrabCut in a box."""


def snap_to_edges(
    image: torch.Tensor, mask: np.ndarray, inside: np.ndarray | None = None, outside: np.ndarray | None = None
) -> np.ndarray:
    """Return ``mask [H, W]`` with its edge moved by a few pixels to the picture's edges, or unchanged if the fit fails.

    Args:
        image: ``[H, W, 3]`` in 0...1.
        mask: ``[H, W]`` bool.
        inside, outside: ``[H, W]`` bool, pixels near the edge that are known to be inside or outside.
    """
    longer, grown = max(mask.shape), mask.astype(np.uint8)
    wide = cv2.dilate(grown, disc(max(2, round(OUTER * longer))))
    narrow = cv2.erode(grown, disc(max(2, round(INNER * longer))))
    labels = np.full(mask.shape, cv2.GC_BGD, np.uint8)
    labels[wide > 0], labels[mask], labels[narrow > 0] = cv2.GC_PR_BGD, cv2.GC_PR_FGD, cv2.GC_FGD
    if inside is not None and outside is not None:
        near = wide > 0
        labels[near & inside], labels[near & outside] = cv2.GC_FGD, cv2.GC_BGD
    found = _cut(image, labels, wide > 0, 1)
    return found if mask.sum() / JUMP < found.sum() < JUMP * mask.sum() else mask


def outlined(image: torch.Tensor, box: torch.Tensor) -> torch.Tensor:
    """Return the outline of the thing in ``box [H, W]``, which differs from its surroundings; the box if there is none."""
    inside = box.cpu().numpy()
    labels = np.where(inside, cv2.GC_PR_FGD, cv2.GC_BGD).astype(np.uint8)
    found = _cut(image, labels, inside, BOX_ROUNDS)
    return torch.from_numpy(found) if found.sum() > LEAST_OF_BOX * inside.sum() else box.cpu()


def _cut(image: torch.Tensor, labels: np.ndarray, where: np.ndarray, rounds: int) -> np.ndarray:
    """Return the foreground of GrabCut from ``labels``, run on the part of the picture around ``where``."""
    rows, columns = (np.flatnonzero(where.any(axis)) for axis in (1, 0))
    part = tuple(slice(max(0, side[0] - MARGIN), side[-1] + 1 + MARGIN) for side in (rows, columns))
    window, found = np.ascontiguousarray(labels[part]), np.zeros(labels.shape, bool)
    if (window == cv2.GC_BGD).sum() >= LEAST_PIXELS:
        levels = (image.clamp(0, 1) * 255).round().byte().cpu().numpy()
        lab = np.ascontiguousarray(cv2.cvtColor(levels, cv2.COLOR_RGB2LAB)[part])
        cv2.setRNGSeed(0)  # GrabCut initialises its colour models at random
        models = np.zeros((1, 65)), np.zeros((1, 65))
        cv2.grabCut(lab, window, (0, 0, 1, 1), *models, rounds, cv2.GC_INIT_WITH_MASK)
    found[part] = (window == cv2.GC_FGD) | (window == cv2.GC_PR_FGD)
    return found
