"""Train the small Wan 2.1 VAE (width 16) on the synthetic world. ``python -m training.vae --minutes 30``

First single pictures (only the newest temporal tap of each causal convolution works there, so they run as plain 2D
convolutions at a third of the cost), then clips, in the second half long ones too: the causal caches look back over some twenty
latent frames, and a decoder that only ever saw three of them grows brighter with every further frame. Video goes in as
``2 v - 1``. Clips come from the world and, three in ten, from photographs. In the second half the loss has a perceptual
part, where the LPIPS asset can be had.
"""

from __future__ import annotations

import argparse
import contextlib
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F

from hosting.inprocess import use_host

use_host(cpu=True)

import comfy.ldm.wan.vae as host_vae  # noqa: E402

from hosting.lpips import Lpips, load_lpips  # noqa: E402

from .common import RUNS, Clock, Curve, load_checkpoint, psnr, save_checkpoint  # noqa: E402
from .optimiser import Muon  # noqa: E402
from .photo_clips import photo_clip, photographs  # noqa: E402
from .pool import POOL  # noqa: E402
from .pool import clip as rendered  # noqa: E402

RUN = RUNS / "vae"
LATENT_NOISE, LATENT_WEIGHT, EDGE_WEIGHT, PERCEPTUAL_WEIGHT = 0.1, 2e-3, 0.5, 0.1
PHOTO_SHARE, LATE = 0.3, 0.5
CROP = 64  # pixels, the side of most training windows
SHORT = ((2, 5, CROP), (2, 9, CROP))  # clips, frames, side: about as many pixels each
LONG = ((2, 9, CROP), (1, 17, CROP), (1, 17, CROP), (1, 33, 48), (1, 65, 32))


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


def _fast_norm(self: Any, x: torch.Tensor) -> torch.Tensor:
    """The host's RMS norm by one reciprocal root a pixel: its own divides every value, a seventh of a step's time."""
    size = (x.float().square().mean(dim=1, keepdim=True) + 1e-12).rsqrt()
    return x * size.to(x.dtype) * self.gamma.to(x.dtype)


def quicken(model: host_vae.WanVAE) -> None:
    """For training on a CPU: the same numbers, about a fifth sooner."""
    host_vae.RMS_norm.forward = _fast_norm
    for value in model.parameters():
        if value.ndim == 5:
            value.data = value.data.contiguous(memory_format=torch.channels_last_3d)


class Windows:
    """Windows of the rendered training clips; ``refresh`` reads those that a renderer has added meanwhile."""

    def __init__(self, folder: Path):
        self._folder, self._known = folder, dict[Path, np.ndarray]()
        self.refresh()

    def refresh(self) -> None:
        for path in self._folder.glob("*.npy"):
            if path not in self._known:
                self._known[path] = np.load(path)
        self._all = list(self._known.values())

    def __len__(self) -> int:
        return len(self._all)

    def any(self, frames: int, side: int) -> np.ndarray:
        """``[frames, side, side, 3]``: a random window and moment of a random clip, to and fro where it is too short."""
        clip = random.choice(self._all)
        top, left = (random.randrange(have - side + 1) for have in clip.shape[1:3])
        window = clip[:, top : top + side, left : left + side]
        order = [*range(len(clip)), *range(len(clip) - 2, 0, -1)]
        first = random.randrange(max(1, len(clip) - frames + 1))
        return window[[order[(first + step) % len(order)] for step in range(frames)]]


def batch(windows: Windows, clips: int, frames: int, side: int = CROP) -> torch.Tensor:
    """``[clips, 3, frames, side, side]`` in -1…1: random clips, moments and directions, mirrored and re-coloured."""
    chosen = []
    for _ in range(clips):
        photo = random.random() < PHOTO_SHARE and photographs()
        clip = photo_clip(frames, side, random.Random(random.random())) if photo else windows.any(frames, side)
        clip = clip[:: random.choice((1, -1))][:, :, :: random.choice((1, -1))]
        gain = random.uniform(0.7, 1.1)
        colour = torch.from_numpy(clip[..., random.sample(range(3), 3)].copy()).float() / 255
        chosen.append((gain * colour).clamp(max=1))
    return torch.stack(chosen).permute(0, 4, 1, 2, 3) * 2 - 1


def loss_of(
    model: host_vae.WanVAE, video: torch.Tensor, decoder_only: bool = False, perceptual: Lpips | None = None
) -> torch.Tensor:
    with torch.autocast("cpu", dtype=torch.bfloat16):
        with torch.set_grad_enabled(not decoder_only):
            latent = model.encode(video)
        again = model.decode(latent + LATENT_NOISE * torch.randn_like(latent))
        seen = torch.zeros(()) if perceptual is None else _perceptual(perceptual, again, video)
    error = again.float() - video
    edges = error.diff(dim=-1).abs().mean() + error.diff(dim=-2).abs().mean()
    size = LATENT_WEIGHT * latent.float().square().mean()
    return error.abs().mean() + EDGE_WEIGHT * edges + size + PERCEPTUAL_WEIGHT * seen.float()


def _perceptual(metric: Lpips, again: torch.Tensor, video: torch.Tensor) -> torch.Tensor:
    """LPIPS of every second frame, ``[B, 3, F, H, W]`` in -1…1."""
    one, two = (clip[:, :, ::2].movedim(2, 1).flatten(0, 1) / 2 + 0.5 for clip in (again.float(), video))
    return metric(one, two).mean()


def as_video(clip: np.ndarray) -> torch.Tensor:
    """``[F, H, W, 3]`` uint8 -> ``[1, 3, F, H, W]`` in -1…1."""
    return torch.from_numpy(clip).permute(3, 0, 1, 2)[None].float() / 127.5 - 1


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
    quicken(model)
    metric = load_lpips()
    windows = Windows(POOL / "frames")
    test = torch.cat([as_video(rendered(seed)) for seed in range(4)])
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
                loss = loss_of(model, batch(windows, 8, 1))
                loss.backward()
        else:
            late = clock.fraction > LATE
            shape = random.choice(LONG if late else SHORT)
            perceptual = metric if late and shape[2] == CROP else None
            loss = loss_of(model, batch(windows, *shape), decoder_only, perceptual)
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
            windows.refresh()


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
