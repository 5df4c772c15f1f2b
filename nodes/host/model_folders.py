"""Registration of the pack's weights with the host's loaders."""

from __future__ import annotations

from pathlib import Path

import folder_paths

WEIGHTS = Path(__file__).resolve().parents[2] / "weights"
MASK_ENCODERS = "inversecrafter_mask_encoders"
SCENE_ADAPTERS = "inversecrafter_scene_adapters"
SCENE_MODELS = "inversecrafter_scene_models"
METRICS = "inversecrafter_metrics"


def register_model_folders() -> None:
    """Register the folders of the pack's weights for the loaders, and that of the metrics' networks."""
    folder_paths.add_model_folder_path("vae", str(WEIGHTS / "vae"))
    folder_paths.add_model_folder_path("diffusion_models", str(WEIGHTS / "diffusion_models"))
    folders = ((MASK_ENCODERS, "mask_encoders"), (SCENE_ADAPTERS, "scene_adapters"), (SCENE_MODELS, "scene_models"))
    for key, name in folders:
        places = [str(Path(folder_paths.models_dir) / name), str(WEIGHTS / name)]
        folder_paths.folder_names_and_paths[key] = (places, {".safetensors"})
    folder_paths.add_model_folder_path(METRICS, str(Path(folder_paths.models_dir) / METRICS))
