"""Reading of the pack's own safetensors formats, and a description of other files.

The metadata of a file name its format, ``format = "inversecrafter.<kind>"``, and its ``version``.
"""

from __future__ import annotations

from collections.abc import Mapping
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
"""Prefixes of tensor names, and the kind of file each indicates, for files that are often chosen by mistake."""


def describe(keys: list[str], metadata: dict[str, str]) -> str:
    """Describe a safetensors file of an unexpected format, for an error message."""
    if metadata.get("format", "pt") not in ("pt", "np"):
        return f"a file of format '{metadata['format']}'"
    kinds = [kind for prefix, kind in FOREIGN.items() if any(key.startswith(prefix) for key in keys)]
    seen = f"{len(keys)} tensors, e.g. '{keys[0]}'" if keys else "no tensors"
    return f"{kinds[0] if kinds else 'of an unknown kind'} ({seen})"


def read_marked(
    path: Path, name: str, file_format: str, version: str, expected: str
) -> tuple[dict[str, torch.Tensor], dict[str, str]]:
    """Return the tensors, on the CPU, and the metadata of a file of one of the pack's formats.

    Args:
        path: the file.
        name: the input as the user sees it, for the error.
        file_format, version: required entries of the metadata.
        expected: a sentence that describes the expected file, for the error.

    Raises:
        InputError: the file is missing, unreadable, or of another format; the message names what was found and expected.
    """
    if not path.is_file():
        raise InputError(name, f"no file {path.name}", "Choose an existing file.")
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


def first_mismatch(state: Mapping[str, torch.Tensor], wanted: Mapping[str, torch.Tensor]) -> str | None:
    """Return the first name that only one of both has, or whose tensors differ in shape; None where all fit."""
    for key in (*wanted, *(key for key in state if key not in wanted)):
        if key not in state or key not in wanted or state[key].shape != wanted[key].shape:
            return key
    return None


def is_marked(path: Path, file_format: str) -> bool:
    """Return whether a file's header names this format; False for an unreadable file."""
    try:
        with safe_open(path, framework="pt", device="cpu") as file:
            return (file.metadata() or {}).get("format") == file_format
    except (SafetensorError, OSError):
        return False
