"""Score the shipped files and write their cards and sheets: ``python -m lab.benchmarks.models.cards vae``, or ``dit``, ...

A card is a text of ``texts/``, into which the facts of the file and the figures of its benchmark are put. Sheets are of scenes
and clips that nothing trained on.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import safe_open

from inversecrafter_core.depth import DepthEstimator, SmallDepth
from inversecrafter_core.depth.estimators.small import AREA
from inversecrafter_core.depth.upsample import resize_map
from inversecrafter_core.preview.depth import DepthStyle, depth_preview
from inversecrafter_core.scene import load_scene_network, reconstruct
from inversecrafter_core.scene.reconstruction import AREA as SCENE_AREA
from lab.benchmarks.report import Row, long_table
from lab.benchmarks.scene_latents import compare
from lab.benchmarks.warp.robustness import evidence
from lab.data.assets import asset
from lab.data.pool import FRAMES, HEIGHT, WIDTH
from lab.data.reprojections import PHOTO_SHARE, STRENGTHS
from lab.data.scenes.known_clips import reprojected_footage, reprojected_scenes
from lab.data.scenes.new_views import NewView
from lab.data.sheet import as_bytes, contact_sheet, paint_holes, write_picture
from lab.data.stereo import stereo_pair
from lab.data.unseen import REAL_CLIPS, real_clip, scene_seeds
from lab.host.paths import ROOT
from lab.models.coder import Coder
from lab.models.guided import small_wan
from lab.models.mask_encoder import SSIM_WEIGHT, load_predictor
from lab.models.shipped import DEPTH_FILE, DIT_FILE, MASK_ENCODER_FILE, SCENE_ADAPTER_FILE, SCENE_FILE, VAE_FILE
from lab.models.token_masks import PICTURE_TUBE_SHARE, SHARES
from lab.models.video import GUIDANCE, SHIFT, STEPS
from lab.world import WORLD_VERSION, caption, frame_times, random_scene, render

from . import depth, mask_encoder, scene, vae, video_model

TEXTS, WEIGHTS = Path(__file__).parent / "texts", ROOT / "weights"
SHEET_SEEDS = (101, 102, 103)
CHANNELS = (0, 5, 10)
Facts = dict[str, object]
Sheet = Iterator[tuple[str, torch.Tensor]]
"""Rows of a sheet: label and clip ``[F, H, W, 3]``."""


@dataclass(frozen=True)
class Card:
    """The parts of one card.

    Attributes:
        rows, scenes: its benchmark, and on how many scenes.
        facts, sheet: what its text and its picture need beside that.
        stills: the rows of the sheet are pictures side by side, not clips.
    """

    file: Path
    rows: Callable[[int, int], Sequence[Row]]
    scenes: int
    facts: Callable[[], Facts]
    sheet: Callable[[], Sheet]
    stills: bool = False

    def write(self, name: str) -> None:
        """Measure, draw, and write the card beside the weights."""
        clips = {label: as_bytes(clip) for label, clip in self.sheet()}
        moments = range(len(next(iter(clips.values())))) if self.stills else 5
        write_picture(WEIGHTS / f"{name}.jpg", contact_sheet(clips, moments, WIDTH))
        found, facts = self.rows(0, self.scenes), self.facts()
        facts |= header_facts(self.file) | {
            "command": f"python -m {self.rows.__module__} --seed 0 --scenes {self.scenes}",
            "figures": "\n".join(long_table(found)),
            "misses": misses(found),
        }
        text = (TEXTS / f"{name}.md").read_text(encoding="utf-8").format_map(facts)
        (WEIGHTS / f"{self.file.stem}.md").write_text(text, encoding="utf-8")


def header_facts(path: Path) -> Facts:
    """Return licence, recipe, commit and size of a shipped file, and its training's steps, time and data, from its header."""
    with safe_open(path, "pt") as file:
        made = file.metadata()
    recipe = f"Recipe, in a clone of the repository: `{made['recipe']}`, at commit {made['commit']}."
    size = path.stat().st_size / 1e6
    training = "{steps} steps in {minutes} minutes, no GPU, on {data}" if "steps" in made else "see its recipe"
    origin = f"Licence {made['license']}. {recipe} Size: {size:.1f} MB, fp16."
    return {"origin": origin, "training": training.format_map(made)}


def misses(rows: Sequence[Row]) -> str:
    """Return the missed targets as a list, or that there are none."""
    missed = [f"- {row.name}: {row.value:.4g} {row.unit} (wanted {row.target})" for row in rows if row.holds is False]
    return "\n".join(missed) or "None of the targets above."


