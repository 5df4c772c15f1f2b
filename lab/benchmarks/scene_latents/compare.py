"""New views by scene latents: without states, without pose, with both, and under guidance; against guidance alone.

Unseen rendered rooms, 9 frames of 128x192, seen from an arc that ends at 10 to 40 degrees; the truth is the rendered view
there. Guidance has a warp by a depth with noise of 10 % and bled outlines. Every run starts from the same noise and is given
the first frame, as the paper's model is. *guidance alone* is the video model without the adapter; all others have it.

LPIPS of holes is where that warp knows nothing. The pose error is that of the camera found in the result by the clip camera
finder with the true view's depth, against the true one after one scale: its position in hundredths of the pivot depth, its
turns in degrees; where no camera is found, that of a camera that stays. *textureless* and *mirror floor* are the same at 20
degrees, in scenes where the source of the method expects failure. *states explained* is the share of the states' variance that
a linear reader finds in the adapter's latents, in scenes that it was not fitted on: 100 % less the reconstruction error.

The files are the shipped ones, or ``--adapter`` and ``--scene-model``; without a scene model there are no rows with states.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import torch

from inversecrafter_core.camera import Geometry
from inversecrafter_core.clips.source_camera import find_source_cameras
from inversecrafter_core.errors import InputError
from inversecrafter_core.evaluation import masked_lpips, pose_errors
from inversecrafter_core.latent_grid import WAN
from inversecrafter_core.scene import AdapterFile, SceneContext, TokenCameras, kept_states, read_scene_adapter
from lab.benchmarks.report import Document, Row, folded, long_table, not_measured, read, row, wide_table
from lab.benchmarks.runner import main, measure
from lab.benchmarks.samples import Figures, Key, Samples, Scene
from lab.benchmarks.warp.robustness import evidence
from lab.data.scenes.damage import Damage
from lab.data.scenes.hard_surfaces import reflective_view, textureless
from lab.data.scenes.new_views import LEAST_HOLES, NewView
from lab.data.unseen import scene_seeds
from lab.models.guided import Case, Setup, SmallWan, against_truth, bare, lpips, recapture, small_wan
from lab.models.scene_adapter import Conditioned, SceneModel, change_attention, load_scene_model, without_pose
from lab.models.shipped import SCENE_ADAPTER_FILE, SCENE_FILE, load_dit
from lab.world import random_scene

SIZE = (9, 128, 192)
ANGLES = (10.0, 20.0, 30.0, 40.0)
HARD_ANGLE = 20.0
DEPTH = Damage(noise=0.1, bleed=3.0)
READER_SCENES = 12
"""Scenes that a linear reader is fitted on, and as many that it is judged on."""
ARC, TEXTURELESS, MIRROR = "arc", "textureless", "mirror floor"
GUIDED, POSE, STATES, ALL, BOTH = "guidance alone", "without states", "without pose", "states and pose", "both"


@dataclass(frozen=True)
class Adapter:
    """A scene adapter with the video model that it changed, and the network of its states, if there is one."""

    file: AdapterFile
    wan: SmallWan
    scene_model: SceneModel | None

    def context(self, view: NewView, with_states: bool = True) -> SceneContext:
        """Return the context of a view's source clip and of both cameras."""
        frames, rho = len(view.source.times), view.source.geometry().pivot_depth
        last = [group[-1] for group in WAN.groups(frames)]
        source, target = (
            TokenCameras.of(clip.camera_to_world[last], clip.intrinsics[last], clip.geometry().size, rho)
            for clip in (view.source, view.target)
        )
        kept = kept_states(frames, self.file.model.spec.every)
        states = self.scene_model.states_of(view.source.colour)[kept] if with_states and self.scene_model is not None else None
        latents = self.wan.coder.encode(view.source.colour)
        with torch.no_grad():
            return self.file.model.context(latents, states, [last.index(frame) for frame in kept], source, target)

    def contexts(self, view: NewView) -> dict[str, SceneContext]:
        """Return the context of every method without guidance."""
        pose = {POSE: self.context(view, with_states=False)}
        if self.scene_model is None:
            return pose
        full = self.context(view)
        return pose | {STATES: without_pose(full), ALL: full}


