"""Clips of one scene from several cameras at the same moments, kept with their cameras, latents and scene states.

``python -m lab.training.scene_adapter.train views --count 400`` writes ``<seed>.npz`` into a folder of the pool:

* ``colour [V, F, H, W, 3]`` uint8, the scene's own clip first,
* ``camera_to_world [V, F, 4, 4]`` in one world, ``intrinsics [V, F, 3, 3]`` in pixels, and ``pivot [V]``, each clip's rho.

Every ordered pair of clips is a lesson: one is the source, the other the target. Latents and states depend on a file of
weights; they lie in folders named by the file's digest, so that new weights cost no new rendering.
"""

from __future__ import annotations

import math
import random
from pathlib import Path

import numpy as np
import torch

from inversecrafter_core.camera import CameraPath, Geometry, RelativeTo
from inversecrafter_core.camera.presets import PRESETS
from lab.data.pool import HEIGHT, WIDTH, Shape, folder, keep, to_bytes
from lab.world import Clip, Scene, frame_times, random_scene, render

SHAPE = Shape(9, HEIGHT, WIDTH)
VIEWS = 3
FIRST_SEED = 40_000
AMOUNTS = {  # the least and the largest amount: degrees, or multiples of the pivot depth
    "arc_left": (8.0, 45.0),
    "arc_right": (8.0, 45.0),
    "arc_up": (5.0, 20.0),
    "arc_down": (4.0, 12.0),
    "pan": (-12.0, 12.0),
    "zoom_in": (0.08, 0.3),
    "zoom_out": (0.1, 0.35),
}
JUMP_SHARE = 0.4
"""Share of paths that do not start at the scene's own camera."""
CLEARANCE = 0.25
"""Least depth of a view, in multiples of the pivot depth: a camera inside a thing sees nothing."""
TRIES = 8


def random_path(rng: random.Random, frames: int) -> CameraPath:
    """Return a path of one of the trajectories in :data:`AMOUNTS`, from the source's view or from part of the way on."""
    name = rng.choice(list(AMOUNTS))
    amount, preset = rng.uniform(*AMOUNTS[name]), PRESETS[name]
    start = rng.uniform(0.4, 1) if rng.random() < JUMP_SHARE else 0.0
    along = torch.linspace(start, 1, frames)
    full = math.radians(amount) if preset.unit == "degrees" else amount
    return CameraPath(*preset.trajectory(along, full), RelativeTo.SOURCE, name)


def _is_clear(scene: Scene, poses: torch.Tensor, lenses: torch.Tensor, times: torch.Tensor, near: float) -> bool:
    """Return whether the first and the last frame of a path, looked at coarsely, have nothing nearer than ``near``."""
    ends, shrink = [0, len(times) - 1], torch.tensor([8 / WIDTH, 8 / WIDTH, 1.0]).view(3, 1)
    coarse = render(scene, times[ends], 5, 8, poses[ends], lenses[ends] * shrink, samples=1)
    return float(coarse.depth.min()) > near


def render_views(seed: int, shape: Shape = SHAPE) -> dict[str, np.ndarray]:
    """Return the clips of a scene: its own camera's, and those of random paths."""
    scene, rng, times = random_scene(seed), random.Random(seed), frame_times(shape.frames)
    own = render(scene, times, shape.height, shape.width)
    clips, space = [own], own.geometry()
    while len(clips) < VIEWS:
        clips.append(_render_along(scene, rng, space, times))
    return {
        "colour": np.stack([to_bytes(clip.colour) for clip in clips]),
        "camera_to_world": torch.stack([clip.camera_to_world for clip in clips]).numpy(),
        "intrinsics": torch.stack([clip.intrinsics for clip in clips]).numpy(),
        "pivot": np.array([clip.geometry().pivot_depth for clip in clips], np.float32),
    }


def _render_along(scene: Scene, rng: random.Random, space: Geometry, times: torch.Tensor) -> Clip:
    """Render a clip along a random path that is clear; after :data:`TRIES` paths the last one is taken."""
    for _ in range(TRIES):
        poses, lenses = random_path(rng, len(times)).resolve(space)
        if _is_clear(scene, poses, lenses, times, CLEARANCE * space.pivot_depth):
            break
    return render(scene, times, *space.size, poses, lenses)


def views_path(seed: int, shape: Shape = SHAPE) -> Path:
    """Return where the clips of a scene are kept."""
    return folder("views", shape) / f"{seed}.npz"


def fill(first: int, count: int, shape: Shape = SHAPE) -> None:
    """Render the missing seeds of ``first ... first + count``; a stopped run goes on where it was."""
    for seed in range(first, first + count):
        keep(views_path(seed, shape), lambda file, seed=seed: np.savez(file, **render_views(seed, shape)))  # type: ignore[misc, arg-type]
