"""Quality of a clip without a reference, as in VBench (Huang et al. 2024; github.com/Vchitect/VBench), 1 = best.

The paper's Total Score is made of subject consistency, temporal flickering, motion smoothness and overall consistency. Here:

* **temporal flickering** is VBench's own, to rounding;
* **subject consistency** and **background consistency** are VBench's formula on any features of whole frames
  (:func:`frame_consistency`): VBench takes the class token of DINO ViT-B/16 for the subject and CLIP ViT-B/32's picture
  embedding for the background, and masks neither. In the nodes a ViT-S/14 stands in for DINO and VGG16 for CLIP;
* **motion smoothness** is VBench's formula with another interpolation: VBench fills in the dropped frames with the network
  AMT-S, here motion-compensated averaging by DIS optical flow stands in for it. Figures compare only among themselves;
* overall consistency needs ViCLIP and is left out, and with it the Total Score.

Videos are ``[F, H, W, 3]`` float in 0...1.
"""

from __future__ import annotations

from itertools import pairwise
from statistics import mean

import torch
import torch.nn.functional as F

from ..errors import InputError, require_video
from ..flow import fade_along, flow_between


def _require_frames(video: torch.Tensor, least: int, what: str) -> torch.Tensor:
    video = require_video("result", video)
    if len(video) < least:
        raise InputError("result", f"{len(video)} frames", f"{what} needs a clip of at least {least}.")
    return video


def temporal_flickering(video: torch.Tensor) -> float:
    """Return ``1 - mean |x_t+1 - x_t|`` over pixels, colours and neighbouring frames: VBench's ``(255 - MAE) / 255``, in 0...1.

    VBench computes it for static scenes only (it filters them); motion lowers the score.
    """
    video = _require_frames(video, 2, "Temporal flickering")
    return 1 - mean(float((frame - last).abs().double().mean()) for last, frame in pairwise(video))


def frame_consistency(features: torch.Tensor) -> float:
    """Return the mean cosine of a frame's features to the previous frame's and to the first's, over frames 1..., each >= 0.

    VBench's subject consistency with DINO's features, and its background consistency with CLIP's.

    Args:
        features: ``[F, C]``, one vector a frame, of any length.

    Raises:
        InputError: fewer than two frames.
    """
    if len(features) < 2:
        raise InputError("features", f"{len(features)} frames", "Consistency over time needs at least 2.")
    later = features[1:]
    before = F.cosine_similarity(features[:-1], later, dim=-1).clamp_min(0)
    first = F.cosine_similarity(features[:1], later, dim=-1).clamp_min(0)
    return float((before + first).mean() / 2)


def feature_distance(result: torch.Tensor, source: torch.Tensor) -> float:
    """Return the mean cosine distance ``1 - cos`` of two clips' features by frame, in 0...2: the paper's DINO distance (B.2).

    Args:
        result, source: ``[F, C]``, one vector a frame.

    Raises:
        InputError: different numbers of frames.
    """
    if result.shape != source.shape:
        raise InputError("source", f"{len(source)} frames for {len(result)}", "Give the clip that was recaptured.")
    return float(1 - F.cosine_similarity(result, source, dim=-1).mean())


def motion_smoothness(video: torch.Tensor) -> float:
    """Return ``1 - mean |x - x'|`` of frames 1, 3, ... and the interpolation of their two neighbours, in 0...1.

    VBench's formula with flow (:func:`..flow.fade_along`) instead of AMT-S. As there, pictures are 8-bit and a last frame
    without a right neighbour is ignored.
    """
    video = (_require_frames(video, 3, "Motion smoothness") * 255).round().cpu()
    errors = []
    for before, frame, after in zip(video[::2], video[1::2], video[2::2], strict=False):
        flow = flow_between(before / 255, after / 255, max(frame.shape))
        between, _ = fade_along(flow, torch.stack([before, after]), 0.5)
        errors.append(float((frame - between.round()).abs().double().mean()))
    return 1 - sum(errors) / len(errors) / 255
