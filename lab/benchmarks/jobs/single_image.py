"""One photo from a moving camera, on unseen scenes whose every view is rendered: the workflow against warp and Telea.

One moment of a scene is seen from a path of a fifth of the pivot's depth; the first view is the photo. Its depth is the
rendering's (*exact*) or the small network's (*estimated*, with the true focal length and one true factor, since the path is in
true units). The photo is warped along the path, its holes filled by Telea's method frame by frame (*warp + Telea*, the
frame-wise baseline), and completed as ``workflows/single_image.json`` does. ``decoded`` is the VAE's output; ``composite`` has
the warp's own pixels where the photo saw the place. LPIPS and PSNR are against the rendered views, photo not counted.

The 3D check: the small network estimates depth from made frames; it is brought to the warp's scale, lifted by the path's
cameras and compared with the true surface of the view, which is the warp's geometry where the photo saw it: symmetric mean
distance to the nearest point (Chamfer), in multiples of the pivot's depth. Pixels that truly show something beyond three pivot
depths, a sky or what is below it, do not count: distances there would drown all others. ``new`` counts holes alone.
"""

from __future__ import annotations

from dataclasses import replace
from statistics import mean

import torch

from inversecrafter_core.camera import Geometry, unproject
from inversecrafter_core.clips.still import still_clip
from inversecrafter_core.editing import composite
from inversecrafter_core.evaluation import masked_psnr
from inversecrafter_core.sampling import Window
from inversecrafter_core.sampling.stochastic import Release
from inversecrafter_core.warp import fill_holes, warp_video
from lab.benchmarks.report import Row
from lab.benchmarks.runner import main, measure
from lab.benchmarks.samples import Figures, Key, Samples, Scene
from lab.data.scenes.jobs import Estimator, views
from lab.data.scenes.new_views import along
from lab.data.unseen import scene_seeds
from lab.models.completion import Completion, complete
from lab.models.guided import lpips, small_wan
from lab.world import Clip

BASELINE = 0.2
COMPLETION = Completion(8, Release(0.7, keep_first=True), Window(0.63))
"""As in the workflow."""
JUDGED = slice(4, None, 4)
POINTS, FAR = 3, 3.0
CHECKED = (4, 8, 12, 16)
TELEA, DECODED, COMPOSITE = "warp + Telea", "workflow, decoded", "workflow, composite"
DEPTHS = ("exact depth", "estimated depth")


def warped(clip: Clip, space: Geometry) -> tuple[torch.Tensor, torch.Tensor]:
    """Warp the photo, frame 0, along the clip's cameras: filled by Telea, and ``visible [F, H, W]`` float32."""
    video, still = still_clip(clip.colour[:1], space, len(clip.times))
    warp = warp_video(video, still, along(clip, still, "the true one"))
    filled = fill_holes(warp.video, warp.visible)
    filled[0], known = clip.colour[0], warp.visible.float()
    known[0] = 1
    return filled, known


def estimated(clip: Clip, estimator: Estimator) -> Geometry:
    """Return the photo's depth by the network, at the true scale."""
    found = estimator.geometry(clip.colour[:1], float(clip.intrinsics[0, 0, 0]))
    return replace(found, depth=found.depth * float((clip.depth[0] / found.depth[0]).median()))


def chamfer(made: torch.Tensor, clip: Clip, seen: torch.Tensor, frame: int, estimator: Estimator) -> Figures:
    """Return the symmetric mean distance between the surface that a made frame shows and the true one, in pivot depths."""
    found, true, known = estimator.depth(made[frame : frame + 1]).values[0], clip.depth[frame], seen[frame] > 0
    pivot = clip.at([0]).geometry().pivot_depth
    near = true < FAR * pivot
    found = found * float((true / found)[known & near].median())
    camera = clip.intrinsics[frame], clip.camera_to_world[frame]
    clouds = [unproject(depth, *camera)[::POINTS, ::POINTS] / pivot for depth in (found, true)]
    counted, hole = near[::POINTS, ::POINTS], ~known[::POINTS, ::POINTS]
    apart = torch.cdist(clouds[0][counted], clouds[1][counted])
    both, new = (apart.amin(1), apart.amin(0)), hole[counted]
    distances = {"all": (both[0], both[1]), "new": (both[0][new], both[1][new])}
    return {name: float((one.mean() + two.mean()) / 2) for name, (one, two) in distances.items() if len(one)}


def judge(made: torch.Tensor, clip: Clip, seen: torch.Tensor, estimator: Estimator) -> Figures:
    """Return every figure of a made clip."""
    figures = {"PSNR": masked_psnr(made[1:], clip.colour[1:]), "holes PSNR": masked_psnr(made, clip.colour, 1 - seen)}
    metric = lpips()
    if metric is not None:
        maps = metric.maps(made[JUDGED].movedim(-1, 1), clip.colour[JUDGED].movedim(-1, 1))
        figures |= {"LPIPS": float(maps.mean()), "holes LPIPS": float(maps[seen[JUDGED] == 0].mean())}
    distances = [chamfer(made, clip, seen, frame, estimator) for frame in CHECKED]
    for name in ("all", "new"):
        figures[f"Chamfer, {name}"] = mean(one[name] for one in distances if name in one)
    return figures


def one_scene(seed: int) -> Scene:
    """Measure one scene with both depths."""
    wan, estimator, found = small_wan(), Estimator(), Scene()
    clip = views(seed, BASELINE, moving=False)
    for kind, space in zip(DEPTHS, (clip.at([0]).geometry(), estimated(clip, estimator)), strict=True):
        filled, seen = warped(clip, space)
        decoded = complete(wan, filled, seen, COMPLETION, seed)
        made = {TELEA: filled, DECODED: decoded, COMPOSITE: composite(decoded, filled, seen, 2)}
        found |= {Key(name, kind): judge(video, clip, seen, estimator) for name, video in made.items()}
        found[Key("", kind)] = {"holes of the warp, %": 100 * float((seen == 0).float().mean())}
    return found


def table(found: Samples) -> list[Row]:
    """Compare the composite with the baseline, and list every mean."""
    listed = []
    for kind in DEPTHS:
        key = Key(COMPOSITE, kind)
        listed.append(found.gain(key, TELEA, "holes PSNR", least=0))
        compared = [name for name in ("LPIPS", "holes LPIPS", "Chamfer, all", "Chamfer, new") if found.has(key, name)]
        listed += [found.ratio(key, TELEA, name, most=1) for name in compared]
    return listed + found.means()


def rows(seed: int, scenes: int = 16, processes: int = 2) -> list[Row]:
    """Measure the single-image job."""
    return table(measure(one_scene, scene_seeds(seed, scenes), scenes, processes))


if __name__ == "__main__":
    main(rows)