@cache
def load_adapter(path: Path, scene_model: Path) -> Adapter:
    """Return the adapter of a file, loaded once a process."""
    file = read_scene_adapter(path)
    wan = SmallWan(change_attention(load_dit(), file), small_wan().coder)
    return Adapter(file, wan, load_scene_model(scene_model) if scene_model.is_file() else None)


def camera_errors(video: torch.Tensor, view: NewView) -> Figures:
    """Return the errors of the camera found in a result."""
    wanted = torch.linalg.inv(view.target.camera_to_world[0]) @ view.target.camera_to_world
    space = Geometry(view.target.depth, torch.ones_like(view.target.depth, dtype=torch.bool), view.target.intrinsics, wanted)
    try:
        found = find_source_cameras(video, space).geometry.camera_to_world
    except InputError:
        found = torch.eye(4).expand_as(wanted)
    errors = pose_errors(found, wanted)
    return {
        "pose error, position": 100 * errors.absolute_translation / view.source.geometry().pivot_depth,
        "pose error, turn": errors.relative_rotation,
    }


def figures(video: torch.Tensor, view: NewView, case: Case) -> Figures:
    """Compare a result with the true view: the whole, the holes of the warp, the camera."""
    found, metric = against_truth(video, case.truth) | camera_errors(video, view), lpips()
    if metric is None:
        return found
    return found | {"holes LPIPS": masked_lpips(video, case.truth, 1 - case.warp.visible, distance=metric.maps)}


def results(adapter: Adapter, view: NewView, case: Case, steps: int) -> dict[str, torch.Tensor]:
    """Return the result of every method, ``[F, H, W, 3]``."""
    contexts = adapter.contexts(view)

    def setup(context: SceneContext) -> Setup:
        return Setup.of(steps, wan=SmallWan(Conditioned(adapter.wan.network, context), adapter.wan.coder))

    latents = {GUIDED: recapture(Setup.of(steps), case)}
    latents |= {name: bare(setup(context), case) for name, context in contexts.items()}
    latents[BOTH] = recapture(setup(contexts.get(ALL, contexts[POSE])), case)
    return {name: adapter.wan.coder.decode(latent) for name, latent in latents.items()}


def views(seed: int) -> dict[tuple[str, float | None], Callable[[], NewView | None]]:
    """Return how each view of a seed is rendered, by case and angle."""
    found: dict[tuple[str, float | None], Callable[[], NewView | None]] = {
        (ARC, angle): partial(NewView.of, seed, SIZE, angle) for angle in ANGLES
    }
    plain = partial(NewView.of, seed, SIZE, HARD_ANGLE, textureless(random_scene(seed)))
    return found | {(TEXTURELESS, None): plain, (MIRROR, None): partial(reflective_view, seed, SIZE, HARD_ANGLE)}


def one_scene(adapter_file: Path, scene_model: Path, steps: int, seed: int) -> Scene | None:
    """Measure every method on all views of one scene; None where its smallest arc has no holes or it is no room."""
    adapter, found = load_adapter(adapter_file, scene_model), Scene()
    for (case_name, angle), draw in views(seed).items():
        view = draw()
        if view is None or view.warp().holes < LEAST_HOLES:
            return None
        case = evidence(view, DEPTH, adapter.wan)
        for method, video in results(adapter, view, case, steps).items():
            found[Key(method, case_name, angle)] = figures(video, view, case)
    return found


