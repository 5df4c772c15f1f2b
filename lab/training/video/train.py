"""Train the small Wan DiT on latents of the frozen VAE. ``python -m lab.training.video.train encode``, then ``... train
--minutes 20``

Flow matching in the host's normalised latent space, ``x = (1 - sigma) z + sigma e``, target ``e - z``, sigma shifted like the
sampler's. In most clips and pictures some tokens are context: clean, at token-time 0, and without loss (Multi-View Masked
Diffusion): the first latent frame, both end frames, all but a tube around a thing, or what a real warp leaves visible
(``token_masks``). So one model serves text to video, recapture, interpolation and editing. Clips have 1 to 33 frames and two
sizes (``dit_data``), and two steps of three are of single pictures.
"""

from __future__ import annotations

import argparse
import random

import torch

from inversecrafter_core.sampling import shifted
from lab.data.pool import FIRST_TRAINING_SEED, OTHERS, USUAL
from lab.host.inprocess import with_gradients
from lab.host.modules.wan import WanModel
from lab.models.shipped import DIT_FILE
from lab.models.video import SHIFT, build, prompt_tokens, upsample_tokens
from lab.training.common import RUNS, Clock, Curve, export, load_checkpoint, save_checkpoint
from lab.training.optimiser import Muon

from .data import Clips, Pictures, encode_clips

RUN = RUNS / "dit"
RECIPE = "python -m lab.training.video.train encode; python -m lab.training.video.train train"
AVERAGING = 0.998


def random_sigma(count: int) -> torch.Tensor:
    """Return ``[count]`` noise levels, distributed as the sampler's schedule."""
    return shifted(torch.rand(count), SHIFT)


def loss_of(model: WanModel, latents: torch.Tensor, known: torch.Tensor, prompts: list[str]) -> torch.Tensor:
    """Mean squared velocity error over the noised tokens of a batch ``[B, 16, T, h, w]``; ``known [B, T, h/2, w/2]`` bool."""
    sigma = random_sigma(len(latents)).view(-1, 1, 1, 1) * ~known
    everywhere = upsample_tokens(sigma)[:, None]
    noise = torch.randn_like(latents)
    noised = (1 - everywhere) * latents + everywhere * noise
    time = sigma.flatten(1) * 1000 if bool(known.any()) else sigma[:, 0, 0, 0] * 1000
    with with_gradients(), torch.autocast("cpu", dtype=torch.bfloat16):
        velocity = model(noised, time, prompt_tokens(prompts)).float()
    weight = (everywhere > 0).float()
    return ((velocity - (noise - latents)).square() * weight).sum() / (weight.sum() * latents.shape[1])


def train(minutes: float, rate: float, size: int) -> None:
    random.seed(0)
    torch.manual_seed(0)
    model, before = build(), load_checkpoint(RUN / "last.pt")
    optimiser, spent, step = Muon(model.parameters(), lr=rate), 0.0, 0
    average = {name: value.detach().clone() for name, value in model.state_dict().items()}
    if before is not None:
        model.load_state_dict(before["model"])
        optimiser.load_state_dict(before["optimiser"])
        average, spent, step = before["average"], before["minutes"], before["step"]
    examples, pictures = Clips(), Pictures()
    examples.refresh()
    pictures.refresh()
    clock, curve = Clock(minutes, spent), Curve(RUN / "curve.csv", ["minutes", "step", "clips", "loss", "rate"])
    saved, losses = clock.spent, []
    while clock.fraction < 1:
        for group in optimiser.param_groups:
            group["lr"] = clock.rate(rate)
        # Two steps of three are of pictures, with as many tokens: words are learnt there, because there are many scenes.
        of_pictures = step % 3 > 0 and len(pictures) > 0
        loss = loss_of(model, *(pictures.batch(5 * size) if of_pictures else examples.batch(size * USUAL.tokens())))
        loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        step += 1
        keep = min(AVERAGING, step / (step + 10))
        for name, value in model.state_dict().items():
            average[name].lerp_(value, 1 - keep)
        losses.append(float(loss.detach()))
        if clock.spent - saved > 1.0 or clock.fraction >= 1:
            saved = clock.spent
            state = {"model": model.state_dict(), "optimiser": optimiser.state_dict(), "average": average}
            save_checkpoint(RUN / "last.pt", **state, minutes=saved, step=step)
            curve.add(minutes=saved, step=step, clips=len(examples), loss=sum(losses) / len(losses), rate=clock.rate(rate))
            losses = []
            examples.refresh()
            pictures.refresh()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("command", choices=["encode", "train", "export"])
    parser.add_argument("--minutes", type=float, default=20)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--batch", type=int, default=4, help="clips of the usual shape a step; of other shapes as many tokens")
    parser.add_argument("--first", type=int, default=FIRST_TRAINING_SEED)
    parser.add_argument("--count", type=int, default=700)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    if arguments.command == "encode":
        encode_clips(arguments.first, arguments.count, USUAL)
        for shape, first in OTHERS.items():
            encode_clips(first, arguments.count // 4, shape)
    elif arguments.command == "train":
        train(arguments.minutes, arguments.rate, arguments.batch)
    else:
        state = load_checkpoint(RUN / "last.pt")
        assert state is not None, "train first: python -m lab.training.video.train train"
        export(state["average"], DIT_FILE, RECIPE)


if __name__ == "__main__":
    main()
