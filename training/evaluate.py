"""Score the exported files on held-out scenes and write their cards and sheets. ``python -m training.evaluate vae`` or ``dit``

Only the exported fp16 files are read, so a card says what ships. Seeds are below ``FIRST_TRAINING_SEED``.
"""

from __future__ import annotations

import argparse
import os
import platform
from itertools import pairwise
from pathlib import Path
from statistics import mean

import torch
from safetensors import safe_open
from safetensors.torch import load_file

from hosting.inprocess import use_host

use_host(cpu=True)

from comfy.latent_formats import Wan21  # noqa: E402
from comfy.ldm.wan.model import WanModel  # noqa: E402
from comfy.ldm.wan.vae import WanVAE  # noqa: E402

from inversecrafter_core.synthetic import caption, random_scene  # noqa: E402

from . import dit, vae  # noqa: E402
from .common import ROOT, RUNS, Curve, load_checkpoint, psnr  # noqa: E402
from .export_vae import FILE as VAE_FILE  # noqa: E402
from .sheet import write_sheet  # noqa: E402

STEPS, SHIFT, GUIDANCE = 24, 4.0, 3.0


def load_vae() -> WanVAE:
    model = vae.build()
    model.load_state_dict({name: value.float() for name, value in load_file(VAE_FILE).items()})
    return model.eval()


def load_dit() -> WanModel:
    model = dit.build()
    model.load_state_dict({name: value.float() for name, value in load_file(dit.FILE).items()})
    return model.eval()


@torch.no_grad()
def latents_of(model: WanVAE, clips: torch.Tensor) -> torch.Tensor:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        return torch.cat([model.encode(clip[None]) for clip in clips]).float()


def _statistics_row(what: str, latents: torch.Tensor) -> str:
    """How far normalised latents are from mean 0 and deviation 1, worst channel."""
    channels = latents.transpose(0, 1).flatten(1)
    means, deviations = float(channels.mean(1).abs().max()), float((channels.std(1) - 1).abs().max())
    return f"| latent statistics, {what} | means off by at most {means:.2f}, deviations by {100 * deviations:.0f} % |"


@torch.no_grad()
def denoised_error(model: WanModel, latents: torch.Tensor, prompts: list[str], sigma: float) -> tuple[float, float]:
    """Mean squared error of the predicted clean latent from ``sigma``, and of the best multiple of the noisy input."""
    noise = torch.randn(latents.shape, generator=torch.Generator().manual_seed(0))
    noisy = (1 - sigma) * latents + sigma * noise
    errors = []
    for clip, start, prompt in zip(latents, noisy, prompts, strict=True):
        velocity = model(start[None], torch.tensor([sigma * 1000]), dit.prompt_tokens([prompt]))[0]
        errors.append(float((start - sigma * velocity - clip).square().mean()))
    best = (noisy * latents).sum() / noisy.square().sum()
    return mean(errors), float((best * noisy - latents).square().mean())


@torch.no_grad()
def sample(model: WanModel, prompt: str, seed: int, first_frame: torch.Tensor | None = None) -> torch.Tensor:
    """Euler from noise to a normalised latent ``[1, 16, 5, 16, 24]``; a given first latent frame stays clean at time 0."""
    x = torch.randn(1, 16, 5, 16, 24, generator=torch.Generator().manual_seed(seed))
    even = torch.linspace(1, 0, STEPS + 1)
    sigmas = SHIFT * even / (1 + (SHIFT - 1) * even)
    known = torch.zeros(5, 8, 12)
    if first_frame is not None:
        x[:, :, :1] = first_frame
        known[0] = 1
    for sigma, after in pairwise(sigmas):
        time = (sigma * 1000 * (1 - known)).reshape(1, -1) if first_frame is not None else sigma[None] * 1000
        with torch.autocast("cpu", dtype=torch.bfloat16):
            told, untold = (model(x, time, dit.prompt_tokens([text])).float() for text in (prompt, ""))
        step = (after - sigma) * (untold + GUIDANCE * (told - untold))
        if first_frame is not None:
            step[:, :, :1] = 0
        x = x + step
    return x


def _machine() -> str:
    return f"{os.cpu_count()} shared CPU cores ({platform.machine()}), no GPU"


def _trained(name: str) -> str:
    state = load_checkpoint(RUNS / name / "last.pt")
    return f"{state['step']} steps in {state['minutes']:.0f} minutes on {_machine()}" if state else "unknown here"


def _header(path: Path) -> str:
    with safe_open(path, "pt") as file:
        made = file.metadata()
    size = path.stat().st_size / 1e6
    return f"Licence {made['license']}. Recipe: `{made['recipe']}`, at commit {made['commit']}. Size: {size:.1f} MB, fp16."


