"""Score the shipped VAE and video model and write their cards and sheets. ``python -m lab.benchmarks.models.cards vae`` or
``dit``

The figures are those of ``lab.benchmarks.models.vae`` and ``lab.benchmarks.models.video_model``, on scenes nothing trained on.
"""

from __future__ import annotations

import argparse

import torch

from lab.benchmarks.report import Row
from lab.data.assets import asset
from lab.data.motion_clips import pictures
from lab.data.unseen import REAL_CLIPS, real_clip, scene_seeds
from lab.host.paths import ROOT
from lab.models.shipped import DIT_FILE, VAE_FILE, decode, encode, load_dit, load_vae
from lab.models.token_masks import PICTURE_TUBE_SHARE, SHARES
from lab.models.video import GUIDANCE, SHIFT, STEPS, sample
from lab.world import caption, random_scene

from . import vae as model_vae
from . import video_model as model_dit
from .card import figures, misses, origin, training_line
from .sheet import write_sheet

SEED, SCENES = 0, 8
SHEET_SEEDS = (101, 102, 103)


def _figures_and_misses(found: list[Row], command: str) -> str:
    return f"## Figures\n\n`{command}`\n\n{figures(found)}\n\nTargets missed:\n\n{misses(found)}\n"


def vae_card() -> None:
    found = model_vae.rows(SEED, SCENES)
    coder = load_vae()
    clips = [model_vae.scene(seed) for seed in SHEET_SEEDS] + [real_clip(name) for name in REAL_CLIPS if asset(name)]
    pairs = [(clip, decode(coder, encode(coder, clip))) for clip in clips]
    write_sheet([video for pair in pairs for video in pair], ROOT / "weights" / "vae.jpg")
    width, weights = coder.encoder.dim, sum(value.numel() for value in coder.parameters()) / 1e6
    text = f"""# inversecrafter_small_wan_vae

The Wan 2.1 VAE at base width {width} ({weights:.1f} M parameters), for ComfyUI's stock `VAELoader`. {origin(VAE_FILE)}

Training: {training_line(VAE_FILE)}. Data: windows of 64x64 and 128x128 pixels; half of them cut-outs of
{len(pictures())} photographs of scikit-image and matplotlib moving 2 to 12 pixels a frame, a fifth glides over photographs,
the rest clips of our synthetic world at their own and at double speed. No real footage. Loss:
Charbonnier and Haar detail, worse positions in a group and pixels that change counting more, and LPIPS (AlexNet), the network
that the LPIPS below is measured with.

{_figures_and_misses(found, f"python -m lab.benchmarks.models.vae --seed {SEED} --scenes {SCENES}")}
![source and reconstruction in turns, frames 0, 4, 8, 12, 16](vae.jpg)

Source above, reconstruction below: three held-out scenes, then the real clips.

## Limits

Fine texture and small print are blurred, on real footage more than in its own world. It is here so that every workflow and
test runs without a download; for real work take the Wan 2.1 VAE.
"""
    (ROOT / "weights" / "inversecrafter_small_wan_vae.md").write_text(text)


def dit_card() -> None:
    found = model_dit.rows(SEED, SCENES)
    coder, model = load_vae(), load_dit()
    prompts = [caption(random_scene(seed)) for seed in SHEET_SEEDS]
    shown = [decode(coder, sample(model, prompt, seed)) for seed, prompt in zip(SHEET_SEEDS, prompts, strict=True)]
    for seed in scene_seeds(SEED, 2):
        clip = model_dit.uncovered(seed)
        holed = torch.where(clip["visible"][..., None] > 0, clip["holed"], torch.tensor([1.0, 0.0, 1.0]))
        shown += [
            clip["truth"],
            holed,
            clip["telea"],
            model_dit.completed(clip, caption(random_scene(seed)), seed, coder, model),
        ]
    write_sheet(shown, ROOT / "weights" / "dit.jpg")
    mixture = ", ".join(f"{name} {share:.0%}" for name, share in SHARES.items())
    text = f"""# inversecrafter_small_wan_t2v

A Wan 2.1 text-to-video transformer of width 256 and 6 layers (8.0 M parameters), for ComfyUI's stock `UNETLoader`, on
latents of `inversecrafter_small_wan_vae`. Prompts through *Encode Text*. {origin(DIT_FILE)}

Training: {training_line(DIT_FILE)}. Data: clips of the synthetic world with captions, most of them of 17x128x192,
and in the last 87 minutes single pictures of other scenes, in two steps of three;
in the last 54 minutes {PICTURE_TUBE_SHARE:.0%} of the pictures hid one named thing and gave the rest.
The first 28 minutes were spent on an earlier, simpler version of the world.
Objective: flow matching, sigma shift {SHIFT:g}, per-token times; context drawn per clip ({mixture}); no text one time in ten.

{_figures_and_misses(found, f"python -m lab.benchmarks.models.video_model --seed {SEED} --scenes {SCENES}")}
![samples and completions: frames 0, 4, 8, 12, 16](dit.jpg)

Rows 1 to 3: from the prompts below alone ({STEPS} Euler steps, shift {SHIFT:g}, CFG {GUIDANCE:g}). Then for two
held-out scenes: the true new view, the warp (holes in magenta), Telea's filling, the model's.

1. {prompts[0]}
2. {prompts[1]}
3. {prompts[2]}

## Limits

From text alone it makes walls, floors and skies of the colours that are asked for, but no things one would recognise; how
often a hidden thing comes back in the asked colour says the probe above, at CFG {GUIDANCE:g}; below that it is heard less.
Completions take two steps, because more of them invent more.

It knows one size well (17 frames of 192x128), about sixty words and one small world; it is no generative model of the real
world, and beside Wan 2.1 it is a toy with the same sockets.
"""
    (ROOT / "weights" / "inversecrafter_small_wan_t2v.md").write_text(text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", choices=["vae", "dit"])
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    {"vae": vae_card, "dit": dit_card}[arguments.model]()


if __name__ == "__main__":
    main()
