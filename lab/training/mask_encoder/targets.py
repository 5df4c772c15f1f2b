"""Targets of the mask encoder: ``h_gt`` of stored pairs, for one VAE, kept beside them under the VAE's own hash."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import IO

import numpy as np
import torch

from lab.data.pool import keep
from lab.models.latent_space import LatentSpace

from .pairs import load


def target_path(pair: Path, space: LatentSpace) -> Path:
    return pair.parent / f"infilled_{space.digest}" / f"{pair.stem}.npy"


def encode_targets(pairs: list[Path], space: LatentSpace) -> None:
    """``h_gt`` of every stored pair, ``[K, C, T', h', w']`` float16; what is there is kept."""
    for pair in pairs:
        keep(target_path(pair, space), partial(_write_wanted, pair, space))


def _write_wanted(pair: Path, space: LatentSpace, file: IO[bytes]) -> None:
    arrays = load(pair)
    clips, warps = (torch.from_numpy(arrays[name]).to(space.device).float() / 255 for name in ("video", "warp"))
    np.save(file, space.wanted(clips, warps).half().cpu().numpy())
