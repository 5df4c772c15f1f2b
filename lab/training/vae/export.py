"""Fold the host's latent statistics into the trained VAE and write the file.

``python -m lab.training.vae.export --width 32``

The host normalises Wan latents with fixed per-channel means and deviations. Our latents get exactly those by an affine map
in the last encoder and the first decoder convolution, both 1x1x1: with measured mean m and deviation s, target M and S, the
encoder gives ``(z - m) S / s + M`` and the decoder takes it back, so reconstruction does not change. ``--decoder-of FILE``
writes the encoder of that file with the decoder that went on from it. ``--to FILE`` is for a look at a run in progress: the
file goes there, and the latents that the video model learns from stay as they are.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import torch

from lab.data.pool import FIRST_TRAINING_SEED, clip, folder
from lab.metrics.vae import psnr
from lab.models.precision import autocast
from lab.models.shipped import VAE_FILE, read_weights
from lab.models.vae import WanVAE, encode, host_statistics, of_weights, rescale_latents, whole_clips, with_decoder
from lab.training.records import draw_curve, export, load_checkpoint, notes_of

from .data import training_pictures
from .score import as_video, reconstruct
from .train import run_folder

RECIPE = "python -m lab.training.vae.train --width {width}; python -m lab.training.vae.export --width {width}"
DECODER_RECIPE = "python -m lab.training.vae.train --decoder-of FILE; python -m lab.training.vae.export --decoder-of FILE"
STATISTICS_CLIPS = 400  # a clip's own mean scatters by about half a deviation


def fold(model: WanVAE, latents: torch.Tensor) -> None:
    """Change ``model`` in place so that ``latents [B, 16, T, h, w]``, which it made, would get the host's statistics."""
    mean, deviation = host_statistics()
    channels = latents.transpose(0, 1).flatten(1)
    scale = deviation / channels.std(dim=1)
    rescale_latents(model, scale, mean - channels.mean(dim=1) * scale)


@torch.no_grad()
def encode_training_clips(model: WanVAE, count: int) -> torch.Tensor:
    """Encode whole-frame training clips: the statistics are measured on these and only tested on held-out ones."""
    seeds = range(FIRST_TRAINING_SEED, FIRST_TRAINING_SEED + count)
    with whole_clips(model), autocast(torch.device("cpu")):
        return torch.cat([encode(model, as_video(clip(seed))) for seed in seeds]).float()


def keep_normalised(latents: torch.Tensor) -> None:
    """Store the same clips' latents for the video model, in place of those of a former VAE: one file a seed."""
    folder("latents").mkdir(parents=True, exist_ok=True)
    for former in folder("latents").glob("*.pt"):
        former.unlink()
    mean, deviation = (statistic(latents, (0, 2, 3, 4), keepdim=True) for statistic in (torch.mean, torch.std))
    for seed, latent in enumerate((latents - mean) / deviation, start=FIRST_TRAINING_SEED):
        torch.save(latent[None].half().clone(), folder("latents") / f"{seed}.pt")


def folded_model(state: dict[str, Any], clips: int, keep: bool) -> WanVAE:
    """Return a checkpoint's VAE with the host's statistics, measured on so many training clips; their latents may be kept."""
    model = of_weights(state["average"])
    latents = encode_training_clips(model, clips)
    fold(model, latents)
    if keep:
        keep_normalised(latents)
    return model


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--clips", type=int, default=STATISTICS_CLIPS, help="how many training clips the statistics are of")
    parser.add_argument("--decoder-of", type=Path, help="the file that a run of `train --decoder-of` started from")
    parser.add_argument("--to", type=Path, help="a file for a look, in place of the shipped one")
    options = parser.parse_args()
    torch.set_num_threads(1)
    decoder_only = options.decoder_of is not None
    run = run_folder(options.width, decoder_only)
    state = load_checkpoint(run / "last.pt")
    test = torch.cat([as_video(clip(seed)) for seed in range(4)])
    truth = test / 2 + 0.5
    before = psnr(reconstruct(of_weights(state["average"]), test), truth)
    if decoder_only:
        model, recipe = with_decoder(read_weights(options.decoder_of), state["average"]), DECODER_RECIPE
    else:
        model, recipe = folded_model(state, options.clips, options.to is None), RECIPE
    data = f"{len(list(folder('frames').glob('*.npy')))} rendered clips and {len(training_pictures())} photographs"
    notes = notes_of(state, recipe.format(width=options.width), data)
    export(model.state_dict(), options.to or VAE_FILE, notes)
    draw_curve(run / "curve.csv", "scenes_db")
    model.load_state_dict({name: value.half().float() for name, value in model.state_dict().items()})
    after = psnr(reconstruct(model, test), truth)
    print(f"held out: {before:.2f} dB before folding, {after:.2f} dB from the fp16 file")


if __name__ == "__main__":
    main()
