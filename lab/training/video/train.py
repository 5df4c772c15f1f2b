"""Train the small Wan DiT on latents of the frozen VAE: ``python -m lab.training.video.train encode``, ``train``, ``export``.

Flow matching in the host's normalised latent space, ``x = (1 - sigma) z + sigma e``, target ``e - z``, sigma shifted like the
sampler's. In most clips and pictures some tokens are context: clean, at token-time 0, and without loss (Multi-View Masked
Diffusion): the first latent frame, both end frames, all but a tube around a thing, or what a real warp leaves visible
(``lab.models.token_masks``). So one model serves text to video, recapture, interpolation and editing. Clips have 1 to 33
frames and two sizes, a quarter of them of photographs, and two steps of three are of single pictures.

``train --start FILE`` begins from the weights of a file, and ``--minutes`` counts CPU time over all restarts.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import torch

from inversecrafter_core.sampling import shifted
from lab.data.pool import USUAL
from lab.host.inprocess import with_gradients
from lab.host.paths import RUNS
from lab.models.precision import autocast
from lab.models.shipped import DIT_FILE, read_weights
from lab.models.video import SHIFT, build, prompt_tokens, upsample_tokens
from lab.training.loop import Plan, Run, Task
from lab.training.records import draw_curve, export, load_checkpoint, notes_of

from .data import Batch, Clips, encode_all
from .score import HeldOut

RUN = RUNS / "dit"
RECIPE = "python -m lab.training.video.train encode; python -m lab.training.video.train train"
AVERAGE, REPORT_MINUTES = 0.998, 10.0


class VideoTask(Task):
    """The video model's lesson: ``size`` clips of the usual shape a step, or as many tokens of others."""

    def __init__(self, size: int, start: Path | None = None):
        self.model, self.tokens, self.clips, self.held_out = build(), size * USUAL.tokens(), Clips(), HeldOut()
        if start is not None:
            self.model.load_state_dict(read_weights(start))
        self.clips.refresh()

    def batch(self, step: int, along: float) -> Batch:
        """Draw pictures in two steps of three, else clips."""
        pictures = step % 3 > 0 and len(self.clips.pictures) > 0
        return (self.clips.pictures if pictures else self.clips).batch(self.tokens)

    def loss(self, batch: Batch) -> torch.Tensor:
        """Return the mean squared velocity error over the noised tokens."""
        latents, known, prompts = batch
        sigma = shifted(torch.rand(len(latents)), SHIFT).view(-1, 1, 1, 1) * ~known
        everywhere = upsample_tokens(sigma)[:, None]
        noise = torch.randn_like(latents)
        noised = (1 - everywhere) * latents + everywhere * noise
        time = sigma.flatten(1) * 1000 if bool(known.any()) else sigma[:, 0, 0, 0] * 1000
        with with_gradients(), autocast(torch.device("cpu")):
            velocity = self.model(noised, time, prompt_tokens(prompts)).float()
        weight = (everywhere > 0).float()
        return ((velocity - (noise - latents)).square() * weight).sum() / (weight.sum() * latents.shape[1])

    def score(self, weights: dict[str, torch.Tensor]) -> dict[str, float]:
        """Return the loss of ``weights`` on held-out scenes, and how many clips there are, after a look for new ones."""
        self.clips.refresh()
        learning = {name: value.clone() for name, value in self.model.state_dict().items()}
        self.model.load_state_dict(weights)
        found = self.held_out.score(self.loss)
        self.model.load_state_dict(learning)
        return {**found, "clips": len(self.clips)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["encode", "train", "export"])
    parser.add_argument("--minutes", type=float, default=20, help="CPU minutes over all restarts")
    parser.add_argument("--start", type=Path, help="a file of weights to begin from, for the first start")
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--batch", type=int, default=4, help="clips of the usual shape a step; of other shapes as many tokens")
    parser.add_argument("--count", type=int, default=400, help="clips of the usual shape to encode")
    parser.add_argument("--pictures", type=int, default=5000, help="single pictures to encode")
    parser.add_argument("--threads", type=int, default=1)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    if options.command == "encode":
        encode_all(options.count, options.pictures)
    elif options.command == "train":
        plan = Plan(RUN, options.minutes, options.rate, seconds=time.process_time, average=AVERAGE, report=REPORT_MINUTES)
        Run(VideoTask(options.batch, options.start), plan).fit()
    else:
        state = load_checkpoint(RUN / "last.pt")
        clips = Clips()
        clips.refresh()
        export(state["average"], DIT_FILE, notes_of(state, RECIPE, f"{len(clips)} clips and {len(clips.pictures)} pictures"))
        draw_curve(RUN / "curve.csv", "held_free")


if __name__ == "__main__":
    main()
