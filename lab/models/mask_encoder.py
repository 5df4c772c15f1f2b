"""The mask encoder as a module: the host's ``Encoder3d``, how it is initialised, and the loss.

What it is shown and what is made of its answer is the node's own, ``encoder_input`` and ``head_to_mask``. The loss is the
paper's, ``L1 + lambda (1 - SSIM)``. The lowest stages may stay as they were initialised: then they are run once a window and
training goes on above them, at a fifth of the cost a step for two stages.
"""

from __future__ import annotations

import copy
import math
from pathlib import Path

import torch
import torch.nn.functional as F

from inversecrafter_core.masks import LAYERS, MaskEncoderSpec, causal_chunks, encoder_input, head_to_mask, read_mask_encoder
from lab.host.modules.wan import Encoder3d, WanVAE

from .coder import Coder
from .folded import folded
from .shipped import MASK_ENCODER_FILE

SSIM_WINDOW = 3
"""Latent cells: a training window of 64 pixels is only eight across."""
SSIM_WEIGHT = 0.1
"""lambda; the paper does not give it."""
WIDTH = 16
"""Base width of the encoder."""
TYPICAL_MEAN = 0.9
"""Mean of ``h_gt`` over windows of the world: what an untrained sigmoid head answers."""
STAGE_ENDS = (0, 3, 6, 9)
"""Layers of ``Encoder3d.downsamples`` below each stage: two residual blocks and a halving each."""
GROUPS = (4, 4, 2, 1)
"""Frames of a causal group above that many stages."""


class _Through(torch.nn.Module):
    def forward(self, x: torch.Tensor, *_: object) -> torch.Tensor:
        return x


class MaskPredictor(torch.nn.Module):
    """A mask encoder with its contract; ``encoder`` is what goes into the file.

    ``lower(shown)`` runs the ``kept`` lowest stages, ``forward`` the rest: of ``encoder_input``, where none is kept.
    """

    def __init__(self, spec: MaskEncoderSpec, kept: int = 0):
        super().__init__()
        self.spec, self.kept = spec, kept
        self.encoder = Encoder3d(dim=spec.width, z_dim=spec.head_channels, dropout=0.0, **LAYERS)
        # In a tuple, so that their layers are not registered a second time.
        self._parts = self._split(STAGE_ENDS[kept]) if kept else (None, self.encoder)
        if self._parts[0] is not None:
            self._parts[0].requires_grad_(False)

    def _split(self, end: int) -> tuple[torch.nn.Module, torch.nn.Module]:
        lower, upper = copy.copy(self.encoder), copy.copy(self.encoder)
        lower._modules, upper._modules = dict(self.encoder._modules), dict(self.encoder._modules)
        lower.downsamples, upper.downsamples = self.encoder.downsamples[:end], self.encoder.downsamples[end:]
        lower.middle, lower.head, upper.conv1 = torch.nn.Sequential(), torch.nn.Sequential(), _Through()
        return lower, upper

    @torch.no_grad()
    def lower(self, shown: torch.Tensor) -> torch.Tensor:
        """Return what the trained stages are given for an ``encoder_input``."""
        if self._parts[0] is None:
            return shown
        with folded(self._parts[0]):
            return causal_chunks(self._parts[0], shown)

    def forward(self, below: torch.Tensor) -> torch.Tensor:
        """Return ``h [B, C, T', H', W']`` in 0...1 of what :meth:`lower` gave."""
        with folded(self._parts[1]):
            return head_to_mask(self.spec, causal_chunks(self._parts[1], below, group=GROUPS[self.kept]))

    def mask(self, visible: torch.Tensor, warp: torch.Tensor) -> torch.Tensor:
        """Return ``h`` of ``visible [B, F, H, W]`` and ``warp [B, F, H, W, 3]``, as the node computes it."""
        return self(self.lower(encoder_input(self.spec, visible, warp)))


def load_predictor(path: Path) -> MaskPredictor:
    """Load a mask encoder file, ready to answer in float32."""
    spec, state = read_mask_encoder(path)
    predictor = MaskPredictor(spec)
    predictor.encoder.load_state_dict({key: value.float() for key, value in state.items()})
    return predictor.eval().requires_grad_(False)


@torch.no_grad()
def initialise(predictor: MaskPredictor, space: Coder, mean: float) -> str:
    """Initialise; returns in words where the weights come from.

    The layers start as those of the target VAE's own encoder if it has that width, else as those of the embedded mask encoder.
    The head is small, with a bias that answers ``mean`` everywhere.
    """
    own = space.model if isinstance(space.model, WanVAE) else None
    same = own is not None and own.encoder.conv1.weight.shape[0] == predictor.spec.width
    state = own.encoder.state_dict() if own is not None and same else _embedded(predictor.spec.width)
    layers = predictor.encoder.state_dict()
    if state is None:
        for value in predictor.encoder.parameters():
            if value.ndim > 2:
                torch.nn.init.kaiming_normal_(value, nonlinearity="linear")
        origin = "random weights"
    else:
        layers.update({key: value for key, value in state.items() if not key.startswith("head.2")})
        origin = f"the encoder of {space.name}" if same else MASK_ENCODER_FILE.name
    head = torch.randn_like(layers["head.2.weight"]) * 0.03 / layers["head.2.weight"][0].numel() ** 0.5
    bias = torch.full_like(layers["head.2.bias"], math.log(mean / (1 - mean)))
    layers["head.2.weight"], layers["head.2.bias"] = head, bias
    predictor.encoder.load_state_dict(layers)
    return origin


def _embedded(width: int) -> dict[str, torch.Tensor] | None:
    if not MASK_ENCODER_FILE.exists():
        return None
    spec, state = read_mask_encoder(MASK_ENCODER_FILE)
    return {key: value.float() for key, value in state.items()} if spec.width == width else None


def ssim(one: torch.Tensor, two: torch.Tensor) -> torch.Tensor:
    """Mean structural similarity of latent masks ``[B, C, T', H', W']`` in 0...1: per channel and latent frame, box windows of
    :data:`SSIM_WINDOW` cells (Wang et al. 2004, with their constants).
    """
    a, b = (h.float().movedim(2, 1).flatten(0, 1) for h in (one, two))
    mean_a, mean_b, aa, bb, ab = F.avg_pool2d(torch.stack([a, b, a * a, b * b, a * b]).flatten(0, 1), SSIM_WINDOW, 1).chunk(5)
    spread = (aa - mean_a**2) + (bb - mean_b**2)
    alike = (2 * mean_a * mean_b + 0.01**2) / (mean_a**2 + mean_b**2 + 0.01**2)
    return (alike * (2 * (ab - mean_a * mean_b) + 0.03**2) / (spread + 0.03**2)).mean()


def loss_of(h: torch.Tensor, wanted: torch.Tensor) -> torch.Tensor:
    """Return ``L1 + lambda (1 - SSIM)``."""
    return (h - wanted).abs().mean() + SSIM_WEIGHT * (1 - ssim(h, wanted))
