"""One photo from a moving camera, on unseen scenes whose every view is rendered: the workflow against warp and Telea.

``python -m lab.benchmarks.jobs.single_image --seed 0 --scenes 16 --json -``; means over scenes with their 95 % interval.

One moment of a scene is seen from a path of a fifth of the pivot's depth; the first view is the photo. Its depth is the
rendering's (*exact*) or the small network's (*estimated*, with the true focal length and one true factor, since the path is in
true units). The photo is warped along the path, its holes filled by Telea's method frame by frame (*warp + Telea*, the
frame-wise baseline), and completed as ``workflows/single_image.json`` does. ``decoded`` is what the VAE gives; ``composite``
has the warp's own pixels where the photo saw the place. LPIPS and PSNR are against the rendered views, photo not counted.

The 3D check: the small network estimates depth from made frames; it is brought to the warp's scale, lifted by the path's
cameras and compared with the true surface of the view, which is the warp's geometry where the photo saw it: symmetric mean
distance to the nearest point (Chamfer), in multiples of the pivot's depth. Pixels that truly show something beyond three pivot
depths, a sky or what is below it, do not count: distances there would drown all others. ``new`` counts holes alone.
"""

from __future__ import annotations

from collections import defaultdict
from statistics import mean

import torch

from inversecrafter_core.camera import Geometry, unproject
from inversecrafter_core.clips.still import still_clip
from inversecrafter_core.evaluation import masked_psnr
from inversecrafter_core.sampling import Window
from inversecrafter_core.sampling.stochastic import Release
from inversecrafter_core.warp import fill_holes, warp_video
from lab.benchmarks.intervals import gains, mean_row, ratios, surely_at_least, surely_at_most
from lab.benchmarks.report import Row, model_main
from lab.data.job_scenes import Estimator, along, exact, scaled, views
from lab.data.unseen import scene_seeds
from lab.metrics.lpips import Lpips, load_lpips
from lab.world import Clip

from .model import Completion, Studio, put_together

BASELINE = 0.2
HOW = Completion(8, Release(0.7, keep_first=True), Window(0.63))
"""As in the workflow."""
JUDGED = slice(4, None, 4)
POINTS, FAR = 3, 3.0
CHECKED = (4, 8, 12, 16)
TELEA, DECODED, COMPOSITE = "warp + Telea", "workflow, decoded", "workflow, composite"
Figures = dict[str, dict[str, list[float]]]


def warped(clip: Clip, space: Geometry) -> tuple[torch.Tensor, torch.Tensor]:
    """The photo, frame 0, along the clip's cameras: filled by Telea, and what was seen ``[F, H, W]`` float32."""
    video, still = still_clip(clip.colour[:1], space, len(clip.times))
    warp = warp_video(video, still, along(clip, still))
    filled = fill_holes(warp.video, warp.visible)
    filled[0], known = clip.colour[0], warp.visible.float()
    known[0] = 1
    return filled, known


def estimated(clip: Clip, estimator: Estimator) -> Geometry:
    """The photo's depth by the network, at the true scale."""
    found = estimator.geometry(clip.colour[:1], float(clip.intrinsics[0, 0, 0]))
    return scaled(found, float((clip.depth[0] / found.depth[0]).median()))


def chamfer(made: torch.Tensor, clip: Clip, seen: torch.Tensor, frame: int, estimator: Estimator) -> dict[str, float]:
    """Symmetric mean distance between what a made frame looks like in space and what is there, in pivot depths."""
    found, true, known = estimator.depth(made[frame : frame + 1]).values[0], clip.depth[frame], seen[frame] > 0
    pivot = exact(clip, [0]).pivot_depth
    near = true < FAR * pivot
    found = found * float((true / found)[known & near].median())
    camera = clip.intrinsics[frame], clip.camera_to_world[frame]
    clouds = [unproject(depth, *camera)[::POINTS, ::POINTS] / pivot for depth in (found, true)]
    counted, hole = near[::POINTS, ::POINTS], ~known[::POINTS, ::POINTS]
    apart = torch.cdist(*(cloud[counted] for cloud in clouds))
    both, new = (apart.amin(1), apart.amin(0)), hole[counted]
    distances = {"all": (both[0], both[1]), "new": (both[0][new], both[1][new])}
    return {name: float((one.mean() + two.mean()) / 2) for name, (one, two) in distances.items() if len(one)}


def judge(made: torch.Tensor, clip: Clip, seen: torch.Tensor, metric: Lpips | None, estimator: Estimator) -> dict[str, float]:
    """Every figure of a made clip."""
    figures = {"PSNR": masked_psnr(made[1:], clip.colour[1:]), "holes PSNR": masked_psnr(made, clip.colour, 1 - seen)}
    if metric is not None:
        maps = metric.maps(made[JUDGED].movedim(-1, 1), clip.colour[JUDGED].movedim(-1, 1))
        figures |= {"LPIPS": float(maps.mean()), "holes LPIPS": float(maps[seen[JUDGED] == 0].mean())}
    distances = [chamfer(made, clip, seen, frame, estimator) for frame in CHECKED]
    for name in ("all", "new"):
        figures[f"Chamfer, {name}"] = mean(one[name] for one in distances if name in one)
    return figures


def measured(seeds: list[int], how: Completion, studio: Studio, metric: Lpips | None) -> tuple[Figures, list[float]]:
    """Figures by ``depth: way``, a value a scene, and the share of holes."""
    estimator, found, holes = Estimator(), defaultdict[str, dict[str, list[float]]](lambda: defaultdict(list)), []
    for seed in seeds:
        clip = views(seed, BASELINE, moving=False).clip
        for kind, space in (("exact", exact(clip, [0])), ("estimated", estimated(clip, estimator))):
            filled, seen = warped(clip, space)
            decoded = studio.complete(filled, seen, how, seed)
            made = {TELEA: filled, DECODED: decoded, COMPOSITE: put_together(decoded, filled, seen)}
            for way, video in made.items():
                for name, value in judge(video, clip, seen, metric, estimator).items():
                    found[f"{kind} depth, {way}"][name].append(value)
            holes.append(float((seen == 0).float().mean()))
    return found, holes


def rows(seed: int, scenes: int) -> list[Row]:
    """Every figure of the single-image job."""
    found, holes = measured(scene_seeds(seed, scenes), HOW, Studio.load(), load_lpips())
    made = [mean_row(f"holes of the warp, {scenes} scenes", [100 * share for share in holes], "%")]
    for kind in ("exact depth", "estimated depth"):
        telea, ours = found[f"{kind}, {TELEA}"], found[f"{kind}, {COMPOSITE}"]
        better = gains(ours["holes PSNR"], telea["holes PSNR"])
        made.append(surely_at_least(f"{kind}: PSNR in holes, composite above warp + Telea", better, "dB", 0))
        for name in ("LPIPS", "holes LPIPS", "Chamfer, all", "Chamfer, new"):
            if name in ours:
                ratio = ratios(ours[name], telea[name])
                made.append(surely_at_most(f"{kind}: {name}, composite over warp + Telea", ratio, "x", 1.0))
    made += [
        mean_row(f"{way}: {name}", values, "dB" if "PSNR" in name else "")
        for way, part in found.items()
        for name, values in part.items()
    ]
    return made


if __name__ == "__main__":
    model_main("single_image", rows)
