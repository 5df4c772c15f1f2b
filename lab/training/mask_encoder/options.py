"""The options of ``lab.training.mask_encoder.train``, and where their pairs come from: the synthetic world, or a folder of
videos.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

from inversecrafter_core.masks.encoder import STRIDE, EncoderInput
from lab.data.pool import FIRST_TRAINING_SEED, POOL
from lab.host.paths import RUNS
from lab.models.mask_encoder import SSIM_WEIGHT, STAGE_ENDS
from lab.models.shipped import MASK_ENCODER_FILE, VAE_FILE
from lab.training.ranks import Ranks

from .pairs import Window, store
from .videos import DEPTH_HELP, Cut, estimator, store_videos, videos_in

HELD_OUT_SCENES, HELD_OUT_VIDEOS = 12, 20
"""Scenes that only score; one video of this many does the same."""


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser("lab.training.mask_encoder.train", formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    add = parser.add_argument
    add("--vae", type=Path, default=VAE_FILE, help="a Wan VAE, 16 or 48 channels")
    add("--out", type=Path, default=MASK_ENCODER_FILE, help="the file to write")
    add("--run", default="mask", help="name of the folder under training/runs with checkpoint and curve; it is resumed")
    data = parser.add_argument_group("data")
    data.add_argument("--videos", type=Path, help="folder of videos; without it, scenes of the synthetic world")
    data.add_argument("--depth", default="prior", help=f"depth of the videos: {DEPTH_HELP}")
    data.add_argument("--size", type=_sides, default=(240, 416), help="HEIGHTxWIDTH that videos are brought to")
    data.add_argument("--per-video", type=int, default=8, help="clips out of one video, at most")
    data.add_argument("--scenes", type=int, default=150, help="scenes of the world")
    data.add_argument("--frames", type=int, help="frames of a training window, 4k+1 (9 for scenes, 17 for videos)")
    data.add_argument("--window", type=_sides, help="HEIGHTxWIDTH of a window (64x64 for scenes, the whole clip for videos)")
    data.add_argument("--windows", type=int, help="windows out of one clip (6 for scenes, 1 for videos)")
    model = parser.add_argument_group("model")
    model.add_argument(
        "--reads", choices=[*EncoderInput], default=EncoderInput.MARKED, help="what the encoder is shown, see masks/encoder.py"
    )
    model.add_argument("--width", type=int, default=16, help="base width")
    model.add_argument("--kept", type=int, choices=range(len(STAGE_ENDS)), default=0, help="lowest stages left as they begin")
    fit = parser.add_argument_group("training")
    fit.add_argument("--minutes", type=float, default=30, help="over all restarts; the learning rate follows it")
    fit.add_argument("--batch", type=int, default=4, help="windows a step and process")
    fit.add_argument("--optimiser", choices=("adamw", "muon"), default="adamw")
    fit.add_argument("--rate", type=float, default=2e-4, help="highest learning rate")
    fit.add_argument("--ssim-weight", type=float, default=SSIM_WEIGHT, help="lambda of L1 + lambda (1 - SSIM)")
    fit.add_argument("--precision", choices=("bf16", "fp16", "fp32"), default="bf16", help="of targets and of training")
    fit.add_argument("--report", type=float, default=2, help="minutes between held-out scores")
    fit.add_argument("--threads", type=int, default=1)
    fit.add_argument("--workers", type=int, default=0, help="processes that read ahead; only without --kept")
    fit.add_argument("--seed", type=int, default=0)
    return parser.parse_args(arguments)


def _sides(text: str) -> tuple[int, int]:
    height, _, width = text.partition("x")
    sides = int(height), int(width)
    if any(side % (2 * STRIDE) or side < 2 * STRIDE for side in sides):
        raise argparse.ArgumentTypeError(f"{text}: both sides must be multiples of {2 * STRIDE}")
    return sides


def find_pairs(options: argparse.Namespace, ranks: Ranks) -> tuple[list[Path], list[Path]]:
    """Return files to train on and files that only score; every rank makes its share of what is missing."""
    return _of_world(options, ranks) if options.videos is None else _of_videos(options, ranks)


def _of_world(options: argparse.Namespace, ranks: Ranks) -> tuple[list[Path], list[Path]]:
    window = Window(options.frames or 9, options.window or (64, 64), options.windows or 6)
    folder = RUNS / POOL.name / "mask_pairs" / _key(window)
    seeds = [FIRST_TRAINING_SEED - 1 - index for index in range(HELD_OUT_SCENES)]
    seeds += range(FIRST_TRAINING_SEED, FIRST_TRAINING_SEED + options.scenes)
    store(folder, ranks.share(seeds), window)
    ranks.wait()
    files = store(folder, seeds, window)
    return files[HELD_OUT_SCENES:], files[:HELD_OUT_SCENES]


def _of_videos(options: argparse.Namespace, ranks: Ranks) -> tuple[list[Path], list[Path]]:
    window = Window(options.frames or 17, options.window, options.windows or 1)
    taken = Cut(window.frames, options.size, options.per_video)
    folder = RUNS / "mask_pairs" / _key(window, taken, options.depth)
    found, depth = videos_in(options.videos), estimator(options.depth)
    store_videos(folder, ranks.share(found), taken, window, depth)
    ranks.wait()
    scored = store_videos(folder, found[::HELD_OUT_VIDEOS], taken, window, depth) if len(found) > 1 else []
    files = [file for file in store_videos(folder, found, taken, window, depth) if file not in scored]
    # One video alone: its last clip scores, though it shares the scene with the others.
    return (files, scored) if scored else (files[:-1], files[-1:])


def _key(*options: object) -> str:
    return hashlib.sha256(repr(options).encode()).hexdigest()[:10]
