"""Contexts of the video model, kept beside the training clips: what a moved camera sees, and boxes around a thing.

``python -m lab.data.contexts --count 400`` writes ``world<version>/warps/<seed>.npz`` and, because both come from
one rendering, the clip in ``.../frames`` too where it is missing; and a quarter as many of each of the pool's other shapes.
Stored, as :func:`numpy.packbits` of bool arrays:

* ``visible [2, 17, 128, 192]``: the source pixels that another camera sees, by exact depth: the masks of a double
  reprojection. The cameras are two of the six trajectories, linear over the clip, farther out than the usual amounts.
* ``tube [17, 128, 192]``: the bounding rectangle of one thing, a moving one where there is one, a few pixels wider; empty
  when the thing is out of the picture.
"""

from __future__ import annotations

import argparse
import random
from pathlib import Path

import numpy as np
import torch

from inversecrafter_core.camera import preset_path
from lab.world import Clip, Scene, frame_times, hits_at, pixel_centres, random_scene, render, visible_from

from .pool import FIRST_TRAINING_SEED, OTHERS, USUAL, Shape, clip_path, folder, keep, to_bytes

VIEWS, DILATION = 2, 3
SIX = {  # the least and the largest amount at the last frame: radians, or multiples of the pivot depth
    "arc_left": (0.08, 0.22),
    "arc_right": (0.08, 0.22),
    "arc_up": (0.08, 0.22),
    "arc_down": (0.06, 0.16),
    "zoom_in": (0.08, 0.25),
    "zoom_out": (0.10, 0.30),
}
HIDDEN_AT_THE_END = (0.1, 0.6)  # share of the last frame; over a linear clip the mean is about half of it
_TRIES = 8


def random_view(rng: random.Random, scene: Scene, clip: Clip) -> torch.Tensor:
    """``[F, H, W]`` bool: the pixels of the scene's own ``clip`` that a random camera on one of the six trajectories sees.

    Amounts that hide too little or too much of the last frame are replaced, a few times.
    """
    geometry, last = clip.geometry(), clip.at(slice(-1, None))
    for _ in range(_TRIES):
        name = rng.choice(list(SIX))
        poses, intrinsics = preset_path(name, len(clip.times), rng.uniform(*SIX[name])).resolve(geometry)
        hidden = 1 - float(visible_from(scene, last, poses[-1:], intrinsics[-1:]).float().mean())
        if HIDDEN_AT_THE_END[0] <= hidden <= HIDDEN_AT_THE_END[1]:
            break
    return visible_from(scene, clip, poses, intrinsics)


def shown_things(scene: Scene, clip: Clip) -> torch.Tensor:
    """Return ``[F, H, W]`` int64 on the clip's own pixel centres: 0 surroundings, i + 1 the i-th thing."""
    centres = pixel_centres(*clip.depth.shape[1:]).expand(len(clip.times), -1, -1, -1)
    return hits_at(scene, clip.times, centres, clip.camera_to_world, clip.intrinsics)[1]


def tube(rng: random.Random, scene: Scene, clip: Clip) -> torch.Tensor:
    """Return ``[F, H, W]`` bool: the bounding rectangle of one thing's pixels in every frame, :data:`DILATION` pixels wider."""
    moving = [index for index, thing in enumerate(scene.things, start=1) if any(thing.velocity) or thing.spin]
    shown = shown_things(scene, clip) == rng.choice(moving or range(1, len(scene.things) + 1))
    rows, columns = shown.any(2), shown.any(1)
    wider = torch.nn.functional.max_pool1d
    spans = (_span(side).float()[:, None] for side in (rows, columns))
    tall, wide = (wider(span, 2 * DILATION + 1, 1, DILATION)[:, 0] > 0 for span in spans)
    return tall[:, :, None] & wide[:, None, :]


def _span(side: torch.Tensor) -> torch.Tensor:
    """Return ``[F, N]`` bool: from the first to the last True of each row."""
    count = side.long()
    return (count.cumsum(1) > 0) & (count.flip(1).cumsum(1).flip(1) > 0)


def write(seed: int, shape: Shape) -> None:
    """Render one training scene and keep its clip and its contexts."""
    scene, rng = random_scene(seed), random.Random(seed)
    clip = render(scene, frame_times(shape.frames), shape.height, shape.width)
    keep(clip_path(seed, shape), lambda file: np.save(file, to_bytes(clip.colour)))
    views = torch.stack([random_view(rng, scene, clip) for _ in range(VIEWS)])
    bits, box = np.packbits(views.numpy()), np.packbits(tube(rng, scene, clip).numpy())
    keep(warp_path(seed, shape), lambda file: np.savez(file, visible=bits, tube=box))


def warp_path(seed: int, shape: Shape = USUAL) -> Path:
    return folder("warps", shape) / f"{seed}.npz"


def read(seed: int, shape: Shape = USUAL) -> tuple[torch.Tensor, torch.Tensor]:
    """Read ``visible [2, F, H, W]`` and ``tube [F, H, W]``, bool, of a scene that was written."""
    with np.load(warp_path(seed, shape)) as stored:
        visible, box = (torch.from_numpy(np.unpackbits(stored[name])).bool() for name in ("visible", "tube"))
    return visible.reshape(VIEWS, *shape), box.reshape(shape)


def fill(first: int, count: int, shape: Shape = USUAL) -> None:
    """Write the seeds of ``first … first + count`` whose clip or contexts are missing."""
    for seed in range(first, first + count):
        if not (warp_path(seed, shape).exists() and clip_path(seed, shape).exists()):
            write(seed, shape)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--first", type=int, default=FIRST_TRAINING_SEED, help="first scene seed")
    parser.add_argument("--count", type=int, default=400, help="how many seeds; those written before are kept")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    fill(arguments.first, arguments.count)
    for shape, first in OTHERS.items():
        fill(first, arguments.count // 4, shape)


if __name__ == "__main__":
    main()
