"""Registration of the pack's weights with the host's loaders."""

from __future__ import annotations

from pathlib import Path

import folder_paths

WEIGHTS = Path(__file__).resolve().parents[2] / "weights"
MASK_ENCODERS = "inversecrafter_mask_encoders"
METRICS = "inversecrafter_metrics"


def register_model_folders() -> None:
    """Register the folders of VAEs, diffusion models and mask encoders for the loaders, and that of the metrics' networks."""
    folder_paths.add_model_folder_path("vae", str(WEIGHTS / "vae"))
    folder_paths.add_model_folder_path("diffusion_models", str(WEIGHTS / "diffusion_models"))
    user_folder = Path(folder_paths.models_dir) / "mask_encoders"
    folder_paths.folder_names_and_paths[MASK_ENCODERS] = (
        [str(user_folder), str(WEIGHTS / "mask_encoders")],
        {".safetensors"},
    )
    folder_paths.add_model_folder_path(METRICS, str(Path(folder_paths.models_dir) / METRICS))
