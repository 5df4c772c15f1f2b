"""One vector of features a frame, to compare the content of frames."""

from __future__ import annotations

from collections.abc import Callable

import torch
import torch.nn.functional as F

from ..progress import Progress

SIDE = 224
FrameFeatures = Callable[[torch.Tensor], torch.Tensor]
"""Function from a video ``[F, H, W, 3]`` in 0...1 to one vector a frame, ``[F, C]``."""


def frame_features(video: torch.Tensor, network: FrameFeatures, progress: Progress | None = None) -> torch.Tensor:
    """Return the features ``[F, C]`` of ``video [F, H, W, 3]`` in 0...1.

    Args:
        network: from pictures ``[1, 3, 224, 224]`` to ``[1, C]``. Frames are resized without regard to their aspect ratio.
        progress: called with (frames done, frames).
    """
    found = []
    for index, frame in enumerate(video.float().cpu()):
        found.append(network(F.interpolate(frame.movedim(-1, 0)[None], (SIDE, SIDE), mode="bilinear", antialias=True))[0])
        if progress is not None:
            progress(index + 1, len(video))
    return torch.stack(found)
