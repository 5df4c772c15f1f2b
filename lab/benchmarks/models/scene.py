"""The embedded scene network on scenes that it never saw: depth and cameras, beside what needs no network.

A clip is a held-out scene whose camera follows its own motion and an arc about the pivot on top. Depth is judged after one
scale a clip, the median of the ratio: the part of pixels within a factor of 1.25, and the mean relative error. Cameras are
judged in the world of frame 0, the translation after that same scale, in percent of the true pivot depth. "none" stands
beside: one depth everywhere, and a camera that stands still.
"""

from __future__ import annotations

import math

import torch

from inversecrafter_core.camera.rotation import rotation_angle
from inversecrafter_core.depth.upsample import resize_map
from inversecrafter_core.scene import Reconstruction, SceneNetwork, load_scene_network, reconstruct
from lab.benchmarks.report import Row, not_measured
from lab.benchmarks.runner import main
from lab.benchmarks.samples import Key, Samples, Scene
from lab.data.scenes.new_views import NewView
from lab.data.unseen import scene_seeds
from lab.models.shipped import SCENE_FILE
from lab.world import Clip

from .depth import within

OURS, NONE = "ours", "none"
ARCS = (0.0, 12.0, 30.0)
"""Degrees of the arcs; 0 is the scene's own camera."""
WITHIN, RELATIVE, TURN, SHIFT = "within 1.25 (%)", "relative error (%)", "rotation error (degrees)", "position error (% of rho)"
FIGURES = (WITHIN, RELATIVE, TURN, SHIFT)


def figures(depth: torch.Tensor, poses: torch.Tensor, clip: Clip) -> dict[str, float]:
    """Return the four figures of ``depth [F, H, W]`` and ``poses [F, 4, 4]``, both in one unit, against the truth."""
    ratio = clip.depth / depth
    scale, rho = float(ratio.median()), clip.geometry().pivot_depth
    relative = torch.linalg.inv(clip.camera_to_world) @ poses
    apart = scale * poses[:, :3, 3] - clip.camera_to_world[:, :3, 3]
    return {
        WITHIN: within(depth, clip.depth),
        RELATIVE: 100 * float((scale * depth / clip.depth - 1).abs().mean()),
        TURN: math.degrees(float(rotation_angle(relative[1:, :3, :3]).mean())),
        SHIFT: 100 * float(apart[1:].norm(dim=1).mean()) / rho,
    }


def of_network(network: SceneNetwork, clip: Clip) -> dict[str, float]:
    """Return the figures of the network on a clip."""
    found: Reconstruction = reconstruct(network, clip.colour)
    depth = resize_map(found.depth.log(), (clip.depth.shape[1], clip.depth.shape[2])).exp()
    return figures(depth, found.states.camera_to_world, clip)


def of_none(clip: Clip) -> dict[str, float]:
    """Return the figures of one depth everywhere and a camera that stands still."""
    return figures(torch.ones_like(clip.depth), torch.eye(4).expand(len(clip.depth), 4, 4), clip)


def scene(network: SceneNetwork, seed: int) -> Scene:
    """Return the figures of a scene along every arc."""
    found: Scene = {}
    for degrees in ARCS:
        clip = NewView.of(seed, degrees=degrees).target
        found[Key(OURS, "arc", degrees)] = of_network(network, clip)
        found[Key(NONE, "arc", degrees)] = of_none(clip)
    return found


def rows(seed: int, scenes: int = 16) -> list[Row]:
    """Measure every figure of the scene network's card."""
    if not SCENE_FILE.is_file():
        return [not_measured("scene network", f"{SCENE_FILE.name} is not there: train it")]
    network, samples = load_scene_network(SCENE_FILE), Samples()
    for number in scene_seeds(seed, scenes):
        samples.add(scene(network, number))
    keys = [Key(OURS, "arc", degrees) for degrees in ARCS]
    return [*samples.means(), *(samples.gain(key, NONE, figure) for key in keys for figure in FIGURES)]


if __name__ == "__main__":
    main(rows)
