"""The mask encoder's contract (InverseCrafter's P_phi): its file, its input, its output. The layers are the host's.

It is the *encoder half* of a Wan 2.1 VAE at any base width: ``3`` channels in, causal, 1/8 in space, frame groups 1, 4, 4,
... in time. Its head has ``2C`` channels (the first ``C`` are used, as in the VAE) or ``C``, and a sigmoid makes them
``h`` in 0...1.

The file is safetensors: the encoder's state dict under its own names (``conv1.weight``, ``downsamples.0...``,
``head.2.weight``), and metadata ``format = "inversecrafter.mask_encoder"``, ``version = "1"``, ``reads = "mask" |
"warp"``, ``latent_channels = "16"``.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from ..errors import InputError

FORMAT = "inversecrafter.mask_encoder"
VERSION = "1"
READS = ("mask", "warp")
NAME = "mask encoder file"
EXPECTED = f"Expected the encoder half of a Wan VAE as safetensors with the metadata format={FORMAT}."

FOREIGN = {
    "decoder.": "a whole VAE",
    "patch_embedding.": "a Wan diffusion model",
    "blocks.": "a transformer model",
    "model.diffusion_model.": "a diffusion checkpoint",
    "lora_": "a LoRA",
}
"""How the tensors of files that are often picked by mistake begin."""


@dataclass(frozen=True)
class MaskEncoderSpec:
    """What a mask encoder file says about itself: base width, head channels, latent channels ``C``, and what it reads."""

    width: int
    head_channels: int
    latent_channels: int
    reads: str = "mask"


def read_mask_encoder(path: str | Path) -> tuple[MaskEncoderSpec, dict[str, torch.Tensor]]:
    """Read a file to its spec and its state dict, on the CPU.

    Raises:
        InputError: the file is missing, corrupt, or something else; the message says what it is and what was expected.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(NAME, f"no file {path.name}", "Choose one that is there.")
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != FORMAT:
                raise InputError(NAME, f"{path.name} is {describe(list(file.keys()), metadata)}", EXPECTED)
            state = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (not a dict)
    except SafetensorError as error:
        raise InputError(
            NAME, f"{path.name} is not a readable safetensors file ({error})", f"Download or copy it again. {EXPECTED}"
        ) from error
    return _spec(path.name, state, metadata), state


def save_mask_encoder(
    path: str | Path, state: dict[str, torch.Tensor], latent_channels: int, reads: str = "mask", **notes: str
) -> None:
    """Write a state dict of the host's ``Encoder3d`` with the metadata above; ``notes`` are further metadata strings."""
    metadata = {"format": FORMAT, "version": VERSION, "reads": reads, "latent_channels": str(latent_channels), **notes}
    _spec(Path(path).name, state, metadata)
    save_file({key: value.contiguous() for key, value in state.items()}, str(path), metadata)


def describe(keys: list[str], metadata: dict[str, str]) -> str:
    """In a user's words, what a safetensors file without our mark seems to be."""
    if metadata.get("format", "pt") not in ("pt", "np"):
        return f"a file of format '{metadata['format']}'"
    kinds = [kind for prefix, kind in FOREIGN.items() if any(key.startswith(prefix) for key in keys)]
    seen = f"{len(keys)} tensors, e.g. '{keys[0]}'" if keys else "no tensors"
    return f"{kinds[0] if kinds else 'of an unknown kind'} ({seen})"


def _spec(name: str, state: dict[str, torch.Tensor], metadata: dict[str, str]) -> MaskEncoderSpec:
    if metadata.get("version") != VERSION:
        raise InputError(
            NAME, f"{name} has version {metadata.get('version')}", f"This pack reads version {VERSION}: update one of the two."
        )
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
    return MaskEncoderSpec(stem.shape[0], channels, int(declared), metadata["reads"])


def encoder_input(spec: MaskEncoderSpec, visible: torch.Tensor, warp: torch.Tensor) -> torch.Tensor:
    """``[1, 3, F, H, W]`` in -1...1: the pixel mask repeated to three channels (1 = known), or the warp, as the spec says."""
    frames = visible.float().unsqueeze(-1).expand(*visible.shape, 3) if spec.reads == "mask" else warp.float()
    return frames.permute(3, 0, 1, 2).unsqueeze(0) * 2 - 1


def head_to_mask(spec: MaskEncoderSpec, head: torch.Tensor) -> torch.Tensor:
    """The head's output ``[1, C or 2C, T', H', W']`` to ``h [1, C, T', H', W']`` in 0...1."""
    return torch.sigmoid(head.float()[:, : spec.latent_channels])
