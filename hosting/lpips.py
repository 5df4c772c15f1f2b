"""LPIPS v0.1 (Zhang et al. 2018, "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric"), AlexNet.

The weights are an asset (never committed): arrays in a pickle, read with an unpickler that knows numpy arrays and nothing
else. ``load_lpips()`` gives a differentiable module, or None when the asset cannot be had.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F

from .assets import asset

SHIFT, SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)
STRIDES, PADDINGS, POOLED = (4, 1, 1, 1, 1), (2, 2, 1, 1, 1), (False, True, True, False, False)
ARRAYS = {("numpy.core.multiarray", "_reconstruct"), ("numpy", "ndarray"), ("numpy", "dtype")}


class _OnlyArrays(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in ARRAYS:
            raise pickle.UnpicklingError(f"{module}.{name} has no place in a file of arrays")
        return super().find_class(module.replace("numpy.core", "numpy._core"), name)


class Lpips(torch.nn.Module):
    """Perceptual distance of pictures: 0 = the same. ``path``: a pickle of AlexNet's convolutions and LPIPS's five heads."""

    shift: torch.Tensor
    scale: torch.Tensor

    def __init__(self, path: Path):
        super().__init__()
        with path.open("rb") as file:
            arrays = _OnlyArrays(file).load()
        for index in range(5):
            convolution, head = arrays["AlexNet_0"][f"Conv_{index}"], arrays[f"NetLinLayer_{index}"]["Conv_0"]
            self.register_buffer(f"kernel{index}", torch.from_numpy(convolution["kernel"]).permute(3, 2, 0, 1).contiguous())
            self.register_buffer(f"bias{index}", torch.from_numpy(convolution["bias"]))
            self.register_buffer(f"head{index}", torch.from_numpy(head["kernel"]).permute(3, 2, 0, 1).contiguous())
        self.register_buffer("shift", torch.tensor(SHIFT).view(3, 1, 1))
        self.register_buffer("scale", torch.tensor(SCALE).view(3, 1, 1))

    def _features(self, pictures: torch.Tensor) -> list[torch.Tensor]:
        x, found = (pictures * 2 - 1 - self.shift) / self.scale, []
        for index in range(5):
            if POOLED[index]:
                x = F.max_pool2d(x, 3, 2)
            kernel, bias = getattr(self, f"kernel{index}"), getattr(self, f"bias{index}")
            x = F.conv2d(x, kernel, bias, STRIDES[index], PADDINGS[index]).relu()
            found.append(x)
        return found

    def _distances(self, one: torch.Tensor, two: torch.Tensor) -> list[torch.Tensor]:
        """Weighted squared differences of unit features, ``[N, 1, h, w]`` of every layer."""
        layers = []
        for index, pair in enumerate(zip(self._features(one), self._features(two), strict=True)):
            left, right = (x / (x.square().sum(1, keepdim=True).sqrt() + 1e-10) for x in pair)
            layers.append(F.conv2d((left - right).square(), getattr(self, f"head{index}")))
        return layers

    def forward(self, one: torch.Tensor, two: torch.Tensor) -> torch.Tensor:
        """``[N, 3, H, W]`` twice in 0...1, sides of at least 64 -> distances ``[N]``."""
        return torch.stack([layer.mean((1, 2, 3)) for layer in self._distances(one, two)]).sum(0)

    def maps(self, one: torch.Tensor, two: torch.Tensor) -> torch.Tensor:
        """As :meth:`forward` before averaging: ``[N, H, W]`` at the pictures' size, to be read inside a mask."""
        size = one.shape[-2:]
        layers = [F.interpolate(layer, size=size, mode="bilinear") for layer in self._distances(one, two)]
        return torch.stack(layers).sum(0)[:, 0]


def load_lpips() -> Lpips | None:
    """The metric, or None without its asset (``hosting.assets.why_missing("lpips_alexnet")`` says why)."""
    path = asset("lpips_alexnet")
    return None if path is None else Lpips(path).eval().requires_grad_(False)
