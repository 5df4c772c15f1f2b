"""Which latent mask to trust: every training-free mask against ``h_gt`` and against what a mask is for.

Scenes of the synthetic world, seen by a camera on an arc. The target view is rendered, so the clean clip ``x``, the exact
warp and its visible pixels are known; holes are filled by Telea's method, as the method's relatives do. Two questions,
both on normalised latents:

* how close is a mask to ``h_gt = 1 - tanh(|E(x) - E(m x)|)``: L1;
* how far from ``E(x)`` does the proximal step end, on average, when the model's own prediction is off by noise of a given
deviation:
  root mean square of ``z* - E(x)``, over that deviation. 1 = as without guidance; a mask that trusts wrong latents goes above.

``python -m benchmarks.masks --seed 0 --json - [--vae FILE] [--scenes 6]``
"""

from __future__ import annotations

import argparse
import logging
import math
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import product
from pathlib import Path
from statistics import mean

import cv2
import torch
import torch.nn.functional as F

from benchmarks.report import Row, main
from hosting.inprocess import use_host
from hosting.paths import ROOT
from inversecrafter_core.inverse import FORMS, ProximalSettings, prepare
from inversecrafter_core.masks import CANDIDATES, MaskInputs, latent_mask
from inversecrafter_core.synthetic import Clip, frame_times, random_scene, render
from inversecrafter_core.synthetic.render import source_poses
from training.contexts import FARTHEST_PIVOT

FRAMES, HEIGHT, WIDTH = 17, 96, 144
ARC = math.radians(12)
SCALES = (0.25, 0.5, 1.0, 2.0, 4.0)
DEVIATIONS = (0.25, 0.5, 1.0)
GAMMAS = sorted({1.0, 2.0, 5.0, 8.0, 20.0, 100.0, ProximalSettings().gamma})
Encode = Callable[[torch.Tensor], torch.Tensor]


def host_vae(path: Path) -> Encode:
    """The host's VAE as video to normalised latents."""
    use_host()
    import comfy.latent_formats
    import comfy.sd
    import comfy.utils

    vae, wan = comfy.sd.VAE(sd=comfy.utils.load_torch_file(str(path))), comfy.latent_formats.Wan21()
    return lambda video: wan.process_in(vae.encode(video).float())


def arc(poses: torch.Tensor, pivot: float) -> torch.Tensor:
    """``poses`` turned about a point ``pivot`` ahead, from nothing in frame 0 to :data:`ARC` in the last."""
    turned = []
    for pose, angle in zip(poses, torch.linspace(0, ARC, len(poses)), strict=True):
        turn = torch.eye(4)
        turn[0, 0] = turn[2, 2] = angle.cos()
        turn[0, 2], turn[2, 0] = angle.sin(), -angle.sin()
        to_pivot = torch.eye(4)
        to_pivot[2, 3] = pivot
        turned.append(pose @ to_pivot @ turn @ torch.linalg.inv(to_pivot))
    return torch.stack(turned)


def exact_warp(source: Clip, target: Clip) -> tuple[torch.Tensor, torch.Tensor]:
    """Source colour at every target pixel that the source saw, by both views' exact depths. Returns the holed warp and
    visible.
    """
    frames, height, width = target.depth.shape
    v, u = torch.meshgrid(torch.arange(height) + 0.5, torch.arange(width) + 0.5, indexing="ij")
    rays = torch.einsum("fij,hwj->fhwi", torch.linalg.inv(target.intrinsics), torch.stack([u, v, torch.ones_like(u)], -1))
    points = torch.cat([rays * target.depth[..., None], torch.ones(frames, height, width, 1)], -1)
    to_source = torch.linalg.inv(source.camera_to_world) @ target.camera_to_world
    seen = torch.einsum("fij,fhwj->fhwi", to_source, points)[..., :3]
    pixel = torch.einsum("fij,fhwj->fhwi", source.intrinsics, seen / seen[..., 2:].clamp_min(1e-4))[..., :2]
    grid = pixel / torch.tensor([width, height]) * 2 - 1
    depth = F.grid_sample(source.depth[:, None], grid, "nearest", align_corners=False)[:, 0]
    inside = (grid.abs() <= 1).all(-1) & (seen[..., 2] > 0)
    visible = (inside & ((depth - seen[..., 2]).abs() < 0.03 * depth)).float()
    colour = F.grid_sample(source.colour.movedim(-1, 1), grid, "bilinear", "border", align_corners=False).movedim(1, -1)
    return colour * visible[..., None], visible


def telea(video: torch.Tensor, visible: torch.Tensor) -> torch.Tensor:
    """Frame by frame, radius 3."""
    frames = []
    for frame, known in zip(video, visible, strict=True):
        image = (frame.clamp(0, 1) * 255).round().byte().numpy()
        frames.append(torch.from_numpy(cv2.inpaint(image, (known < 0.5).byte().numpy(), 3, cv2.INPAINT_TELEA)).float() / 255)
    return torch.stack(frames)


