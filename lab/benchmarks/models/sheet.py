"""Contact sheets for the model cards: rows of frames, ``[F, H, W, 3]`` each."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import torch

SHOWN = (0, 4, 8, 12, 16)


def write_sheet(rows: list[torch.Tensor], path: Path) -> None:
    """One JPEG: each clip in 0…1 becomes a row of its frames :data:`SHOWN` (as many as it has)."""
    strips = [torch.cat([row[i] for i in SHOWN if i < len(row)], dim=1) for row in rows]
    image = (torch.cat(strips).clamp(0, 1) * 255).round().byte().numpy()
    path.parent.mkdir(parents=True, exist_ok=True)
    encoded = cv2.imencode(".jpg", np.ascontiguousarray(image[..., ::-1]), [cv2.IMWRITE_JPEG_QUALITY, 88])[1]
    path.write_bytes(encoded.tobytes())
