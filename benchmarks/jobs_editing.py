"""Editing on scenes whose edited truth is rendered: the nearest thing in another colour, carried along or asked for in words.

``python -m benchmarks.jobs_editing --seed 0 --scenes 4 --json -``

*Edit propagation*: the first frame is replaced by the first frame of the recoloured rendering; what differs is tracked, carried
and completed as ``workflows/edit_propagation.json`` does. Nothing else of the truth is looked at. A cross-fade goes from the
edited first frame to the clip. *Text*: the thing is hidden under its tracked bounding box and asked for in each of four
colours, as ``workflows/editing.json`` does; chance is one in four.

``outside`` is what was to stay: pixels that are wholly known, against the VAE's own reconstruction of the clip. ``inside`` is
the thing's own pixels in all frames but the first, against the rendered truth. Patch features are those of a DINOv2-style
network, compared with the thing's in the edited first frame; they see the VAE's blur, so the cross-fade that sets their bound
went through the VAE as well.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from statistics import mean

import torch

from benchmarks.jobs_model import Completion, Studio
from benchmarks.model_dit import LEAST_SHOWN, PROBED, named_colour, recoloured
from benchmarks.report import Row, at_least, at_most, model_main
from benchmarks.unseen import scene_seeds
from hosting.assets import why_missing
from hosting.lpips import Lpips, load_lpips
from hosting.patch_features import PatchFeatures, closeness, load_patch_features
from inversecrafter_core.editing import composite, drift, edited_region, propagate, shaped, track
from inversecrafter_core.evaluation import masked_psnr
from inversecrafter_core.inverse import ProximalSettings
from inversecrafter_core.sampling import ALWAYS
from inversecrafter_core.synthetic import Scene, caption, frame_times, random_scene, render
from inversecrafter_core.synthetic.caption import named_things
from training.contexts import shown_things
from training.pool import FRAMES, HEIGHT, WIDTH

CARRY = Completion(6, window=ALWAYS, mask="area", proximal=ProximalSettings("closed_form", 8.0))
ASK = Completion(12, window=ALWAYS, mask="area", proximal=ProximalSettings("closed_form", 8.0), guidance=6.0)
"""Chosen on scenes of seed 5. With the mask of eq. 5 the ring around a hole, which hiding moves too, is made anew as well:
outside 26 to 28 dB on the largest thing, with the area 32 to 34. Without data consistency so is the hole's edge: 21 to 31 dB,
with it 38 to 48, and the same colours come."""
GROW = 12  # pixels around the box that hides a thing; at 4, things of two scenes do not take the asked colour that do at 12
COMPARED = (8, 16)  # frames whose patch features are looked at
WAYS = ("VAE of the truth", "cross-fade", "cross-fade through the VAE", "carried, no model", "edit propagation")


@dataclass(frozen=True)
class Case:
    """One scene: its clip, where its nearest thing is (``[F, H, W]`` bool), and the scene as a value."""

    scene: Scene
    clip: torch.Tensor
    thing: torch.Tensor

    def edited(self, colour: str) -> torch.Tensor:
        """The clip with the thing in one plain colour."""
        return render(recoloured(self.scene, colour), frame_times(FRAMES), HEIGHT, WIDTH).colour

    def new_colour(self) -> str:
        """A probed colour that the thing has not."""
        texture = named_things(self.scene)[0].texture
        return next(colour for colour in PROBED if colour not in (texture.colour, texture.second))


def cases(seed: int, scenes: int) -> Iterator[Case]:
    """The first ``scenes`` unseen ones whose nearest thing is worth editing: in view in the first frame and after."""
    for number in scene_seeds(seed, 4 * scenes):
        if scenes == 0:
            return
        scene = random_scene(number)
        clip = render(scene, frame_times(FRAMES), HEIGHT, WIDTH)
        thing = shown_things(scene, clip) == scene.things.index(named_things(scene)[0]) + 1
        if bool((thing[[0, *COMPARED]].flatten(1).float().mean(1) >= LEAST_SHOWN).all()):
            scenes -= 1
            yield Case(scene, clip.colour, thing)


def cross_fade(edited: torch.Tensor, clip: torch.Tensor) -> torch.Tensor:
    """From the edited first frame to the clip, at an even pace."""
    return torch.lerp(edited[None], clip, torch.linspace(0, 1, len(clip)).view(-1, 1, 1, 1))


class Found:
    """Figures by name, a list of one a scene."""

    def __init__(self) -> None:
        self.values: defaultdict[str, list[float]] = defaultdict(list)

    def add(self, **figures: float) -> None:
        for name, value in figures.items():
            self.values[name].append(value)

    def __call__(self, name: str) -> float:
        return mean(self.values[name])


def propagated(case: Case, studio: Studio, metric: Lpips | None, features: PatchFeatures | None, found: Found) -> None:
    """One scene's edit, carried along."""
    truth = case.edited(case.new_colour())
    followed = track(case.clip, edited_region(case.clip[0], truth[0]))
    given = propagate(case.clip, truth[0], followed.inside)
    made = studio.complete(given.video, given.visible, CARRY, seed=1)
    found.add(overlap=float((followed.inside & case.thing).sum() / (followed.inside | case.thing).sum()))
    rebuilt = studio.through_vae(given.video)
    outside(made, given.video, rebuilt, given.visible, "carried", found)
    fade = cross_fade(truth[0], case.clip)
    clips = (studio.through_vae(truth), fade, studio.through_vae(fade), rebuilt, made)
    later = case.thing.clone()
    later[0] = False
    for way, clip in zip(WAYS, clips, strict=True):
        found.values[f"{way} psnr"].append(masked_psnr(clip, truth, later.float()))
        if metric is not None:
            found.values[f"{way} lpips"].append(float(metric.maps(clip.movedim(-1, 1), truth.movedim(-1, 1))[later].mean()))
        if features is not None:
            first = features.of_thing(truth[0], case.thing[0])
            near = [closeness(features.of_thing(clip[t], case.thing[t]), first) for t in COMPARED]
            found.values[f"{way} features"].append(mean(near))


