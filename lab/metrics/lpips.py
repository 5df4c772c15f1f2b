"""LPIPS's weights out of a package: arrays in a pickle, read with an unpickler that knows numpy arrays and nothing else.

``load_lpips()`` gives the differentiable module of ``inversecrafter_core.evaluation``, or None when the asset cannot be had.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import torch

from inversecrafter_core.evaluation import Lpips
from lab.data.assets import asset

__all__ = ["ASSET_NAMES", "Lpips", "load_lpips", "read_pickle"]

ASSET_NAMES = {"alexnet": "lpips_alexnet", "vgg16": "lpips_vgg16"}
BACKBONES = {"alexnet": "AlexNet_0", "vgg16": "VGG16_0"}
ARRAYS = {("numpy.core.multiarray", "_reconstruct"), ("numpy", "ndarray"), ("numpy", "dtype")}


class _OnlyArrays(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in ARRAYS:
            raise pickle.UnpicklingError(f"{module}.{name} has no place in a file of arrays")
        return super().find_class(module.replace("numpy.core", "numpy._core"), name)


def read_pickle(path: Path, network: str) -> dict[str, torch.Tensor]:
    """Return the weights of a network of :data:`BACKBONES` by the names that :class:`Lpips` takes.

    Raises:
        pickle.UnpicklingError: the file holds anything but arrays.
    """
    with path.open("rb") as file:
        arrays = _OnlyArrays(file).load()
    tensors = {}
    for index in range(len(arrays[BACKBONES[network]])):
        convolution = arrays[BACKBONES[network]][f"Conv_{index}"]
        tensors[f"kernel{index}"] = _channels_first(convolution["kernel"])
        tensors[f"bias{index}"] = torch.from_numpy(convolution["bias"])
    for index in range(len(arrays) - 1):
        tensors[f"head{index}"] = _channels_first(arrays[f"NetLinLayer_{index}"]["Conv_0"]["kernel"])
    return tensors


def _channels_first(kernel: Any) -> torch.Tensor:
    """Turn ``[rows, columns, in, out]`` of numpy into ``[out, in, rows, columns]``."""
    return torch.from_numpy(kernel).permute(3, 2, 0, 1).contiguous()


def load_lpips(network: str = "alexnet") -> Lpips | None:
    """The metric, or None without its asset (``lab.data.assets.why_missing`` of its name in :data:`ASSET_NAMES` says why)."""
    path = asset(ASSET_NAMES[network])
    return None if path is None else Lpips(network, read_pickle(path, network)).train(False).requires_grad_(False)
