"""The mask encoder's contract (InverseCrafter's P_phi): its file, its input, its output. The layers are the host's.

It is the *encoder half* of a Wan 2.1 VAE at any base width: ``3`` channels in, causal, 1/8 in space, frame groups 1, 4, 4,
... in time. Its head has ``2C`` channels (the first ``C`` are used, as in the VAE) or ``C``. The file's ``reads`` names its
input; the mask follows from its output ``p``:

=======  ============================================================================  ==================================
reads    input, in -1...1                                                              ``h`` in 0...1
=======  ============================================================================  ==================================
mask     the pixel mask three times, 1 = known                                         ``sigmoid(p)``
warp     the infilled warp ``y``                                                       ``sigmoid(p)``
marked   ``y``, in the holes ``y - 2``: mask and infill at once                         ``sigmoid(p)``
=======  ============================================================================  ==================================

The paper names the first two.

The file is safetensors: the encoder's state dict under its own names (``conv1.weight``, ``downsamples.0...``,
``head.2.weight``), and metadata ``format = "inversecrafter.mask_encoder"``, ``version = "1"``, ``reads``, ``latent_channels =
"16"``, and ``spatial = "8"`` (default) or ``"16"``: pixels along a latent cell; for 16 (Wan 2.2 5B) ``p`` is averaged 2x2.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

from ..errors import InputError, require_choice
from ..files import read_marked
from ..latent_grid import LatentGrid

FORMAT = "inversecrafter.mask_encoder"
VERSION = "1"

BELOW = 2.0
"""Distance by which marked holes are moved below -1...1, the width of that range."""
LAYERS: dict[str, Any] = {
    "dim_mult": [1, 2, 4, 4],
    "num_res_blocks": 2,
    "attn_scales": [],
    "temperal_downsample": [False, True, True],
}
"""Arguments of the host's ``Encoder3d``, besides its width and head."""
STRIDE = 2 ** (len(LAYERS["dim_mult"]) - 1)
"""Pixels along one side of a cell of the encoder's own output."""
GROUP = 2 ** sum(LAYERS["temperal_downsample"])
"""Frames of a latent frame after the first."""
NAME = "mask encoder file"
EXPECTED = f"Expected the encoder half of a Wan VAE as safetensors with the metadata format={FORMAT}."


class EncoderInput(StrEnum):
    """Input of a mask encoder; see the table above."""

    MASK = "mask"
    WARP = "warp"
    MARKED = "marked"


@dataclass(frozen=True)
class MaskEncoderSpec:
    """Specification of a mask encoder.

    Attributes:
        width: base width of the network, in channels.
        head_channels: channels of its output, ``C`` or ``2C``.
        latent_channels: ``C``, channels of the latents that it masks.
        reads: its input.
        spatial: pixels along one side of a latent cell.

    Raises:
        InputError: an unknown input.
    """

    width: int
    head_channels: int
    latent_channels: int
    reads: EncoderInput = EncoderInput.MASK
    spatial: int = STRIDE

    def __post_init__(self) -> None:
        require_choice("reads", self.reads, EncoderInput)

    def fits(self, grid: LatentGrid) -> bool:
        """Return whether its masks have the shape of latents on ``grid``."""
        return (self.latent_channels, self.spatial, (1,), (GROUP,)) == (grid.channels, grid.cell, grid.lead, grid.cycle)


def read_mask_encoder(path: str | Path) -> tuple[MaskEncoderSpec, dict[str, torch.Tensor]]:
    """Return the specification and the state dict in a file, on the CPU.

    Raises:
        InputError: the file is missing, corrupt, or no mask encoder; the message names what was found and what was expected.
    """
    path = Path(path)
    state, metadata = read_marked(path, NAME, FORMAT, VERSION, EXPECTED)
    return _spec(path.name, state, metadata), state


def save_mask_encoder(
    path: str | Path, state: dict[str, torch.Tensor], latent_channels: int, reads: str = "mask", **notes: str
) -> None:
    """Write a state dict of the host's ``Encoder3d`` with the metadata above; ``notes`` are more metadata strings."""
    metadata = {"format": FORMAT, "version": VERSION, "reads": reads, "latent_channels": str(latent_channels), **notes}
    _spec(Path(path).name, state, metadata)
    save_file({key: value.contiguous() for key, value in state.items()}, str(path), metadata)


