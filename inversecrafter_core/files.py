"""Safetensors files of the pack's own formats: read with their mark checked, and a description of foreign files.

A format of ours says so in the metadata: ``format = "inversecrafter.<what>"`` and ``version``.
"""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open

from .errors import InputError

FOREIGN = {
    "decoder.": "a whole VAE",
    "patch_embedding.": "a Wan diffusion model",
    "blocks.": "a transformer model",
    "model.diffusion_model.": "a diffusion checkpoint",
    "diffusion_model.": "a LoRA",
    "lora_": "a LoRA",
    "transformer.": "a LoRA",
}
"""First part of the tensor names in files that are often picked by mistake."""


def describe(keys: list[str], metadata: dict[str, str]) -> str:
    """Describe a safetensors file without the expected mark, in a user's words."""
    if metadata.get("format", "pt") not in ("pt", "np"):
        return f"a file of format '{metadata['format']}'"
    kinds = [kind for prefix, kind in FOREIGN.items() if any(key.startswith(prefix) for key in keys)]
    seen = f"{len(keys)} tensors, e.g. '{keys[0]}'" if keys else "no tensors"
    return f"{kinds[0] if kinds else 'of an unknown kind'} ({seen})"


def read_marked(
    path: Path, name: str, file_format: str, version: str, expected: str
) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """Read a file of one of our formats to its tensors (on the CPU) and its metadata.

    Args:
        path: the file.
        name: the input as the user sees it, for the error.
        file_format, version: what the metadata must say.
        expected: a sentence that says what belongs there.

    Raises:
        InputError: the file is missing, unreadable, or something else; the message says what it is and what was expected.
    """
    if not path.is_file():
        raise InputError(name, f"no file {path.name}", "Choose one that is there.")
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            metadata = file.metadata() or {}
            if metadata.get("format") != file_format:
                raise InputError(name, f"{path.name} is {describe(list(file.keys()), metadata)}", expected)
            state = {key: file.get_tensor(key) for key in file.keys()}  # noqa: SIM118 (not a dict)
    except (SafetensorError, OSError) as error:
        raise InputError(
            name, f"{path.name} is not a readable safetensors file ({error})", f"Download or copy it again. {expected}"
        ) from error
    if metadata.get("version") != version:
        found = metadata.get("version", "no version")
        raise InputError(name, f"{path.name} has version {found}", f"This pack reads version {version}: update one of the two.")
    return state, metadata


def is_marked(path: Path, file_format: str) -> bool:
    """Tell if the file is marked as of this format, from its header alone; False for an unreadable one."""
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            return (file.metadata() or {}).get("format") == file_format
    except (SafetensorError, OSError):
        return False
