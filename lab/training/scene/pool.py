"""Data of the scene network: scenes of the synthetic world along cameras that move, with exact depth, poses and lens.

``python -m lab.training.scene.pool --count 2000`` fills ``scene/world<version>`` in the folder of runs with ``<seed>.npz``:
``colour [FRAMES, HEIGHT, WIDTH, 3]`` uint8, ``depth [FRAMES, HEIGHT / CELL, WIDTH / CELL]`` float16, ``camera_to_world
[FRAMES, 4, 4]`` (world = frame 0) and the focal length ``focal`` in pixels. Variety of scenes matters most, so a scene gives
few frames. Its path is the scene's own camera held in a hand, an arc about the pivot, or a free flight.
"""

from __future__ import annotations

import argparse
import math
import random
from collections.abc import Callable
from itertools import accumulate

import numpy as np
import torch

from inversecrafter_core.camera.rotation import pose, turn_x, turn_y, turn_z
from inversecrafter_core.scene.network import CELL
from lab.data.pool import FIRST_TRAINING_SEED, keep_arrays, to_bytes
from lab.host.paths import RUNS
from lab.world import WORLD_VERSION, Clip, Scene, random_scene, render
from lab.world.hand_held import hand_held
from lab.world.render import source_intrinsics
from lab.world.scene import Open

RUN = RUNS / "scene"
POOL = RUN / f"world{WORLD_VERSION}"
FRAMES, HEIGHT, WIDTH = 6, 128, 192
STEPS = (0.03, 0.0625, 0.125, 0.2)  # seconds between frames
NEAREST = 0.5  # scene units between a camera and any surface
AROUND, UP, DOLLY = 30.0, 10.0, 0.2  # an arc's largest azimuth and elevation in degrees, and its change of distance in rho
TURN, FLIGHT = 10.0, 0.15  # a free flight's largest turns in degrees and steps in rho, along each axis
Path = Callable[[torch.Tensor], torch.Tensor]
"""Camera poses ``[F, 4, 4]`` at shares ``[F]`` of a path; the identity at 0."""


def arc_path(rng: random.Random, pivot: float) -> Path:
    """Return a path around the point ``pivot`` ahead, with a change of distance."""
    across, up = math.radians(rng.uniform(-AROUND, AROUND)), math.radians(rng.uniform(-UP, UP))
    away = rng.uniform(-DOLLY, DOLLY)

    def at(share: torch.Tensor) -> torch.Tensor:
        turn = turn_y(across * share) @ turn_x(up * share)
        ahead = torch.tensor([0.0, 0.0, pivot])
        return pose(turn, ahead - (1 + away * share)[:, None] * (turn @ ahead))

    return at


def flight_path(rng: random.Random, pivot: float) -> Path:
    """Return a straight path along which the camera turns."""
    angles = [math.radians(rng.uniform(-TURN, TURN)) for _ in range(3)]
    step = pivot * torch.tensor([rng.uniform(-FLIGHT, FLIGHT) for _ in range(3)])

    def at(share: torch.Tensor) -> torch.Tensor:
        turn = turn_y(angles[0] * share) @ turn_x(angles[1] * share) @ turn_z(angles[2] * share / 2)
        return pose(turn, share[:, None] * step)

    return at


def is_free(scene: Scene, clip: Clip) -> bool:
    """Return whether the cameras of a clip keep clear of every surface, ground and walls among them."""
    if float(clip.depth.min()) < NEAREST:
        return False
    positions = clip.camera_to_world[:, :3, 3]
    if isinstance(scene.around, Open):
        return bool((positions.norm(dim=1) < scene.around.radius / 4).all())
    return bool((clip.depth < 4 * max(scene.around.half_size)).all())


def render_clip(seed: int) -> dict[str, np.ndarray]:
    """Return one scene along one path, at random moments, with a lens of random length."""
    rng = random.Random(seed)
    scene = random_scene(seed)
    times = rng.uniform(0, 0.7) + rng.choice(STEPS) * torch.arange(FRAMES)
    lens = source_intrinsics(scene, FRAMES, HEIGHT, WIDTH)
    lens[:, :2, :2] *= math.exp(rng.uniform(-0.15, 0.35))
    own = hand_held(scene, times, seed)
    base = hand_held(scene, torch.cat([torch.zeros(1), times]), seed)[1:2]  # of the first moment, in the world of time 0
    pivot = render(scene, times[:1], HEIGHT // 4, WIDTH // 4, base, samples=1).geometry().pivot_depth
    kind = rng.choice((None, arc_path, arc_path, flight_path))
    steps = [rng.uniform(-0.3, 1) for _ in range(FRAMES - 1)]
    share = torch.tensor([0.0, *accumulate(steps)])
    share = share / share.abs().max()
    path = kind(rng, pivot) if kind else None
    for factor in (1.0, 0.6, 0.3, 0.0):
        poses = base @ own if path is None else base @ own @ path(factor * share)
        clip = render(scene, times, HEIGHT, WIDTH, poses, lens)
        if factor == 0 or is_free(scene, clip):
            break
    depth = clip.depth[:, CELL // 2 :: CELL, CELL // 2 :: CELL]
    return {
        "colour": to_bytes(clip.colour),
        "depth": depth.numpy().astype(np.float16),
        "camera_to_world": (torch.linalg.inv(poses[:1]) @ poses).numpy(),
        "focal": lens[0, 0, 0].numpy(),
    }


def fill(first: int, count: int) -> None:
    """Render the missing seeds of ``first ... first + count``; a stopped run goes on where it was."""
    keep_arrays(POOL, first, count, render_clip)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--first", type=int, default=FIRST_TRAINING_SEED)
    parser.add_argument("--count", type=int, default=2000)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    fill(arguments.first, arguments.count)


if __name__ == "__main__":
    main()
