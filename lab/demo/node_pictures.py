"""Pictures on the pages of nodes, drawn by the core on a rendered clip: ``python -m lab.demo.node_pictures``."""

from __future__ import annotations

from pathlib import Path

import cv2
import torch

from inversecrafter_core.camera import preset_path
from inversecrafter_core.depth import geometry_from_depth
from inversecrafter_core.masks import area
from inversecrafter_core.preview.camera_path import path_picture
from inversecrafter_core.preview.depth import DepthStyle, depth_preview
from inversecrafter_core.preview.latent_mask import mean_video
from inversecrafter_core.preview.windows import WAN_SHIFT, WAN_STEPS, windows_picture
from inversecrafter_core.sampling import Window, even_schedule, sigma_of_percent
from inversecrafter_core.warp import fill_holes, warp_video
from lab.world import frame_times, random_scene, render

DOCS = Path(__file__).resolve().parents[2] / "web" / "docs"
SEED, FRAMES, HEIGHT, WIDTH = 3211, 9, 160, 256
SEAM = 4
"""Pixels between two pictures."""


def beside(*pictures: torch.Tensor) -> torch.Tensor:
    """Return pictures ``[H, W, 3]`` in a row on white."""
    gap = torch.ones(pictures[0].shape[0], SEAM, 3)
    return torch.cat([part for picture in pictures for part in (picture.cpu(), gap)][:-1], 1)


def draw() -> dict[str, torch.Tensor]:
    """Return a picture ``[H, W, 3]`` in 0...1 for each page that has one, by the node's name."""
    scene = render(random_scene(SEED), frame_times(FRAMES), HEIGHT, WIDTH)
    space = geometry_from_depth(scene.depth, torch.ones_like(scene.depth, dtype=torch.bool), focal=float(WIDTH))
    path = preset_path("arc_left", FRAMES)
    warp = warp_video(scene.colour, space, path)
    filled = fill_holes(warp.video, warp.visible)
    source, warped, mask = scene.colour[-1], warp.video[-1], mean_video(area(warp.visible.float()))[-1]
    window = Window(0.77).resolve(sigma_of_percent(WAN_SHIFT))
    return {
        "EstimateDepth": beside(source, depth_preview(space.depth, space.valid, DepthStyle.COLOUR)[-1]),
        "CameraPath": path_picture(path),
        "WarpVideo": beside(source, warped),
        "FillHoles": beside(warped, filled[-1]),
        "EncodeMeasurement": beside(filled[-1], mask),
        "StochasticConditioning": windows_picture(
            0.7, window, even_schedule(WAN_STEPS, WAN_SHIFT), "40% of the clip is context"
        ),
    }


def main() -> None:
    """Write the pictures beside the pages."""
    for name, picture in draw().items():
        levels = (picture.clamp(0, 1) * 255).round().byte().numpy()
        cv2.imwrite(str(DOCS / f"InverseCrafter{name}.png"), cv2.cvtColor(levels, cv2.COLOR_RGB2BGR))


if __name__ == "__main__":
    main()
