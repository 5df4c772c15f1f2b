"""Batches for the mask encoder: stored windows with their targets, drawn by the step's number alone.

A run that resumes at step N draws what an uninterrupted one would have drawn there; each rank of a distributed run draws its
own.
"""

from __future__ import annotations

import random
from collections import OrderedDict
from pathlib import Path
from statistics import mean

import numpy as np
import torch
from torch.utils.data import Dataset

from inversecrafter_core.masks import encoder_input
from lab.models.latent_space import LatentSpace, autocast
from lab.models.mask_encoder import MaskPredictor, ssim

from .pairs import load
from .targets import target_path

Batch = tuple[torch.Tensor, torch.Tensor]
"""What ``MaskPredictor.forward`` takes, and ``h_gt [B, C, T', h', w']``."""
MEMORY = 2_000_000_000
"""Bytes of windows that are kept in memory."""


class MaskWindows(Dataset):
    """Item ``n`` is the whole batch of step ``n``, on the CPU.

    The predictor's kept stages, where it has some, are run when a file is read; so do not train those meanwhile.
    """

    def __init__(self, pairs: list[Path], space: LatentSpace, predictor: MaskPredictor, batch: int, seed: str = "0"):
        self.pairs, self.targets = pairs, [target_path(pair, space) for pair in pairs]
        self.predictor, self.precision, self.batch, self.seed = predictor, space.precision, batch, seed
        self._held: OrderedDict[int, Batch] = OrderedDict()

    def __len__(self) -> int:
        return 1 << 40

    def __getitem__(self, step: int) -> Batch:
        rng = random.Random(f"{self.seed} {step}")
        drawn = []
        for _ in range(self.batch):
            below, wanted = self.file(rng.randrange(len(self.pairs)))
            window = rng.randrange(len(wanted))
            drawn.append((below[:, window], wanted[window]))
        return torch.stack([below for below, _ in drawn], 1).flatten(0, 1), torch.stack([wanted for _, wanted in drawn]).float()

    def file(self, index: int) -> Batch:
        """``below [1 or 2, K, ...]`` and ``wanted [K, ...]`` of one stored file."""
        if index not in self._held:
            self._held[index] = self._read(index)
            while len(self._held) * sum(part.nbytes for part in self._held[index]) > MEMORY and len(self._held) > 1:
                self._held.popitem(last=False)
        return self._held[index]

    def _read(self, index: int) -> Batch:
        arrays, wanted = load(self.pairs[index]), torch.from_numpy(np.load(self.targets[index]))
        visible, warp = torch.from_numpy(arrays["visible"]), torch.from_numpy(arrays["warp"]).float() / 255
        shown = encoder_input(self.predictor.spec, visible, warp)
        if self.predictor.kept:
            place = next(self.predictor.parameters()).device
            with autocast(place, self.precision):
                shown = self.predictor.lower(shown.to(place)).to(self.precision).cpu()
        return shown.unflatten(0, (-1, len(wanted))), wanted


def score(predictor: MaskPredictor, windows: MaskWindows) -> tuple[float, float]:
    """Mean L1 and SSIM of all stored windows, in the precision that the caller set."""
    place = next(predictor.parameters()).device
    errors, likenesses = [], []
    with torch.no_grad():
        for index in range(len(windows.pairs)):
            below, wanted = windows.file(index)
            h, truth = predictor(below.flatten(0, 1).to(place)), wanted.float().to(place)
            errors.append(float((h - truth).abs().mean()))
            likenesses.append(float(ssim(h, truth)))
    return mean(errors), mean(likenesses)