def _spec(name: str, state: dict[str, torch.Tensor], metadata: dict[str, str]) -> MaskEncoderSpec:
    reads = metadata.get("reads", "")
    if reads not in [*EncoderInput]:
        raise InputError(NAME, f"{name} reads '{reads}'", f"It must be one of: {', '.join(EncoderInput)}.")
    stem, head = state.get("conv1.weight"), state.get("head.2.weight")
    if stem is None or head is None or stem.ndim != 5 or stem.shape[1] != 3 or head.ndim != 5:
        raise InputError(NAME, f"{name} lacks conv1.weight [w, 3, ...] or head.2.weight [c, ...]", EXPECTED)
    channels, declared = head.shape[0], metadata.get("latent_channels", "")
    if not declared.isdigit() or channels not in (int(declared), 2 * int(declared)):
        raise InputError(
            NAME,
            f"{name} has {channels} head channels for latent_channels={declared or 'none'}",
            "The head must have C or 2C channels.",
        )
    spatial = metadata.get("spatial", str(STRIDE))
    if spatial not in (str(STRIDE), str(2 * STRIDE)):
        raise InputError(
            NAME, f"{name} is for latent cells of {spatial} pixels", f"Use one for cells of {STRIDE} or {2 * STRIDE} pixels."
        )
    return MaskEncoderSpec(stem.shape[0], channels, int(declared), EncoderInput(reads), int(spatial))


def encoder_input(spec: MaskEncoderSpec, visible: torch.Tensor, warp: torch.Tensor) -> torch.Tensor:
    """Return the encoder's input ``[B, 3, F, H, W]``, in -1...1.

    Args:
        spec: specification of the encoder; ``reads`` chooses the input.
        visible: ``[(B,) F, H, W]``, 1 = known.
        warp: ``[(B,) F, H, W, 3]`` in 0...1, the infilled warp.
    """
    visible, warp = visible.float().reshape(-1, *visible.shape[-3:]), warp.float().reshape(-1, *warp.shape[-4:])
    if spec.reads == EncoderInput.MASK:
        stacked = visible.unsqueeze(-1).expand_as(warp) * 2 - 1
    elif spec.reads == EncoderInput.MARKED:
        stacked = warp * 2 - 1 - BELOW * (1 - visible.unsqueeze(-1))
    else:
        stacked = warp * 2 - 1
    return stacked.movedim(-1, 1)


def head_to_mask(spec: MaskEncoderSpec, head: torch.Tensor) -> torch.Tensor:
    """Return ``h [B, C, T', H/spatial, W/spatial]``, float32 in 0...1, of the head's ``C`` or ``2C`` channels at 1/8."""
    head = head.float()
    if spec.spatial != STRIDE:
        head = F.avg_pool3d(head, (1, spec.spatial // STRIDE, spec.spatial // STRIDE))
    return torch.sigmoid(head[:, : spec.latent_channels])


def causal_chunks(
    encoder: torch.nn.Module,
    clips: torch.Tensor,
    progress: Callable[[int, int], None] | None = None,
    group: int = GROUP,
) -> torch.Tensor:
    """Return a Wan encoder's output for ``[B, 3, 4k+1, H, W]``, run group by group with its feature cache, as the VAE does.

    Newer hosts pass ``final`` with the last group. Their encoder may defer a single frame to the next group, and returns None
    for it; its cache reads the last two frames of a group, so a group has at least two.

    Args:
        encoder: a host's ``Encoder3d``, or its upper layers.
        clips: ``[B, 3, 4k+1, H, W]`` in -1...1.
        progress: called with the groups done and their number.
        group: frames in a group; 2 for layers above the first temporal halving alone.
    """
    defers = "final" in inspect.signature(encoder.forward).parameters
    # One entry for each convolution and, on newer hosts, one for each temporal halving: never more than there are modules.
    cache: list[Any] = [None for _ in encoder.modules()]
    groups = [clips[:, :, :1]]
    if clips.shape[2] > 1:
        groups += clips[:, :, 1:].split(max(group, 2) if defers else group, dim=2)
    out = []
    for index, frames in enumerate(groups, start=1):
        last = {"final": index == len(groups)} if defers else {}
        latents = encoder(frames, feat_cache=cache, feat_idx=[0], **last)
        if latents is not None:
            out.append(latents)
        if progress is not None:
            progress(index, len(groups))
    return torch.cat(out, 2)
