"""Train the small Wan 2.1 VAE (width 16) on the synthetic world. ``python -m training.vae --minutes 30``

First single pictures (only the newest temporal tap of each causal convolution works there, so they run as plain 2D
convolutions at a third of the cost), then clips of 5 and 9 frames; 9 reach the steady state of the causal caches. Video goes
in as ``2 v - 1``.
"""

from __future__ import annotations

import argparse
import contextlib
import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from hosting.inprocess import use_host

use_host(cpu=True)

import comfy.ldm.wan.vae as host_vae  # noqa: E402

from .common import RUNS, Clock, Curve, load_checkpoint, psnr, save_checkpoint  # noqa: E402
from .optimiser import Muon  # noqa: E402
from .pool import FIRST_TRAINING_SEED, render_frames  # noqa: E402

RUN = RUNS / "vae"
LATENT_NOISE, LATENT_WEIGHT, EDGE_WEIGHT = 0.1, 2e-3, 0.5


def build() -> host_vae.WanVAE:
    """The module the host builds for a file of width 16, every weight initialised here."""
    shape = {"dim": 16, "z_dim": 16, "dim_mult": [1, 2, 4, 4], "num_res_blocks": 2, "attn_scales": []}
    model = host_vae.WanVAE(**shape, temperal_downsample=[False, True, True])
    for name, value in model.named_parameters():
        with torch.no_grad():
            _initialise(name, value)
    return model


