"""LPIPS v0.1 (Zhang et al. 2018, "The Unreasonable Effectiveness of Deep Features as a Perceptual Metric").

The features of every tapped layer are normalised to length 1 at each place; their squared differences are weighted per channel
by a learned head, averaged over the picture and summed. The networks are AlexNet and VGG16. Their weights are tensors named
``kernel<i>``, ``bias<i>`` (convolutions in order) and ``head<i>`` (one a tapped layer); this library ships none.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import torch
import torch.nn.functional as F

from ..errors import InputError
from ..files import read_marked

FORMAT, VERSION = "inversecrafter.lpips", "1"
HOW_TO_MAKE = "Make one in a clone of the pack's repository: `python -m lab.metrics.files FOLDER`."
SHIFT, SCALE = (-0.030, -0.088, -0.188), (0.458, 0.448, 0.450)


class Convolution(NamedTuple):
    """One layer: max-pooling of ``pool = (side, stride)``, then convolution and ReLU; ``tapped``: its features are compared."""

    stride: int = 1
    padding: int = 1
    pool: tuple[int, int] | None = None
    tapped: bool = False


def _vgg16() -> tuple[Convolution, ...]:
    layers = []
    for block, count in enumerate((2, 2, 3, 3, 3)):
        for place in range(count):
            layers.append(Convolution(pool=(2, 2) if block and not place else None, tapped=place == count - 1))
    return tuple(layers)


NETWORKS = {
    "alexnet": (
        Convolution(4, 2, tapped=True),
        Convolution(1, 2, (3, 2), tapped=True),
        Convolution(pool=(3, 2), tapped=True),
        Convolution(tapped=True),
        Convolution(tapped=True),
    ),
    "vgg16": _vgg16(),
}


class Lpips(torch.nn.Module):
    """Perceptual distance of pictures: 0 = the same.

    Args:
        network: one of :data:`NETWORKS`; the paper's Table 1 is measured with VGG.
        tensors: the weights by name, as in the module's docstring.
    """

    shift: torch.Tensor
    scale: torch.Tensor

    def __init__(self, network: str, tensors: Mapping[str, torch.Tensor]):
        super().__init__()
        self.layers = NETWORKS[network]
        for name in weight_names(network):
            self.register_buffer(name, tensors[name].float().contiguous())
        self.register_buffer("shift", torch.tensor(SHIFT).view(3, 1, 1))
        self.register_buffer("scale", torch.tensor(SCALE).view(3, 1, 1))

    def _features(self, pictures: torch.Tensor) -> list[torch.Tensor]:
        x, found = (pictures * 2 - 1 - self.shift) / self.scale, []
        for index, layer in enumerate(self.layers):
            if layer.pool:
                x = F.max_pool2d(x, *layer.pool)
            kernel, bias = getattr(self, f"kernel{index}"), getattr(self, f"bias{index}")
            x = F.conv2d(x, kernel, bias, layer.stride, layer.padding).relu()
            if layer.tapped:
                found.append(x)
        return found

    def content(self, pictures: torch.Tensor) -> torch.Tensor:
        """Return the last layer's features ``[N, C]``, averaged over each picture of ``[N, 3, H, W]`` in 0...1."""
        return self._features(pictures)[-1].mean((2, 3))

    def _distances(self, one: torch.Tensor, two: torch.Tensor) -> list[torch.Tensor]:
        """Return the weighted squared differences of unit features, ``[N, 1, h, w]`` for every layer."""
        layers = []
        for index, pair in enumerate(zip(self._features(one), self._features(two), strict=True)):
            left, right = (x / (x.square().sum(1, keepdim=True).sqrt() + 1e-10) for x in pair)
            layers.append(F.conv2d((left - right).square(), getattr(self, f"head{index}")))
        return layers

    def forward(self, one: torch.Tensor, two: torch.Tensor) -> torch.Tensor:
        """Return the distances ``[N]`` of two batches ``[N, 3, H, W]`` in 0...1 with sides of at least 64 pixels."""
        return torch.stack([layer.mean((1, 2, 3)) for layer in self._distances(one, two)]).sum(0)

    def maps(self, one: torch.Tensor, two: torch.Tensor) -> torch.Tensor:
        """Return the distances at every pixel, ``[N, H, W]``: those of :meth:`forward` before averaging."""
        size = one.shape[-2:]
        layers = [F.interpolate(layer, size=size, mode="bilinear") for layer in self._distances(one, two)]
        return torch.stack(layers).sum(0)[:, 0]


def weight_names(network: str) -> list[str]:
    """Return the names of a network's tensors."""
    count, heads = len(NETWORKS[network]), sum(layer.tapped for layer in NETWORKS[network])
    return [f"{kind}{index}" for kind in ("kernel", "bias") for index in range(count)] + [f"head{i}" for i in range(heads)]


def read_lpips(path: Path) -> Lpips:
    """Return the metric in a safetensors file of format ``inversecrafter.lpips``, whose metadata name its network.

    Raises:
        InputError: the file is missing, damaged or of another format.
    """
    tensors, metadata = read_marked(path, "LPIPS file", FORMAT, VERSION, HOW_TO_MAKE)
    network = metadata.get("network", "none")
    missing = [name for name in weight_names(network) if name not in tensors] if network in NETWORKS else ["a known network"]
    if missing:
        raise InputError("LPIPS file", f"{path.name} of network '{network}' lacks {missing[0]}", "Make it anew.")
    return Lpips(network, tensors).train(False).requires_grad_(False)
