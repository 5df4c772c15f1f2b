"""Editing on scenes whose edited truth is rendered: the nearest thing in another colour, carried along or asked for in words.

``python -m lab.benchmarks.jobs.editing --seed 0 --scenes 16 --json -``; means over scenes with their 95 % interval.

*Edit propagation*: the first frame is replaced by the first frame of the recoloured rendering; what differs is tracked, carried
and completed as ``workflows/edit_propagation.json`` does. Nothing else of the truth is looked at. A cross-fade goes from the
edited first frame to the clip.

*Text*: the thing is hidden and asked for in a colour that it has not, each scene in one; chance is one in four. Ways differ in
what is hidden (the tracked *outline*, or its bounding *box* and a margin), in what is encoded (the clip with that infilled, or
as it is) and in the latent mask; ``workflows/editing.json`` does the first. *First frame given*: that of the rendered edit, as
any image inpainting may make it.

``outside`` is what was to stay: pixels that are wholly known, against the VAE's own reconstruction of the clip. ``inside`` is
the thing's own pixels in all frames but the first, ``around it`` what a box around it holds beside it, both against the
rendered edit. Patch features are those of a DINOv2-style network, compared with the thing's in the edited first frame; they see
the VAE's blur, so the cross-fade that sets their bound went through the VAE as well.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from statistics import mean

import torch

from inversecrafter_core.editing import composite, drift, edited_region, propagate, shaped, track
from inversecrafter_core.evaluation import masked_psnr
from inversecrafter_core.inverse import ProximalSettings
from inversecrafter_core.masks import AREA_POWER, MaskMethod, MaskSettings
from inversecrafter_core.sampling import ALWAYS
from inversecrafter_core.warp import fill_holes
from lab.benchmarks.intervals import gains, interval, mean_row, ratios, surely_at_least, surely_at_most
from lab.benchmarks.models.video_model import LEAST_SHOWN, PROBED, named_colour, recoloured
from lab.benchmarks.report import Row, model_main
from lab.data.assets import why_missing
from lab.data.contexts import shown_things
from lab.data.pool import FRAMES, HEIGHT, WIDTH
from lab.data.unseen import scene_seeds
from lab.metrics.lpips import Lpips, load_lpips
from lab.metrics.patch_features import PatchFeatures, closeness, load_patch_features
from lab.world import Scene, caption, frame_times, random_scene, render
from lab.world.caption import named_things

from .model import Completion, Studio

SHARE = 1 / AREA_POWER
"""Strength of the mask *area* at which soft masks stay as they are: the plain share of known pixels."""
CARRY = Completion(6, window=ALWAYS, mask=MaskSettings(strength=SHARE), proximal=ProximalSettings("closed_form", 8.0))
ASK = replace(CARRY, steps=12, guidance=6.0)
"""Chosen on scenes of seed 5. With the mask of eq. 5 the ring around a hole, which hiding moves too, is made anew as well:
outside 26 to 28 dB on the largest thing, with the area 32 to 34. Without data consistency so is the hole's edge: 21 to 31 dB,
with it 38 to 48, and the same colours come."""
GROW = 12  # pixels around the box
EDGE = 2  # pixels around the outline: those at its edge show the thing too, and the infill would spread them
COMPARED = (8, 16)  # frames whose patch features are looked at
WAYS = ("VAE of the truth", "cross-fade", "cross-fade through the VAE", "carried, no model", "edit propagation")
JUDGED = ("whole", "inside", "around it")


@dataclass(frozen=True)
class TextEdit:
    """How a thing is replaced by words: the region (bounding box or tracked outline, grown by so many pixels), what is encoded
    (the clip with the region infilled, or as it is), and how it is completed; ``first_frame``: an edited one is given.
    """

    how: Completion
    boxes: bool = False
    grow: int = EDGE
    infill: bool = True
    first_frame: bool = False


SHIPPED, PAPER = "outline, infilled, area", "outline, infilled, known_source"
TEXT_EDITS = {
    SHIPPED: TextEdit(ASK),
    PAPER: TextEdit(replace(ASK, mask=MaskSettings(MaskMethod.KNOWN_SOURCE))),
    f"box and {GROW} pixels, not infilled, area": TextEdit(ASK, boxes=True, grow=GROW, infill=False),
    f"{SHIPPED}, first frame given": TextEdit(ASK, first_frame=True),
}


@dataclass(frozen=True)
class Case:
    """One scene: its clip, where its nearest thing is (``[F, H, W]`` bool), and the scene as a value."""

    scene: Scene
    clip: torch.Tensor
    thing: torch.Tensor

    def edited(self, colour: str) -> torch.Tensor:
        """The clip with the thing in one plain colour."""
        return render(recoloured(self.scene, colour), frame_times(FRAMES), HEIGHT, WIDTH).colour

    def new_colour(self, choice: int = 0) -> str:
        """One of the probed colours that the thing has not."""
        texture = named_things(self.scene)[0].texture
        others = [colour for colour in PROBED if colour not in (texture.colour, texture.second)]
        return others[choice % len(others)]


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


Found = defaultdict[str, list[float]]
"""Figures by name, a value a scene."""


def propagated(case: Case, studio: Studio, metric: Lpips | None, features: PatchFeatures | None, found: Found) -> None:
    """One scene's edit, carried along."""
    truth = case.edited(case.new_colour())
    followed = track(case.clip, edited_region(case.clip[0], truth[0]))
    given = propagate(case.clip, truth[0], followed.inside)
    made = studio.complete(given.video, given.visible, CARRY, seed=1)
    found["overlap"].append(float((followed.inside & case.thing).sum() / (followed.inside | case.thing).sum()))
    rebuilt = studio.through_vae(given.video)
    outside(made, given.video, rebuilt, given.visible, "carried", found)
    fade = cross_fade(truth[0], case.clip)
    clips = (studio.through_vae(truth), fade, studio.through_vae(fade), rebuilt, made)
    later = case.thing.clone()
    later[0] = False
    for way, clip in zip(WAYS, clips, strict=True):
        found[f"{way} psnr"].append(masked_psnr(clip, truth, later.float()))
        if metric is not None:
            found[f"{way} lpips"].append(float(metric.maps(clip.movedim(-1, 1), truth.movedim(-1, 1))[later].mean()))
        if features is not None:
            first = features.of_thing(truth[0], case.thing[0])
            near = [closeness(features.of_thing(clip[t], case.thing[t]), first) for t in COMPARED]
            found[f"{way} features"].append(mean(near))


