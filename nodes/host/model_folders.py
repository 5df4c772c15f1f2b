"""Where the pack's own weights are, told to the host's stock loaders."""

from __future__ import annotations

from pathlib import Path

import folder_paths

WEIGHTS = Path(__file__).resolve().parents[2] / "weights"
MASK_ENCODERS = "inversecrafter_mask_encoders"
METRICS = "inversecrafter_metrics"


def register_model_folders() -> None:
    """Make the embedded files selectable in ``VAELoader``, ``UNETLoader`` and the mask-encoder loader, and say where the
    Metrics node's networks are kept.
    """
    folder_paths.add_model_folder_path("vae", str(WEIGHTS / "vae"))
    folder_paths.add_model_folder_path("diffusion_models", str(WEIGHTS / "diffusion_models"))
    user_folder = Path(folder_paths.models_dir) / "mask_encoders"
    folder_paths.folder_names_and_paths[MASK_ENCODERS] = (
        [str(user_folder), str(WEIGHTS / "mask_encoders")],
        {".safetensors"},
    )
    folder_paths.add_model_folder_path(METRICS, str(Path(folder_paths.models_dir) / METRICS))