def parameters(module: torch.nn.Module) -> str:
    """Return how many there are, in millions."""
    return f"{sum(value.numel() for value in module.parameters()) / 1e6:.1f}"


def vae_facts() -> Facts:
    """Return the facts of the VAE."""
    model = small_wan().coder.model
    return {"width": model.encoder.dim, "parameters": parameters(model)}


def vae_sheet() -> Sheet:
    """Yield source and reconstruction in turns."""
    coder = small_wan().coder
    clips = {f"scene {seed}": vae.scene(seed) for seed in SHEET_SEEDS}
    clips |= {name: real_clip(name) for name in REAL_CLIPS if asset(name)}
    for name, clip in clips.items():
        yield name, clip
        yield f"{name}, reconstructed", coder.decode(coder.encode(clip))


def dit_facts() -> Facts:
    """Return the facts of the video model."""
    return {
        "parameters": parameters(small_wan().network),
        "hidden": f"{PICTURE_TUBE_SHARE:.0%}",
        "shift": f"{SHIFT:g}",
        "guidance": f"{GUIDANCE:g}",
        "steps": STEPS,
        "mixture": ", ".join(f"{name} {share:.0%}" for name, share in SHARES.items()),
        "prompts": "\n".join(f"{number}. {caption(random_scene(seed))}" for number, seed in enumerate(SHEET_SEEDS, 1)),
    }


def dit_sheet() -> Sheet:
    """Yield samples from text alone, then completions."""
    wan = small_wan()
    for number, seed in enumerate(SHEET_SEEDS, 1):
        yield f"prompt {number}", wan.coder.decode(wan.sample(caption(random_scene(seed)), seed))
    for seed in scene_seeds(0, 2):
        view = NewView.of(seed)
        warp = view.exact_warp()
        holed = torch.from_numpy(paint_holes(as_bytes(warp.video), as_bytes(1 - warp.visible))).float() / 255
        yield f"scene {seed}, true new view", view.truth
        yield f"scene {seed}, warp", holed
        yield f"scene {seed}, Telea", warp.video
        yield f"scene {seed}, model", video_model.completed(warp, view.prompt, seed, wan)


def depth_facts() -> Facts:
    """Return the facts of the depth network, its speed on this machine among them."""
    model = SmallDepth.load(DEPTH_FILE)
    video = torch.rand(FRAMES, HEIGHT, WIDTH, 3)
    model.estimate(video)
    start = time.perf_counter()
    model.estimate(video)
    speed = f"{FRAMES / (time.perf_counter() - start):.0f}"
    threads, weights = torch.get_num_threads(), parameters(model.module)
    return {"parameters": weights, "area": AREA, "speed": speed, "threads": threads, "world": WORLD_VERSION}


def depth_sheet() -> Sheet:
    """Yield for every clip the picture, the true depth where it is known, and each model's, as the frames of a row."""
    models = [model for name, model in depth.estimators().items() if name != depth.PRIOR]
    for seed in scene_seeds(0, 5):
        clip = render(random_scene(seed), frame_times(FRAMES), HEIGHT, WIDTH)
        yield f"scene {seed}", _depth_row(clip.colour, clip.depth, models)
    pair = stereo_pair()
    if pair is not None:
        small = resize_map(pair.left.permute(2, 0, 1), (HEIGHT, WIDTH), "area").permute(1, 2, 0)
        truth = torch.where(pair.geometry.valid, pair.geometry.depth, torch.inf)
        yield "stereo pair", _depth_row(small[None], resize_map(truth, (HEIGHT, WIDTH), "nearest-exact"), models)
    for name in REAL_CLIPS:
        if asset(name):
            yield name, _depth_row(real_clip(name), None, models)


def _depth_row(video: torch.Tensor, truth: torch.Tensor | None, models: list[DepthEstimator]) -> torch.Tensor:
    shown = min(7, len(video) - 1)
    maps = [torch.full(video.shape[:3], torch.inf) if truth is None else truth]
    maps += [model.estimate(video).values for model in models]
    return torch.stack([video[shown], *(_coloured(depth)[shown] for depth in maps)])


def _coloured(depth: torch.Tensor) -> torch.Tensor:
    """Return ``[F, H, W]`` as ``[F, H, W, 3]``, near is bright; unknown depth is black."""
    known = torch.isfinite(depth)
    return depth_preview(depth, known, DepthStyle.COLOUR) if bool(known.any()) else torch.zeros(*depth.shape, 3)