def scenes(seed: int, count: int) -> Iterator[dict[str, torch.Tensor]]:
    """Clips: ``source``, ``truth``, ``warp`` (infilled), ``holed``, ``visible``."""
    for index in range(count):
        scene, times = random_scene(1000 * seed + index), frame_times(FRAMES)
        source = render(scene, times, HEIGHT, WIDTH)
        pivot = min(FARTHEST_PIVOT, float(source.depth[0, HEIGHT // 2, WIDTH // 2]))
        target = render(scene, times, HEIGHT, WIDTH, arc(source_poses(scene, times), pivot), source.intrinsics)
        holed, visible = exact_warp(source, target)
        yield {
            "source": source.colour,
            "truth": target.colour,
            "warp": telea(holed, visible),
            "holed": holed,
            "visible": visible,
        }


def masks_of(clip: dict[str, torch.Tensor], encode: Encode) -> tuple[torch.Tensor, torch.Tensor, dict[str, torch.Tensor]]:
    """``E(x)``, ``E(y)`` and every mask by name; the ones made of differences at every scale, encoded once."""
    truth, latent = encode(clip["truth"]), encode(clip["warp"])
    remembered: dict[bytes, torch.Tensor] = {}

    def once(video: torch.Tensor) -> torch.Tensor:
        key = video.double().sum((1, 2, 3)).numpy().tobytes() + video.double().var((1, 2, 3)).numpy().tobytes()
        if key not in remembered:
            remembered[key] = encode(video)
        return remembered[key]

    def given(scale: float, candidate: str = MaskInputs.candidate, source: str = "source") -> MaskInputs:
        return MaskInputs(clip["visible"], clip["warp"], latent, once, scale=scale, candidate=candidate, source=clip[source])

    masks = {mode: latent_mask(mode, given(1.0)) for mode in ("area", "binary")}
    masks["everything"] = torch.ones_like(latent)
    for scale in SCALES:
        masks[f"h_gt, s={scale:g}"] = latent_mask("known_source", given(scale, source="truth"))
        for name in CANDIDATES:
            masks[f"{name}, s={scale:g}"] = latent_mask("training_free", given(scale, name))
    return truth, latent, masks


def left_over(
    truth: torch.Tensor, latent: torch.Tensor, h: torch.Tensor, noise: torch.Tensor, gamma: float, form: str
) -> float:
    """Mean square of ``z* - E(x)`` over that of the prediction's own error, averaged over :data:`DEVIATIONS`."""
    step = prepare(h, latent, ProximalSettings("closed_form", gamma, form=form))
    shares = [float((step(truth + d * noise) - truth).square().mean()) / d**2 for d in DEVIATIONS]
    return sum(shares) / len(shares)


def run(seed: int, args: argparse.Namespace) -> list[Row]:
    """Average over scenes."""
    logging.getLogger().setLevel(logging.WARNING)
    torch.set_num_threads(args.threads)
    encode, generator = host_vae(args.vae), torch.Generator().manual_seed(seed)
    distance: dict[str, list[float]] = defaultdict(list)
    rest: dict[tuple[str, str, float], list[float]] = defaultdict(list)
    with torch.inference_mode():
        for clip in scenes(seed, args.scenes):
            truth, latent, masks = masks_of(clip, encode)
            noise = torch.randn(truth.shape, generator=generator)
            for name, h in masks.items():
                distance[name].append(float((h - masks["h_gt, s=1"]).abs().mean()))
                for form, gamma in product(FORMS, GAMMAS):
                    rest[name, form, gamma].append(left_over(truth, latent, h, noise, gamma, form))
    rows = [Row(f"L1 to h_gt, s=1: {name}", mean(values), "") for name, values in distance.items()]
    left = {key: math.sqrt(mean(values)) for key, values in rest.items()}
    default = ProximalSettings().gamma
    for name, form in product(distance, FORMS):
        best = min((left[name, form, gamma], gamma) for gamma in GAMMAS)
        rows.append(Row(f"error left: {name}, {form}, gamma {default:g}", left[name, form, default], "x"))
        rows.append(Row(f"error left: {name}, {form}, its best gamma {best[1]:g}", best[0], "x"))
    return rows


def add_arguments(parser: argparse.ArgumentParser) -> None:
    embedded = ROOT / "weights" / "vae" / "inversecrafter_small_wan_vae.safetensors"
    parser.add_argument("--vae", type=Path, default=embedded, help="a Wan 2.1 VAE; the embedded one by default")
    parser.add_argument("--scenes", type=int, default=6)
    parser.add_argument("--threads", type=int, default=1)


if __name__ == "__main__":
    main("masks", run, add_arguments)
