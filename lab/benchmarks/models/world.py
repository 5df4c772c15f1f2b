"""The synthetic world the embedded models learn from: its speed, and whether colour, depth and poses agree.

A clip is seen from an arc about what it shows: a source pixel is carried there by its depth and back by the depth there.
"""

from __future__ import annotations

import time

import torch

from inversecrafter_core.camera import preset_path
from lab.benchmarks.report import Row, row
from lab.benchmarks.runner import main
from lab.data.contexts import geometry_of
from lab.data.pool import FRAMES, HEIGHT, WIDTH
from lab.data.unseen import scene_seeds
from lab.world import depth_at, frame_times, landing, random_scene, render, rendered_depth_at, round_trip, sampled, visible_from

CHECKED = slice(None, None, 4)  # frames of a clip that are seen from the arc
NOISE = 0.02  # mean absolute colour difference that two filters of the same texture make


def speed(seeds: list[int]) -> list[Row]:
    """Count frames a second of whole clips on one thread, without the first scene, which reads the photographs."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    spent = []
    for seed in seeds:
        start = time.process_time()
        render(random_scene(seed), frame_times(FRAMES), HEIGHT, WIDTH)
        spent.append(time.process_time() - start)
    torch.set_num_threads(threads)
    counted = spent[1:] or spent
    size = f"{HEIGHT}x{WIDTH}, one thread"
    return [
        row(f"frames a second of processor time, {size}", FRAMES * len(counted) / sum(counted), "1/s"),
        row(f"frames a second, the slowest scene, {size}", FRAMES / max(counted), "1/s"),
    ]


def agreement(seed: int) -> dict[str, torch.Tensor]:
    """Return ``[N]`` per visible pixel of one scene: misses of its round trip by exact and rendered depth, colour errors."""
    scene, times = random_scene(seed), frame_times(FRAMES)
    source = render(scene, times, HEIGHT, WIDTH)
    poses, intrinsics = preset_path("arc_left", FRAMES).resolve(geometry_of(source))
    some, poses, intrinsics = source.at(CHECKED), poses[CHECKED], intrinsics[CHECKED]
    target = render(scene, some.times, HEIGHT, WIDTH, poses, intrinsics)
    seen = visible_from(scene, some, poses, intrinsics)
    position, _ = landing(some, poses, intrinsics)
    exact = depth_at(scene, some.times, position, poses, intrinsics)
    found = {
        "exact": round_trip(some, poses, intrinsics, exact),
        "rendered": round_trip(some, poses, intrinsics, rendered_depth_at(target, position)),
        "colour": (sampled(target.colour, position) - some.colour).abs().mean(-1),
        "unmoved": (target.colour - some.colour).abs().mean(-1),
    }
    return {name: value[seen] for name, value in found.items()}


def rows(seed: int, scenes: int = 8) -> list[Row]:
    """Measure every figure of the world."""
    seeds = scene_seeds(seed, scenes)
    parts = [agreement(one) for one in seeds]
    whole = {name: torch.cat([part[name] for part in parts]) for name in parts[0]}
    exact, rendered = (100 * float((whole[name] < 0.5).float().mean()) for name in ("exact", "rendered"))
    return [
        *speed(seeds),
        row("visible pixels that come back within half a pixel, exact depth there", exact, "%", least=100),
        row("visible pixels that come back within half a pixel, rendered depth there", rendered, "%", least=98),
        row("colour error of visible pixels, mean, of 0...1", float(whole["colour"].mean()), most=NOISE),
        row("the same without carrying them", float(whole["unmoved"].mean())),
    ]


if __name__ == "__main__":
    main(rows)
