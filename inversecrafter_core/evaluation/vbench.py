"""Quality of a clip by itself, as VBench defines it (Huang et al. 2024; github.com/Vchitect/VBench), 1 = best.

The paper's Total Score is made of subject consistency, temporal flickering, motion smoothness and overall consistency. Here:

* **temporal flickering** is VBench's own, to rounding;
* **subject consistency** is VBench's formula on any features; VBench takes the class token of DINO ViT-B/16;
* **motion smoothness** is VBench's formula with another interpolation: VBench fills in the dropped frames with the network
  AMT-S, here motion-compensated averaging by DIS optical flow stands in for it. Figures compare only among themselves;
* overall consistency needs ViCLIP and is left out, and with it the Total Score.

Videos are ``[F, H, W, 3]`` float in 0...1.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import torch
import torch.nn.functional as F

from ..errors import InputError, require_video


def _require_frames(video: torch.Tensor, least: int, what: str) -> torch.Tensor:
    video = require_video("result", video)
    if len(video) < least:
        raise InputError("result", f"{len(video)} frames", f"{what} needs a clip of at least {least}.")
    return video


def temporal_flickering(video: torch.Tensor) -> float:
    """``1 - mean |x_t+1 - x_t|`` over pixels, colours and neighbouring frames: VBench's ``(255 - MAE) / 255``, in 0...1.

    VBench asks it of clips whose scene stands still (it filters them); a clip with motion scores lower for moving.
    """
    video = _require_frames(video, 2, "Temporal flickering")
    return 1 - float(video.diff(dim=0).abs().double().mean())


def subject_consistency(features: torch.Tensor) -> float:
    """Mean over frames 1... of the mean of two cosines, to the previous frame's features and to the first's, each at least 0.

    Args:
        features: ``[F, C]``, one vector a frame, of any length.

    Raises:
        InputError: fewer than two frames.
    """
    if len(features) < 2:
        raise InputError("features", f"{len(features)} frames", "Subject consistency needs at least 2.")
    later = features[1:]
    before = F.cosine_similarity(features[:-1], later, dim=-1).clamp_min(0)
    first = F.cosine_similarity(features[:1], later, dim=-1).clamp_min(0)
    return float((before + first).mean() / 2)


def feature_distance(result: torch.Tensor, source: torch.Tensor) -> float:
    """Mean cosine distance ``1 - cos`` of two clips' features, frame by frame, in 0...2: the paper's DINO distance (B.2).

    Args:
        result, source: ``[F, C]``, one vector a frame.

    Raises:
        InputError: different numbers of frames.
    """
    if result.shape != source.shape:
        raise InputError("source", f"{len(source)} frames beside {len(result)}", "Give the clip that was recaptured.")
    return float(1 - F.cosine_similarity(result, source, dim=-1).mean())


def motion_smoothness(video: torch.Tensor) -> float:
    """``1 - mean |x - x'|``: every other frame (1, 3, ...) against what its two neighbours interpolate to, in 0...1.

    VBench's formula with :func:`between` instead of AMT-S; a last frame without a right neighbour is left out, as there.
    """
    video = _require_frames(video, 3, "Motion smoothness")
    frames = (video * 255).round().to(torch.uint8).cpu().numpy()
    errors = [float(cv2.absdiff(frames[t], between(frames[t - 1], frames[t + 1])).mean()) for t in range(1, len(frames) - 1, 2)]
    return 1 - sum(errors) / len(errors) / 255


def between(before: np.ndarray, after: np.ndarray) -> np.ndarray:
    """The picture half-way between two pictures ``[H, W, 3]`` uint8, by their optical flow both ways.

    The flow from the middle to either end is a quarter of the difference of both flows (Jiang et al. 2018, "Super SloMo",
    equation 4 at t = 1/2); both ends are read there and averaged. DIS flow (Kroeger et al. 2016) on grey pictures.
    """
    grey_before, grey_after = (cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY) for picture in (before, after))
    engine: Any = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
    to_after = (engine.calc(grey_before, grey_after, None) - engine.calc(grey_after, grey_before, None)) / 4
    ends = [_read(before, -to_after), _read(after, to_after)]
    return (np.add(*ends) / 2).round().astype(np.uint8)


def _read(picture: np.ndarray, flow: np.ndarray) -> np.ndarray:
    """``picture`` read at each pixel plus ``flow [H, W, 2]`` (x, y), as float32; the border repeated."""
    height, width = picture.shape[:2]
    x, y = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    return cv2.remap(
        picture.astype(np.float32), x + flow[..., 0], y + flow[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE
    )