def outside(
    made: torch.Tensor, source: torch.Tensor, rebuilt: torch.Tensor, visible: torch.Tensor, what: str, found: Found
) -> None:
    """What was to stay, against the source as ``rebuilt`` by the VAE; and with the composite, against the source itself."""
    told = drift(made, source, visible, rebuilt)
    assert told.past_vae_psnr_db is not None and told.vae_psnr_db is not None and told.past_vae_shift is not None
    blended = drift(composite(made, source, visible), source, visible, composite=True)
    found.add(
        **{
            f"{what} past the VAE": told.past_vae_psnr_db,
            f"{what} VAE": told.vae_psnr_db,
            f"{what} shift": max(map(abs, told.past_vae_shift)),
            f"{what} composite": blended.psnr_db,
        }
    )


def asked(case: Case, studio: Studio, found: Found, how: Completion = ASK) -> None:
    """One scene's thing, hidden and asked for in each colour."""
    hidden = shaped(track(case.clip, case.thing[0]).inside, GROW, boxes=True)
    visible, rebuilt = (~hidden).float(), studio.through_vae(case.clip)
    for colour in PROBED:
        words = replace(how, prompt=caption(recoloured(case.scene, colour)))
        made = studio.complete(case.clip, visible, words, seed=case.scene.seed)
        found.add(hits=100.0 * (named_colour(made[case.thing].mean(0)) == colour))
        outside(made, case.clip, rebuilt, visible, "asked", found)


def carried_rows(found: Found, scenes: int) -> list[Row]:
    """Edit propagation as a table."""
    listed = [Row(f"edit followed, overlap with the true mask, {scenes} scenes", found("overlap"), "")]
    listed.append(Row("outside, VAE alone against the source, PSNR", found("carried VAE"), "dB"))
    listed.append(at_least("outside, edit propagation past the VAE, PSNR", found("carried past the VAE"), "dB", 30))
    listed.append(Row("outside, largest colour shift past the VAE", found("carried shift"), "/ 255"))
    listed.append(Row("outside, with the composite against the source, PSNR", found("carried composite"), "dB"))
    listed += [Row(f"inside, {way}, PSNR", found(f"{way} psnr"), "dB") for way in WAYS[:-1]]
    listed.append(at_least(f"inside, {WAYS[-1]}, PSNR", found(f"{WAYS[-1]} psnr"), "dB", round(found("cross-fade psnr"), 2)))
    if "cross-fade lpips" in found.values:
        listed += [Row(f"inside, {way}, LPIPS", found(f"{way} lpips"), "") for way in WAYS[:-1]]
        worst = round(found("cross-fade lpips"), 4)
        listed.append(at_most(f"inside, {WAYS[-1]}, LPIPS", found(f"{WAYS[-1]} lpips"), "", worst))
    if "cross-fade features" not in found.values:
        return [*listed, Row(f"patch features: not measured, {why_missing('focus_vit')}", float("nan"), "")]
    listed += [Row(f"patch features near frame 1's, {way}", found(f"{way} features"), "") for way in WAYS[:-1]]
    least = round(found("cross-fade through the VAE features"), 4)
    listed.append(at_least(f"patch features near frame 1's, {WAYS[-1]}", found(f"{WAYS[-1]} features"), "", least))
    return listed


def asked_rows(found: Found) -> list[Row]:
    """Text-guided inpainting as a table."""
    edits = len(found.values["hits"])
    return [
        at_least(f"the asked colour comes inside the mask, {edits} edits", found("hits"), "%", 80),
        at_least("outside, text-guided past the VAE, PSNR", found("asked past the VAE"), "dB", 30),
        Row("outside, text-guided, largest colour shift past the VAE", found("asked shift"), "/ 255"),
    ]


def rows(seed: int, scenes: int) -> list[Row]:
    """Every figure of the editing jobs."""
    studio, metric, features = Studio.load(), load_lpips(), load_patch_features()
    found, edits = Found(), list(cases(seed, scenes))
    for case in edits:
        propagated(case, studio, metric, features, found)
        asked(case, studio, found)
    return carried_rows(found, len(edits)) + asked_rows(found)


if __name__ == "__main__":
    model_main("jobs_editing", rows)