def vae_card(count: int) -> None:
    model, clips = load_vae(), vae.held_out(count)
    again, truth = vae.reconstruct(model, clips), clips / 2 + 0.5
    held = Wan21().process_in(latents_of(model, vae.held_out(4 * count)))
    known = torch.stack(list(dit.load_latents({}).values())).float()
    scores = [psnr(one, two) for one, two in zip(again, truth, strict=True)]
    flat = psnr(truth.mean(dim=(2, 3, 4), keepdim=True).expand_as(truth), truth)
    rows = [clip.movedim(0, -1) for pair in zip(truth[:3], again[:3], strict=True) for clip in pair]
    write_sheet(rows, ROOT / "weights" / "vae.jpg")
    Curve(RUNS / "vae" / "curve.csv", []).draw("video_db", RUNS / "vae" / "curve.png")
    text = f"""# inversecrafter_small_wan_vae

The Wan 2.1 VAE at base width 16 (3.6 M parameters), for ComfyUI's stock `VAELoader`. {_header(VAE_FILE)}

| what | figure |
|---|---|
| training | {_trained("vae")} |
| data | 600 crops of 17x64x64 of our synthetic world, some of its textures from scikit-image's photographs |
| reconstruction, {count} held-out scenes, 17x128x192 | {mean(scores):.2f} dB PSNR ({min(scores):.2f} to {max(scores):.2f}) |
| the same, a flat picture of each clip's mean colour | {flat:.2f} dB |
{_statistics_row(f"{4 * count} held-out scenes (one clip's means scatter by about 0.5)", held)}
{_statistics_row(f"the {len(known)} training clips", known)}

![source and reconstruction in turns, frames 0, 4, 8, 12, 16](vae.jpg)

## Limits

A first short training: shapes, colours and motion come through, fine texture is blurred, colours drift a little. Real
footage is outside what it saw. It is here so that every workflow and test runs without a download; for real work take the
Wan 2.1 VAE.
"""
    (ROOT / "weights" / "inversecrafter_small_wan_vae.md").write_text(text)


def dit_card(count: int) -> None:
    coder, model = load_vae(), load_dit()
    latents = Wan21().process_in(latents_of(coder, vae.held_out(count)))
    prompts = [caption(random_scene(seed)) for seed in range(count)]
    lines = []
    for sigma in (0.3, 0.5, 0.8):
        error, trivial = denoised_error(model, latents, prompts, sigma)
        what = f"clean latent from sigma {sigma}, {count} held-out scenes"
        lines.append(f"| {what} | {error:.3f} MSE (scaled noisy input {trivial:.3f}) |")
    made = [sample(model, prompts[seed], seed) for seed in range(2)]
    made += [sample(model, prompts[seed], seed, latents[seed : seed + 1, :, :1]) for seed in range(2)]
    with torch.no_grad():
        rows = [coder.decode(Wan21().process_out(latent))[0].movedim(0, -1) / 2 + 0.5 for latent in made]
    write_sheet(rows, ROOT / "weights" / "dit.jpg")
    Curve(RUNS / "dit" / "curve.csv", []).draw("loss", RUNS / "dit" / "curve.png")
    text = f"""# inversecrafter_small_wan_t2v

A Wan 2.1 text-to-video transformer of width 256 and 6 layers (8.0 M parameters), for ComfyUI's stock `UNETLoader`, on
latents of `inversecrafter_small_wan_vae`. Prompts through *InverseCrafter Text Encode*. {_header(dit.FILE)}

| what | figure |
|---|---|
| training | {_trained("dit")} |
| data | {len(list(dit.LATENTS.glob("*.pt")))} clips of 17x128x192 of the synthetic world with captions |
| objective | flow matching, sigma shift {dit.SHIFT}; in two of five clips some tokens are clean context at token-time 0 |
{chr(10).join(lines)}

![two samples from text, two from text and the first latent frame: frames 0, 4, 8, 12, 16](dit.jpg)

Rows 1 and 2: from the prompts below ({STEPS} Euler steps, shift {SHIFT}, CFG {GUIDANCE}). Rows 3 and 4: the same, with the
first latent frame given.

1. {prompts[0]}
2. {prompts[1]}

## Limits

A first short training: it denoises and continues what it is given, but from text alone it makes grainy coloured blobs rather
than scenes. It knows one size well (17 frames of 192x128) and about forty words. It is no generative model of the real world.
"""
    (ROOT / "weights" / "inversecrafter_small_wan_t2v.md").write_text(text)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", choices=["vae", "dit"])
    parser.add_argument("--count", type=int, default=8)
    arguments = parser.parse_args()
    torch.set_num_threads(2)
    {"vae": vae_card, "dit": dit_card}[arguments.model](arguments.count)


if __name__ == "__main__":
    main()
