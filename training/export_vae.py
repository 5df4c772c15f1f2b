"""Fold the host's latent statistics into the trained VAE and write the file. ``python -m training.export_vae``

The host normalises Wan latents with fixed per-channel means and deviations. Our latents get exactly those by an affine map
in the last encoder and the first decoder convolution, both 1x1x1: with measured mean m and deviation s, target M and S, the
encoder gives ``(z - m) S / s + M`` and the decoder takes it back, so reconstruction does not change.
"""

from __future__ import annotations

import torch

from hosting.inprocess import use_host

use_host(cpu=True)

from comfy.latent_formats import Wan21  # noqa: E402
from comfy.ldm.wan.vae import WanVAE  # noqa: E402

from .common import ROOT, RUNS, export, load_checkpoint, psnr  # noqa: E402
from .pool import FIRST_TRAINING_SEED, POOL, clip  # noqa: E402
from .vae import as_video, build, reconstruct  # noqa: E402

LATENTS = POOL / "latents"
FILE = ROOT / "weights" / "vae" / "inversecrafter_small_wan_vae.safetensors"
RECIPE = "python -m training.vae; python -m training.export_vae"
STATISTICS_CLIPS = 400  # a clip's own mean scatters by about half a deviation


@torch.no_grad()
def fold(model: WanVAE, latents: torch.Tensor) -> None:
    """Change ``model`` in place so that ``latents [B, 16, T, h, w]``, which it made, would get the host's statistics."""
    target = Wan21()
    mean, deviation = target.latents_mean.flatten(), target.latents_std.flatten()
    channels = latents.transpose(0, 1).flatten(1)
    scale = deviation / channels.std(dim=1)
    shift = mean - channels.mean(dim=1) * scale
    half = len(mean)
    model.conv1.weight[:half] *= scale.view(-1, 1, 1, 1, 1)
    model.conv1.bias[:half] = model.conv1.bias[:half] * scale + shift
    inverse = model.conv2.weight / scale.view(1, -1, 1, 1, 1)
    model.conv2.bias -= (inverse[:, :, 0, 0, 0] * shift).sum(dim=1)
    model.conv2.weight.copy_(inverse)


@torch.no_grad()
def encode_training_clips(model: WanVAE, count: int) -> torch.Tensor:
    """Latents of whole-frame training clips: the statistics are measured on these and only tested on held-out ones."""
    seeds = range(FIRST_TRAINING_SEED, FIRST_TRAINING_SEED + count)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        return torch.cat([model.encode(as_video(clip(seed))) for seed in seeds]).float()


def keep_normalised(latents: torch.Tensor) -> None:
    """Store the same clips' latents for the DiT, in place of those of a former VAE: one file a seed, as ``dit encode`` does."""
    LATENTS.mkdir(parents=True, exist_ok=True)
    for former in LATENTS.glob("*.pt"):
        former.unlink()
    mean, deviation = (statistic(latents, (0, 2, 3, 4), keepdim=True) for statistic in (torch.mean, torch.std))
    for seed, latent in enumerate((latents - mean) / deviation, start=FIRST_TRAINING_SEED):
        torch.save(latent.half().clone(), LATENTS / f"{seed}.pt")


def main() -> None:
    torch.set_num_threads(1)
    model, state = build(), load_checkpoint(RUNS / "vae" / "last.pt")
    assert state is not None, "train first: python -m training.vae"
    model.load_state_dict(state["model"])
    test = torch.cat([as_video(clip(seed)) for seed in range(4)])
    before = psnr(reconstruct(model, test), test / 2 + 0.5)
    latents = encode_training_clips(model, STATISTICS_CLIPS)
    fold(model, latents)
    keep_normalised(latents)
    export(model.state_dict(), FILE, RECIPE)
    model.load_state_dict({name: value.half().float() for name, value in model.state_dict().items()})
    again, truth = reconstruct(model, test), test / 2 + 0.5
    print(f"held out: {before:.2f} dB before folding, {psnr(again, truth):.2f} dB from the fp16 file")


if __name__ == "__main__":
    main()