def outside(
    made: torch.Tensor, source: torch.Tensor, rebuilt: torch.Tensor, visible: torch.Tensor, what: str, found: Found
) -> None:
    """What was to stay, against the source as ``rebuilt`` by the VAE; and with the composite, against the source itself."""
    moved = drift(made, source, visible, rebuilt)
    assert moved.past_vae_psnr_db is not None and moved.vae_psnr_db is not None and moved.past_vae_shift is not None
    blended = drift(composite(made, source, visible), source, visible, composite=True)
    found[f"{what} past the VAE"].append(moved.past_vae_psnr_db)
    found[f"{what} VAE"].append(moved.vae_psnr_db)
    found[f"{what} shift"].append(max(map(abs, moved.past_vae_shift)))
    if blended.psnr_db is not None:
        found[f"{what} composite"].append(blended.psnr_db)


def edited_by(
    edit: TextEdit, case: Case, colour: str, truth: torch.Tensor, studio: Studio
) -> tuple[torch.Tensor, torch.Tensor]:
    """The clip with its thing asked for in another colour, and what of it was to stay, ``[F, H, W]``."""
    clip, kept = case.clip.clone(), ~shaped(track(case.clip, case.thing[0]).inside, edit.grow, boxes=edit.boxes)
    visible = kept.clone()
    if edit.first_frame:
        clip[0], visible[0] = truth[0], True
    given = fill_holes(clip, visible) if edit.infill else clip
    how = replace(edit.how, prompt=caption(recoloured(case.scene, colour)))
    return studio.complete(given, visible.float(), how, seed=case.scene.seed, source=clip), kept.float()


