"""Every figure of the embedded models' cards, on scenes that nothing trained on; another seed takes other scenes.

``python -m lab.benchmarks.models.every --seed 0 --json - [--only vae video_model mask_encoder depth world] [--scenes 8]``
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib

import torch

from lab.benchmarks.report import Row, add_model_arguments, main

PARTS = ("world", "vae", "video_model", "mask_encoder", "depth")


def run(seed: int, args: argparse.Namespace) -> list[Row]:
    torch.set_num_threads(args.threads)
    found = []
    for part in args.only:
        rows = importlib.import_module(f"lab.benchmarks.models.{part}").rows(seed, args.scenes)
        found += [dataclasses.replace(row, name=f"{part}: {row.name}") for row in rows]
    return found


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS))
    add_model_arguments(parser)


if __name__ == "__main__":
    main("models", run, add_arguments)
