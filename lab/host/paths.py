"""Places: the repository, the host's tree, the host's data, downloaded assets.

``COMFYUI_PATH`` points at a ComfyUI a developer already has; without it the tree under ``.host`` is used (made by
``make setup``). Models, input and output are kept out of the tree either way, in ``.host/base``. Standard library only:
set-up runs before any package is there.
"""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HOST_HOME = ROOT / ".host"
BASE = HOST_HOME / "base"
ASSETS = ROOT / ".cache" / "assets"
RUNS = Path(os.environ.get("INVERSECRAFTER_RUNS", ROOT / "lab" / "training" / "runs"))
"""Pools of clips, checkpoints and curves; ``INVERSECRAFTER_RUNS`` puts them elsewhere."""
PACK_NAME = "inversecrafter"
BASE_FOLDERS = ("custom_nodes", "input", "models", "output", "temp", "user")


def comfyui_path() -> Path:
    """Return the host's tree: ``COMFYUI_PATH`` when set, else ours. Raises FileNotFoundError when there is none."""
    own = os.environ.get("COMFYUI_PATH")
    tree = Path(own).expanduser().resolve() if own else HOST_HOME / "ComfyUI"
    if not (tree / "main.py").is_file():
        place = f"COMFYUI_PATH={own}" if own else "the project's own ComfyUI"
        raise FileNotFoundError(f"{place}: no main.py in {tree}. Run `make setup`, or set COMFYUI_PATH to a ComfyUI folder.")
    return tree


def prepare_base(base: Path = BASE) -> Path:
    """Make a host base directory: its folders, and the pack linked into ``custom_nodes``. Cheap; safe to repeat.

    Returns:
        the link to the pack, ``base/custom_nodes/inversecrafter``.
    """
    for folder in BASE_FOLDERS:
        (base / folder).mkdir(parents=True, exist_ok=True)
    link = base / "custom_nodes" / PACK_NAME
    if link.is_symlink() and link.resolve() != ROOT:
        link.unlink()
    if not link.exists():
        link.symlink_to(ROOT, target_is_directory=True)
    return link