def asked(case: Case, studio: Studio, metric: Lpips | None, found: Found) -> None:
    """One scene's thing, hidden and asked for in another colour, in every way."""
    colour = case.new_colour(case.scene.seed)
    truth, rebuilt, thing = case.edited(colour), studio.through_vae(case.clip), case.thing[1:]
    around = shaped(case.thing, GROW, boxes=True)[1:]
    for name, edit in TEXT_EDITS.items():
        made, kept = edited_by(edit, case, colour, truth, studio)
        later, true = made[1:], truth[1:]
        found[f"{name}, hits"].append(100.0 * (named_colour(later[thing].mean(0)) == colour))
        where = {"whole": None, "inside": thing.float(), "around it": (around & ~thing).float()}
        for figure in JUDGED:
            found[f"{name}, {figure}"].append(masked_psnr(later, true, where[figure]))
        if metric is not None:
            pair = (clip[::3].movedim(-1, 1) for clip in (later, true))
            found[f"{name}, lpips"].append(float(metric(*pair).mean()))
        outside(made, case.clip, rebuilt, kept, f"{name},", found)


def carried_rows(found: Found, scenes: int) -> list[Row]:
    """Edit propagation as a table."""
    listed = [mean_row(f"edit followed, overlap with the true mask, {scenes} scenes", found["overlap"])]
    listed.append(mean_row("outside, VAE alone against the source, PSNR", found["carried VAE"], "dB"))
    past = interval(found["carried past the VAE"])
    listed.append(surely_at_least("outside, edit propagation past the VAE, PSNR", past, "dB", 30))
    listed.append(mean_row("outside, largest colour shift past the VAE", found["carried shift"], "/ 255"))
    listed.append(mean_row("outside, with the composite against the source, PSNR", found["carried composite"], "dB"))
    ours, fade = WAYS[-1], WAYS[1]
    above = gains(found[f"{ours} psnr"], found[f"{fade} psnr"])
    listed.append(surely_at_least(f"inside, {ours} above {fade}, PSNR", above, "dB", 0))
    if f"{fade} lpips" in found:
        ratio = ratios(found[f"{ours} lpips"], found[f"{fade} lpips"])
        listed.append(surely_at_most(f"inside, {ours} over {fade}, LPIPS", ratio, "x", 1.0))
    if f"{fade} features" in found:
        nearer = gains(found[f"{ours} features"], found[f"{WAYS[2]} features"])
        listed.append(surely_at_least(f"patch features near frame 1's, {ours} above {WAYS[2]}", nearer, "", 0))
    else:
        listed.append(Row(f"patch features: not measured, {why_missing('focus_vit')}", float("nan"), ""))
    figures = {"psnr": ("inside, {}, PSNR", "dB"), "lpips": ("inside, {}, LPIPS", ""), "features": ("patch features, {}", "")}
    listed += [
        mean_row(title.format(way), found[f"{way} {figure}"], unit)
        for figure, (title, unit) in figures.items()
        for way in WAYS
        if f"{way} {figure}" in found
    ]
    return listed


def asked_rows(found: Found) -> list[Row]:
    """Text-guided inpainting as a table: the graph's way, then each of the others beside it."""
    listed = []
    for name in TEXT_EDITS:
        came, past = interval(found[f"{name}, hits"]), interval(found[f"{name}, past the VAE"])
        listed.append(surely_at_least(f"{name}: the asked colour comes inside the mask", came, "%", 80))
        listed.append(surely_at_least(f"{name}: outside, past the VAE, PSNR", past, "dB", 30))
        listed.append(mean_row(f"{name}: outside, largest colour shift past the VAE", found[f"{name}, shift"], "/ 255"))
        listed += [
            mean_row(f"{name}: {figure} PSNR to the rendered edit", found[f"{name}, {figure}"], "dB") for figure in JUDGED
        ]
        if f"{name}, lpips" in found:
            listed.append(mean_row(f"{name}: LPIPS to the rendered edit", found[f"{name}, lpips"]))
    for other in list(TEXT_EDITS)[1:]:
        if f"{other}, lpips" in found:
            ratio = ratios(found[f"{SHIPPED}, lpips"], found[f"{other}, lpips"])
            listed.append(surely_at_most(f"LPIPS to the rendered edit, {SHIPPED} over {other}", ratio, "x", 1.0))
    return listed


def rows(seed: int, scenes: int) -> list[Row]:
    """Every figure of the editing jobs."""
    studio, metric, features = Studio.load(), load_lpips(), load_patch_features()
    found, edits = Found(list), list(cases(seed, scenes))
    for case in edits:
        propagated(case, studio, metric, features, found)
        asked(case, studio, metric, found)
    return carried_rows(found, len(edits)) + asked_rows(found)


if __name__ == "__main__":
    model_main("editing", rows)