def explained(adapter: Adapter, seeds: list[int]) -> float:
    """Return the share of the states' variance that a linear reader finds in the adapter's latents, in other scenes, in %."""
    assert adapter.scene_model is not None
    states = [adapter.scene_model.states_of(NewView.of(seed, SIZE, 0.0).source.colour) for seed in seeds]
    with torch.no_grad():
        latents = [adapter.file.model.adapter(one, SIZE[1] // WAN.cell, SIZE[2] // WAN.cell).flatten(1) for one in states]
    half = len(seeds) // 2
    taught, judged = (torch.cat(latents[part]) for part in (slice(half), slice(half, None)))
    wanted, truth = (torch.cat(states[part]).flatten(1) for part in (slice(half), slice(half, None)))
    read = _linear_reader(taught, wanted)
    rest = (read(judged) - truth).square().sum() / (wanted.mean(0) - truth).square().sum()
    return 100 * (1 - float(rest))


def _linear_reader(inputs: torch.Tensor, outputs: torch.Tensor) -> Callable[[torch.Tensor], torch.Tensor]:
    """Return the ridge regression from ``[N, n]`` to ``[N, m]``, in its dual form, for few examples of many numbers."""
    middle, target = inputs.mean(0), outputs.mean(0)
    gram = (inputs - middle) @ (inputs - middle).T
    ridge = 1e-2 * gram.diagonal().mean() * torch.eye(len(gram))
    weights = torch.linalg.solve(gram + ridge, outputs - target)
    return lambda found: (found - middle) @ (inputs - middle).T @ weights + target


def over_arcs(found: Samples) -> Samples:
    """Return the mean over a scene's arcs, a value a scene: arcs of one scene are no independent draws."""
    pooled = Samples()
    for method in dict.fromkeys(key.method for key in found):
        arcs = [found[key] for key in found if key.case == ARC and key.method == method]
        for figure in arcs[0]:
            values = zip(*(arc[figure] for arc in arcs), strict=True)
            pooled[Key(method, "all arcs")][figure].extend(sum(one) / len(one) for one in values)
    return pooled


def table(found: Samples) -> list[Row]:
    """Return the targets over all arcs, then every mean."""
    pooled = over_arcs(found)
    full, both = Key(ALL, "all arcs"), Key(BOTH, "all arcs")
    bounds = {"whole PSNR": {"least": 1}, "pose error, position": {"most": 0}, "pose error, turn": {"most": 0}}
    listed = [pooled.gain(full, POSE, name, **bound) for name, bound in bounds.items() if pooled.has(full, name)]
    if pooled.has(both, "holes LPIPS"):
        listed.append(pooled.ratio(both, GUIDED, "holes LPIPS", most=1))
    return listed + pooled.means() + found.means()


COLUMNS = {
    "whole PSNR": "whole PSNR",
    "whole LPIPS": "whole LPIPS",
    "holes LPIPS": "holes LPIPS",
    "pose error, position": "position, % of rho",
    "pose error, turn": "turn, degrees",
}


def page(document: Document) -> list[str]:
    """Return the targets, a table over all arcs, and the tables of every case folded away."""
    listed = read(document)
    by_case: dict[str, list[Row]] = {}
    for one in listed:
        if one.method and not one.against:
            by_case.setdefault(one.case if one.at is None else f"{one.case}, {one.at:g} degrees", []).append(one)
    tables = {case: ["", f"**{case}**", "", *wide_table(found, COLUMNS)] for case, found in by_case.items()}
    overall = tables.pop("all arcs", [])
    lines = long_table(one for one in listed if one.against or not one.method)
    return [*lines, *overall, *folded("every arc and case", [line for table in tables.values() for line in table])]


def rows(
    seed: int, scenes: int = 8, processes: int = 2, steps: int = 12, adapter: str = "", scene_model: str = ""
) -> list[Row]:
    """Compare the methods; ``adapter`` and ``scene_model`` are paths of files, by default the shipped ones."""
    files = Path(adapter or SCENE_ADAPTER_FILE), Path(scene_model or SCENE_FILE)
    if not files[0].is_file():
        return [not_measured("scene latents", f"no adapter file {files[0].name}")]
    candidates = scene_seeds(seed, 8 * scenes)
    listed = table(measure(partial(one_scene, *files, steps), candidates, scenes, processes))
    loaded = load_adapter(*files)
    if loaded.scene_model is not None:
        listed.append(row("states explained", explained(loaded, candidates[: 2 * READER_SCENES]), "%"))
    return listed


if __name__ == "__main__":
    main(rows)
