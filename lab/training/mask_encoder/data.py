"""Batches for the mask encoder: stored windows with their targets, drawn by the step's number alone.

A run that resumes at step N draws what an uninterrupted one would have drawn there.
"""

from __future__ import annotations

import random
from collections import OrderedDict
from functools import partial
from pathlib import Path
from typing import IO

import numpy as np
import torch

from inversecrafter_core.masks import encoder_input
from lab.data.pool import keep
from lab.models.coder import Coder
from lab.models.mask_encoder import MaskPredictor
from lab.models.precision import autocast

from .pairs import load

Batch = tuple[torch.Tensor, torch.Tensor]
"""The argument of ``MaskPredictor.forward``, and ``h_gt [B, C, T', h', w']``."""
MEMORY = 2_000_000_000
"""Bytes of windows that are kept in memory."""


def target_path(pair: Path, space: Coder) -> Path:
    """Return where the target of a stored pair is kept: beside it, under the VAE's own hash."""
    return pair.parent / f"infilled_{space.digest}" / f"{pair.stem}.npy"


def encode_targets(pairs: list[Path], space: Coder) -> None:
    """Write ``h_gt`` of every stored pair, ``[K, C, T', h', w']`` float16; what is there stays."""

    def write(pair: Path, file: IO[bytes]) -> None:
        arrays = load(pair)
        clips, warps = (torch.from_numpy(arrays[name]).to(space.device).float() / 255 for name in ("video", "warp"))
        np.save(file, space.wanted(clips, warps).half().cpu().numpy())

    for pair in pairs:
        keep(target_path(pair, space), partial(write, pair))


class MaskWindows:
    """The stored windows of some files, in memory where they fit.

    The predictor's kept stages, where it has some, are run when a file is read; so do not train those meanwhile.
    """

    def __init__(self, pairs: list[Path], space: Coder, predictor: MaskPredictor):
        self.pairs, self.targets = pairs, [target_path(pair, space) for pair in pairs]
        self.predictor, self.precision = predictor, space.precision
        self._recent: OrderedDict[int, Batch] = OrderedDict()

    def batch(self, size: int, step: int, seed: int = 0) -> Batch:
        """Draw the windows of a step."""
        rng = random.Random(f"{seed} {step}")
        drawn = []
        for _ in range(size):
            below, wanted = self.file(rng.randrange(len(self.pairs)))
            window = rng.randrange(len(wanted))
            drawn.append((below[:, window], wanted[window]))
        return torch.stack([below for below, _ in drawn], 1).flatten(0, 1), torch.stack([wanted for _, wanted in drawn]).float()

    def file(self, index: int) -> Batch:
        """Return ``below [1 or 2, K, ...]`` and ``wanted [K, ...]`` of one stored file."""
        if index not in self._recent:
            self._recent[index] = self._read(index)
            while len(self._recent) * sum(part.nbytes for part in self._recent[index]) > MEMORY and len(self._recent) > 1:
                self._recent.popitem(last=False)
        return self._recent[index]

    def _read(self, index: int) -> Batch:
        arrays, wanted = load(self.pairs[index]), torch.from_numpy(np.load(self.targets[index]))
        visible, warp = torch.from_numpy(arrays["visible"]), torch.from_numpy(arrays["warp"]).float() / 255
        shown = encoder_input(self.predictor.spec, visible, warp)
        if self.predictor.kept:
            place = next(self.predictor.parameters()).device
            with autocast(place, self.precision):
                shown = self.predictor.lower(shown.to(place)).to(self.precision).cpu()
        return shown.unflatten(0, (-1, len(wanted))), wanted
