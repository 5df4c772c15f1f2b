"""Every figure of the jobs: stochastic conditioning, single image, interpolation, editing; another seed takes other scenes.

``python -m benchmarks.jobs --seed 0 --json - [--only jobs_interpolation jobs_editing] [--scenes 3]``
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import logging

import torch

from benchmarks.report import Row, main

SCENES = {"stochastic": 2, "jobs_single_image": 4, "jobs_interpolation": 3, "jobs_editing": 4}
"""How many scenes each part takes, so that all of it stays near ten minutes on two cores."""


def run(seed: int, args: argparse.Namespace) -> list[Row]:
    logging.getLogger().setLevel(logging.ERROR)
    torch.set_num_threads(args.threads)
    found = []
    for part in args.only:
        rows = importlib.import_module(f"benchmarks.{part}").rows(seed, args.scenes or SCENES[part])
        found += [dataclasses.replace(row, name=f"{part.removeprefix('jobs_')}: {row.name}") for row in rows]
    return found


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--only", nargs="+", choices=SCENES, default=list(SCENES))
    parser.add_argument("--scenes", type=int, help="of every part; by default each takes its own number")
    parser.add_argument("--threads", type=int, default=2)


if __name__ == "__main__":
    main("jobs", run, add_arguments)