def _initialise(name: str, value: torch.Tensor) -> None:
    if name.endswith("gamma"):
        value.fill_(1.0)
    elif name.endswith("bias"):
        value.zero_()
    elif "time_conv" in name:
        # Start as "every frame like its neighbours": an average on the way down, a repeat on the way up.
        value.zero_()
        width = value.shape[1]
        eye = torch.eye(width).repeat(len(value) // width, 1)[..., None, None]
        if len(value) == width:
            value.copy_(eye[:, :, None].expand_as(value) / 3)
        else:
            value[:, :, -1] = eye
    elif "proj" in name or "residual.6" in name:
        torch.nn.init.normal_(value, std=0.1 / (value[0].numel() / 3) ** 0.5)
    elif value.ndim == 5:
        value.zero_()
        torch.nn.init.kaiming_normal_(value[:, :, -1], nonlinearity="linear")
        value[:, :, :-1].normal_(std=0.1 / value[0].numel() ** 0.5)
    else:
        torch.nn.init.kaiming_normal_(value, nonlinearity="linear")


@contextlib.contextmanager
def as_pictures() -> Iterator[None]:
    """Inside, causal convolutions take one frame at the start of time, as 2D convolutions with their newest tap."""
    usual = host_vae.CausalConv3d.forward

    def forward(self: Any, x: torch.Tensor, cache_x: Any = None, cache_list: Any = None, cache_idx: Any = None) -> torch.Tensor:
        return F.conv2d(x[:, :, 0], self.weight[:, :, -1], self.bias, padding=self._padding[0])[:, :, None]

    host_vae.CausalConv3d.forward = forward
    try:
        yield
    finally:
        host_vae.CausalConv3d.forward = usual


def load_crops() -> np.ndarray:
    return np.stack([np.load(path) for path in sorted((RUNS / "crops").glob("*.npy"))])


def batch(crops: np.ndarray, clips: int, frames: int) -> torch.Tensor:
    """``[clips, 3, frames, 64, 64]`` in -1…1: random clips, moments and directions, mirrored and re-coloured."""
    chosen = []
    for _ in range(clips):
        clip = crops[random.randrange(len(crops))]
        first = random.randrange(clip.shape[0] - frames + 1)
        clip = clip[first : first + frames][:: random.choice((1, -1))][:, :, :: random.choice((1, -1))]
        chosen.append(torch.from_numpy(clip[..., random.sample(range(3), 3)].copy()))
    return torch.stack(chosen).permute(0, 4, 1, 2, 3).float() / 127.5 - 1


def loss_of(model: host_vae.WanVAE, video: torch.Tensor, decoder_only: bool = False) -> torch.Tensor:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        with torch.set_grad_enabled(not decoder_only):
            latent = model.encode(video)
        again = model.decode(latent + LATENT_NOISE * torch.randn_like(latent))
    error = again.float() - video
    edges = error.diff(dim=-1).abs().mean() + error.diff(dim=-2).abs().mean()
    return error.abs().mean() + EDGE_WEIGHT * edges + LATENT_WEIGHT * latent.float().square().mean()


def held_out(count: int, first: int = 0) -> torch.Tensor:
    """``[count, 3, 17, 128, 192]`` in -1…1, cached on disk: scenes nothing trains on."""
    clips = []
    for seed in range(first, first + count):
        path = RUNS / ("frames" if seed >= FIRST_TRAINING_SEED else "heldout") / f"{seed}.npy"
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            np.save(path, render_frames(seed))
        clips.append(torch.from_numpy(np.load(path)))
    return torch.stack(clips).permute(0, 4, 1, 2, 3).float() / 127.5 - 1


@torch.no_grad()
def reconstruct(model: host_vae.WanVAE, clips: torch.Tensor) -> torch.Tensor:
    """Clip by clip, to 0…1."""
    with torch.autocast("cpu", dtype=torch.bfloat16):
        again = [model.decode(model.encode(clip[None])).float() for clip in clips]
    return torch.cat(again).clamp(-1, 1) / 2 + 0.5


def train(minutes: float, picture_share: float, rate: float, decoder_only: bool = False) -> None:
    """Train until ``minutes`` are spent over all restarts; ``decoder_only`` keeps the latents, for a DiT that knows them."""
    random.seed(0)
    torch.manual_seed(0)
    model, before = build(), load_checkpoint(RUN / "last.pt")
    optimiser, spent, step = Muon(model.parameters(), lr=rate), 0.0, 0
    model.encoder.requires_grad_(not decoder_only)
    model.conv1.requires_grad_(not decoder_only)
    if before is not None:
        model.load_state_dict(before["model"])
        optimiser.load_state_dict(before["optimiser"])
        spent, step = before["minutes"], before["step"]
    crops, test = load_crops(), held_out(2)[:, :, :9]
    clock, curve = (
        Clock(minutes, spent),
        Curve(RUN / "curve.csv", ["minutes", "step", "loss", "picture_db", "video_db", "rate"]),
    )
    saved, reported, losses = clock.spent, clock.spent, []
    while clock.fraction < 1:
        for group in optimiser.param_groups:
            group["lr"] = clock.rate(rate)
        if clock.fraction < picture_share:
            with as_pictures():
                loss = loss_of(model, batch(crops, 8, 1))
                loss.backward()
        else:
            loss = loss_of(model, batch(crops, 2, 9 if step % 2 else 5), decoder_only)
            loss.backward()
        optimiser.step()
        optimiser.zero_grad()
        losses.append(float(loss.detach()))
        step += 1
        if clock.spent - saved > 1.0 or clock.fraction >= 1:
            saved = clock.spent
            state = {"model": model.state_dict(), "optimiser": optimiser.state_dict()}
            save_checkpoint(RUN / "last.pt", **state, minutes=saved, step=step)
        if clock.spent - reported > 3.0 or clock.fraction >= 1:
            reported = clock.spent
            again, truth = reconstruct(model, test), test / 2 + 0.5
            curve.add(
                minutes=saved,
                step=step,
                loss=sum(losses) / len(losses),
                picture_db=psnr(again[:, :, :1], truth[:, :, :1]),
                video_db=psnr(again, truth),
                rate=clock.rate(rate),
            )
            losses = []


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--picture-share", type=float, default=0.35)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--decoder-only", action="store_true")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    train(arguments.minutes, arguments.picture_share, arguments.rate, arguments.decoder_only)


if __name__ == "__main__":
    main()
