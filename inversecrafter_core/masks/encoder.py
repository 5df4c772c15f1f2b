"""The mask encoder's contract (InverseCrafter's P_phi): its file, its input, its output. The layers are the host's.

It is the *encoder half* of a Wan 2.1 VAE at any base width: ``3`` channels in, causal, 1/8 in space, frame groups 1, 4, 4,
... in time. Its head has ``2C`` channels (the first ``C`` are used, as in the VAE) or ``C``. What it is shown and what is made
of its output ``p`` is its ``reads``:

=======  ============================================================================  ==================================
reads    shown, in -1...1                                                              ``h`` in 0...1
=======  ============================================================================  ==================================
mask     the pixel mask three times, 1 = known                                         ``sigmoid(p)``
warp     the infilled warp ``y``                                                       ``sigmoid(p)``
marked   ``y``, in the holes ``y - 2``: below everything known, so it tells both        ``sigmoid(p)``
=======  ============================================================================  ==================================

The first two are the paper's.

The file is safetensors: the encoder's state dict under its own names (``conv1.weight``, ``downsamples.0...``,
``head.2.weight``), and metadata ``format = "inversecrafter.mask_encoder"``, ``version = "1"``, ``reads``, ``latent_channels =
"16"``, and ``spatial = "8"`` (default) or ``"16"``: pixels along a latent cell; for 16 (Wan 2.2 5B) ``p`` is averaged 2x2.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from safetensors.torch import save_file

from ..errors import InputError
from ..files import read_marked
from .causal import GROUP

FORMAT = "inversecrafter.mask_encoder"
VERSION = "1"
READS = ("mask", "warp", "marked")
BELOW = 2.0
"""Distance by which a marked hole is pushed below -1...1: its own full range."""
STRIDE = 8
"""Pixels along one side of a cell of the encoder's own output."""
LAYERS: dict[str, Any] = {
    "dim_mult": [1, 2, 4, 4],
    "num_res_blocks": 2,
    "attn_scales": [],
    "temperal_downsample": [False, True, True],
}
"""Arguments of the host's ``Encoder3d``, besides its width and head."""
NAME = "mask encoder file"
EXPECTED = f"Expected the encoder half of a Wan VAE as safetensors with the metadata format={FORMAT}."


@dataclass(frozen=True)
class MaskEncoderSpec:
    """The specification in a mask encoder file: base width, head channels, latent channels ``C``, what it reads, and the
    pixels along one side of a latent cell.
    """

    width: int
    head_channels: int
    latent_channels: int
    reads: str = "mask"
    spatial: int = STRIDE


def read_mask_encoder(path: str | Path) -> tuple[MaskEncoderSpec, dict[str, torch.Tensor]]:
    """Read a file to its spec and its state dict, on the CPU.

    Raises:
        InputError: the file is missing, corrupt, or something else; the message says what it is and what was expected.
    """
    path = Path(path)
    state, metadata = read_marked(path, NAME, FORMAT, VERSION, EXPECTED)
    return _spec(path.name, state, metadata), state


def save_mask_encoder(
    path: str | Path, state: dict[str, torch.Tensor], latent_channels: int, reads: str = "mask", **notes: str
) -> None:
    """Write a state dict of the host's ``Encoder3d`` with the metadata above; ``notes`` are further metadata strings."""
    metadata = {"format": FORMAT, "version": VERSION, "reads": reads, "latent_channels": str(latent_channels), **notes}
    _spec(Path(path).name, state, metadata)
    save_file({key: value.contiguous() for key, value in state.items()}, str(path), metadata)


def _spec(name: str, state: dict[str, torch.Tensor], metadata: dict[str, str]) -> MaskEncoderSpec:
    if metadata.get("reads") not in READS:
        raise InputError(NAME, f"{name} reads '{metadata.get('reads')}'", f"It must be one of: {', '.join(READS)}.")
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
        raise InputError(NAME, f"{name} is for latent cells of {spatial} pixels", f"This pack knows {STRIDE} and {2 * STRIDE}.")
    return MaskEncoderSpec(stem.shape[0], channels, int(declared), metadata["reads"], int(spatial))


def encoder_input(spec: MaskEncoderSpec, visible: torch.Tensor, warp: torch.Tensor) -> torch.Tensor:
    """Return the encoder's input ``[B, 3, F, H, W]``, in -1...1.

    Args:
        spec: of the encoder.
        visible: ``[(B,) F, H, W]``, 1 = known.
        warp: ``[(B,) F, H, W, 3]`` in 0...1, the infilled warp.
    """
    visible, warp = visible.float().reshape(-1, *visible.shape[-3:]), warp.float().reshape(-1, *warp.shape[-4:])
    if spec.reads == "mask":
        shown = visible.unsqueeze(-1).expand_as(warp) * 2 - 1
    elif spec.reads == "marked":
        shown = warp * 2 - 1 - BELOW * (1 - visible.unsqueeze(-1))
    else:
        shown = warp * 2 - 1
    return shown.movedim(-1, 1)


def head_to_mask(spec: MaskEncoderSpec, head: torch.Tensor) -> torch.Tensor:
    """The head's output, ``C`` or ``2C`` channels at 1/8, to ``h [B, C, T', H/spatial, W/spatial]``, float32 in 0...1."""
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
    """Run a Wan encoder over ``[B, 3, 4k+1, H, W]`` group by group with its feature cache, as the VAE itself does.

    An encoder that takes ``final`` (newer hosts) may hold a lone frame back for the next group, returns None then, and must
    know the last one; it keeps a group's own last frames only, so that a group has two at least.

    ``group`` is smaller for the upper layers alone: 2 above the first temporal halving.
    """
    holds_back = "final" in inspect.signature(encoder.forward).parameters
    # One entry for each convolution and, on newer hosts, one more for each temporal halving: never more than modules.
    cache: list[Any] = [None for _ in encoder.modules()]
    groups = [clips[:, :, :1]]
    if clips.shape[2] > 1:
        groups += clips[:, :, 1:].split(max(group, 2) if holds_back else group, dim=2)
    out = []
    for index, frames in enumerate(groups, start=1):
        last = {"final": index == len(groups)} if holds_back else {}
        latents = encoder(frames, feat_cache=cache, feat_idx=[0], **last)
        if latents is not None:
            out.append(latents)
        if progress is not None:
            progress(index, len(groups))
    return torch.cat(out, 2)