def scene_facts() -> Facts:
    """Return the facts of the scene network."""
    network = load_scene_network(SCENE_FILE)
    spec, weights = network.spec, parameters(network)
    tokens = spec.rows * spec.columns
    sizes = {"parameters": weights, "tokens": tokens, "width": spec.width, "layers": spec.decoder}
    return {**sizes, "area": SCENE_AREA, "world": WORLD_VERSION}


def scene_sheet() -> Sheet:
    """Yield for every scene the last picture, its true depth, the network's, and its confidence, as the frames of a row."""
    network = load_scene_network(SCENE_FILE)
    for seed in scene_seeds(0, 6):
        clip = NewView.of(seed, degrees=scene.ARCS[1]).target
        found = reconstruct(network, clip.colour)
        maps = [resize_map(part, (HEIGHT, WIDTH)) for part in (found.depth, 1 / found.confidence)]
        yield f"scene {seed}", torch.stack([clip.colour[-1], *(_coloured(depth)[-1] for depth in (clip.depth, *maps))])


def scene_adapter_facts() -> Facts:
    """Return the facts of the scene adapter."""
    model = compare.load_adapter(SCENE_ADAPTER_FILE, SCENE_FILE).file.model
    return {"parameters": parameters(model), "every": model.spec.every, "network": model.spec.network}


def scene_adapter_sheet() -> Sheet:
    """Yield for every scene the source, the true view, the warp that guidance has, and every method's result."""
    adapter = compare.load_adapter(SCENE_ADAPTER_FILE, SCENE_FILE)
    for seed in scene_seeds(0, 3):
        view = NewView.of(seed, compare.SIZE, compare.HARD_ANGLE)
        case = evidence(view, compare.DEPTH, adapter.wan)
        yield f"scene {seed}, source", view.source.colour
        yield f"scene {seed}, true view", view.truth
        holed = torch.from_numpy(paint_holes(as_bytes(case.warp.video), as_bytes(1 - case.warp.visible))).float() / 255
        yield f"scene {seed}, warp", holed
        for method, video in compare.results(adapter, view, case, STEPS).items():
            yield f"scene {seed}, {method}", video


def mask_facts() -> Facts:
    """Return the facts of the mask encoder."""
    predictor = load_predictor(MASK_ENCODER_FILE)
    return {
        "parameters": parameters(predictor.encoder),
        "width": predictor.spec.width,
        "reads": predictor.spec.reads,
        "world": WORLD_VERSION,
        "low": STRENGTHS[0],
        "high": STRENGTHS[1],
        "photos": f"{PHOTO_SHARE:.0%}",
        "weight": SSIM_WEIGHT,
    }


@torch.inference_mode()
def mask_sheet() -> Sheet:
    """Yield for every clip the picture, holes, and ``h_gt`` and the learned ``h`` of some channels, as the frames of a row."""
    space, predictor = Coder.read(VAE_FILE), load_predictor(MASK_ENCODER_FILE)
    cases = [*reprojected_scenes(0, 3), *list(reprojected_footage())[::2]]
    for number, case in enumerate(cases, 1):
        visible, warp = case.warp.visible, case.warp.video
        masks = space.wanted(case.truth[None], warp[None]), predictor.mask(visible[None], warp[None])
        for latent in (2, 4):
            planes = [h[0, channel, latent] for channel in CHANNELS for h in masks]
            tiles = [plane.repeat_interleave(8, 0).repeat_interleave(8, 1) for plane in planes]
            grey = [tile.unsqueeze(-1).expand(-1, -1, 3) for tile in (visible[4 * latent - 1], *tiles)]
            yield f"clip {number}, latent frame {latent}", torch.stack([case.truth[4 * latent - 1], *grey])


CARDS = {
    "vae": Card(VAE_FILE, vae.rows, 8, vae_facts, vae_sheet),
    "dit": Card(DIT_FILE, video_model.rows, 8, dit_facts, dit_sheet),
    "depth": Card(DEPTH_FILE, depth.rows, 32, depth_facts, depth_sheet, stills=True),
    "scene": Card(SCENE_FILE, scene.rows, 16, scene_facts, scene_sheet, stills=True),
    "scene_adapter": Card(SCENE_ADAPTER_FILE, compare.rows, 8, scene_adapter_facts, scene_adapter_sheet),
    "mask_encoder": Card(MASK_ENCODER_FILE, mask_encoder.rows, 8, mask_facts, mask_sheet, stills=True),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", choices=CARDS)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    CARDS[arguments.model].write(arguments.model)


if __name__ == "__main__":
    main()
