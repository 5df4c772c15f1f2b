"""The small video model on scenes it never saw: denoising, completion of what a new camera uncovers, and a text probe.

``python -m lab.benchmarks.models.video_model --seed 0 --scenes 8 --json -``

Completion: each scene is seen from an arc whose truth is rendered. The exact warp's holes are filled by Telea's method, by the
median over time of what the same pixel shows when it is known, and by the model, which is given the tokens that lie wholly in
the known part. Judged in the holes alone. The probe hides the nearest thing, asks for it in each of four colours, and looks
what colour comes back where the thing is.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from statistics import mean

import torch

from lab.benchmarks.masks.cases import arc, exact_warp, telea
from lab.benchmarks.report import Row, at_least, at_most, model_main
from lab.data.contexts import geometry_of
from lab.data.pool import FRAMES, HEIGHT, WIDTH
from lab.data.unseen import scene_seeds
from lab.metrics.lpips import Lpips, load_lpips
from lab.models import video as dit
from lab.models.shipped import WanModel, WanVAE, decode, encode, load_dit, load_vae
from lab.models.token_masks import known_tokens, outline
from lab.models.video import STEPS, sample
from lab.world import Scene, caption, frame_times, random_scene, render
from lab.world.caption import named_things
from lab.world.render import source_poses
from lab.world.scene import COLOURS, Texture

PROBED = ("red", "green", "blue", "yellow")
LEAST_SHOWN = 0.01  # of the picture: a thing smaller than that says nothing
COMPLETION_STEPS = 2  # of 2, 4, 8 and 24 the best in PSNR and LPIPS on six scenes of seed 5: more steps invent more
LEVELS = (0.3, 0.5, 0.8)


def temporal_median(holed: torch.Tensor, visible: torch.Tensor, otherwise: torch.Tensor) -> torch.Tensor:
    """Holes take the median over time of the same pixel where it is known; ``otherwise`` where it never is. ``[F, H, W, 3]``"""
    seen = torch.where(visible[..., None] > 0, holed, torch.nan).nanmedian(0).values.expand_as(holed)
    filling = torch.where(seen.isnan(), otherwise, seen)
    return torch.where(visible[..., None] > 0, holed, filling)


def uncovered(seed: int, height: int = HEIGHT, width: int = WIDTH) -> dict[str, torch.Tensor]:
    """One scene from a new camera: ``truth``, ``holed``, ``visible`` and the warp filled by Telea's method."""
    world, times = random_scene(seed), frame_times(FRAMES)
    source = render(world, times, height, width)
    pivot = geometry_of(source).pivot_depth
    target = render(world, times, height, width, arc(source_poses(world, times), pivot), source.intrinsics)
    holed, visible = exact_warp(source, target)
    return {"truth": target.colour, "holed": holed, "visible": visible, "telea": telea(holed, visible)}


def completed(clip: dict[str, torch.Tensor], prompt: str, seed: int, coder: WanVAE, model: WanModel) -> torch.Tensor:
    """The warp with its holes from the model: ``[F, H, W, 3]``."""
    known = known_tokens(clip["visible"] > 0)
    given = encode(coder, clip["telea"])
    made = decode(coder, sample(model, prompt, seed, given, known, guidance=1.0, steps=COMPLETION_STEPS))
    return torch.where(clip["visible"][..., None] > 0, clip["holed"], made)


def in_holes(result: torch.Tensor, clip: dict[str, torch.Tensor], metric: Lpips | None) -> tuple[float, float]:
    """Mean squared error and LPIPS inside the holes."""
    holes = clip["visible"] == 0
    error = float((result - clip["truth"])[holes].square().mean())
    if metric is None:
        return error, float("nan")
    return error, float(metric.maps(result.movedim(-1, 1), clip["truth"].movedim(-1, 1))[holes].mean())


def completion(seeds: list[int], coder: WanVAE, model: WanModel) -> list[Row]:
    """Model, Telea and temporal median side by side."""
    metric, found = load_lpips(), defaultdict[str, list[tuple[float, float]]](list)
    share = []
    for seed in seeds:
        clip = uncovered(seed)
        share.append(float((clip["visible"] == 0).float().mean()))
        ways = {
            "Telea": clip["telea"],
            "temporal median": temporal_median(clip["holed"], clip["visible"], clip["telea"]),
            "model": completed(clip, caption(random_scene(seed)), seed, coder, model),
        }
        for name, result in ways.items():
            found[name].append(in_holes(result, clip, metric))
    decibels = {name: -10 * float(torch.tensor([mean(e for e, _ in pairs)]).log10()) for name, pairs in found.items()}
    distance = {name: mean(d for _, d in pairs) for name, pairs in found.items()}
    best = max(decibels["Telea"], decibels["temporal median"]) - 0.5
    nearest = min(distance["Telea"], distance["temporal median"])
    rows = [Row(f"holes of the warp, {len(seeds)} scenes", 100 * mean(share), "%")]
    rows += [Row(f"completion PSNR in holes, {name}", decibels[name], "dB") for name in ("Telea", "temporal median")]
    rows.append(at_least("completion PSNR in holes, model", decibels["model"], "dB", round(best, 2)))
    if metric is not None:
        rows += [Row(f"completion LPIPS in holes, {name}", distance[name], "") for name in ("Telea", "temporal median")]
        rows.append(at_most("completion LPIPS in holes, model", distance["model"], "", round(nearest, 4)))
    return rows


