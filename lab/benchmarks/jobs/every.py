"""Every figure of the jobs: single image, interpolation, editing, conditioning, release; another seed takes other scenes.

``python -m lab.benchmarks.jobs.every --seed 0 --json - [--only interpolation editing] [--scenes 16]``

Parts run side by side, each in a process of its own on one thread: the models are too small to share a clip between cores.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import logging
import multiprocessing
from concurrent.futures import ProcessPoolExecutor

import torch

from lab.benchmarks.report import Row, main

SCENES = {"stochastic": 16, "interpolation": 16, "editing": 16, "single_image": 16, "conditioning": 16}
"""How many scenes each part takes by default; the parts that take longest first, so that two processes end together."""


def part_rows(part: str, seed: int, scenes: int) -> list[Row]:
    """The rows of one part, named after it; for a process of its own."""
    logging.getLogger().setLevel(logging.ERROR)
    torch.set_num_threads(1)
    rows = importlib.import_module(f"lab.benchmarks.jobs.{part}").rows(seed, scenes)
    return [dataclasses.replace(row, name=f"{part}: {row.name}") for row in rows]


def run(seed: int, args: argparse.Namespace) -> list[Row]:
    with ProcessPoolExecutor(args.processes, mp_context=multiprocessing.get_context("spawn")) as pool:
        parts = [pool.submit(part_rows, part, seed, args.scenes or SCENES[part]) for part in SCENES if part in args.only]
        return [row for part in parts for row in part.result()]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--only", nargs="+", choices=SCENES, default=list(SCENES))
    parser.add_argument("--scenes", type=int, help="of every part; by default each takes its own number")
    parser.add_argument("--processes", type=int, default=2)


if __name__ == "__main__":
    main("jobs", run, add_arguments)