def denoising(seeds: list[int], coder: WanVAE, model: WanModel) -> list[Row]:
    """Mean squared error of the predicted clean latent, beside the best multiple of the noisy input."""
    rows = []
    for sigma in LEVELS:
        errors, trivial = [], []
        for seed in seeds:
            world = random_scene(seed)
            clean = encode(coder, render(world, frame_times(FRAMES), HEIGHT, WIDTH).colour)
            noise = torch.randn(clean.shape, generator=torch.Generator().manual_seed(seed))
            noisy = (1 - sigma) * clean + sigma * noise
            with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
                velocity = model(noisy, torch.tensor([sigma * 1000]), dit.prompt_tokens([caption(world)])).float()
            errors.append(float((noisy - sigma * velocity - clean).square().mean()))
            best = (noisy * clean).sum() / noisy.square().sum()
            trivial.append(float((best * noisy - clean).square().mean()))
        rows.append(Row(f"clean latent from sigma {sigma}, mean squared error", mean(errors), ""))
        rows.append(Row(f"the same, best multiple of the noisy input, sigma {sigma}", mean(trivial), ""))
    return rows


def recoloured(scene: Scene, colour: str) -> Scene:
    """The scene with its first named thing in one plain colour."""
    thing = named_things(scene)[0]
    painted = dataclasses.replace(thing, texture=Texture("plain", colour, colour, 1.0, 0))
    return dataclasses.replace(scene, things=tuple(painted if each is thing else each for each in scene.things))


def _views(scene: Scene) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
    """The scene's clip with its first thing in each probed colour, and where that thing is, ``[F, H, W]`` bool."""
    views = {colour: render(recoloured(scene, colour), frame_times(FRAMES), HEIGHT, WIDTH).colour for colour in PROBED}
    return views, (views["red"] - views["blue"]).abs().amax(-1) > 0.02


def _chroma(colour: torch.Tensor) -> torch.Tensor:
    """``[..., 3]`` without its grey part, of length 1."""
    return torch.nn.functional.normalize(colour - colour.mean(-1, keepdim=True), dim=-1)


def named_colour(colour: torch.Tensor) -> str:
    """Which probed colour ``[3]`` is nearest in hue."""
    hues = _chroma(torch.tensor([COLOURS[name] for name in PROBED]))
    return PROBED[int((hues @ _chroma(colour)).argmax())]


def repainted(seed: int, coder: WanVAE, model: WanModel, steps: int = STEPS) -> list[bool]:
    """Hide the nearest thing and ask for it in each colour: which of them come. Empty where too little of it is in view."""
    scene = random_scene(seed)
    views, thing = _views(scene)
    if float(thing.float().mean()) < LEAST_SHOWN:
        return []
    known = known_tokens(~(outline(scene, named_things(scene)[0], FRAMES, HEIGHT, WIDTH) | thing))
    hits = []
    for colour in PROBED:
        # The given clip shows another colour, so that whatever leaks out of the hidden part tells the wrong answer.
        other = encode(coder, views[PROBED[(PROBED.index(colour) + 1) % len(PROBED)]])
        made = sample(model, caption(recoloured(scene, colour)), seed, other, known, steps=steps)
        hits.append(named_colour(decode(coder, made)[thing].mean(0)) == colour)
    return hits


def imagined(seed: int, coder: WanVAE, model: WanModel) -> list[bool]:
    """From text alone, the same seed in each colour: the part of the clips that differs most has which colour?"""
    scene = random_scene(seed)
    clips = [decode(coder, sample(model, caption(recoloured(scene, colour)), seed)) for colour in PROBED]
    spread = torch.stack(clips).std(0).sum(-1)
    where = spread > spread.flatten()[::7].quantile(0.9)
    return [named_colour(clip[where].mean(0)) == colour for clip, colour in zip(clips, PROBED, strict=True)]


def text_probe(seeds: list[int], coder: WanVAE, model: WanModel) -> list[Row]:
    """How often the colour that is asked for is the colour that comes; chance is one in four."""
    edits = [hit for seed in seeds for hit in repainted(seed, coder, model)]
    alone = [hit for seed in seeds for hit in imagined(seed, coder, model)]
    return [
        at_least(f"the asked colour comes, thing repainted, {len(edits)} edits", 100 * mean(edits), "%", 80),
        at_least(f"the asked colour comes, text alone, {len(alone)} samples", 100 * mean(alone), "%", 80),
    ]


def rows(seed: int, scenes: int) -> list[Row]:
    """Every figure of the video model's card."""
    coder, model, seeds = load_vae(), load_dit(), scene_seeds(seed, scenes)
    return denoising(seeds, coder, model) + completion(seeds, coder, model) + text_probe(seeds, coder, model)


if __name__ == "__main__":
    model_main("model_dit", rows)
