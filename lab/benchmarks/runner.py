"""The runner of every benchmark: one command line, and scenes in processes of their own.

A benchmark is a module with a docstring and ``rows(seed, scenes, ...)``. Every further parameter of ``rows`` has a default and
is an option of its command line by the same name; ``--json FILE`` (``-`` = standard output) writes the rows.
"""

from __future__ import annotations

import argparse
import inspect
import logging
import multiprocessing
import shlex
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import numpy
import torch

from lab.host.launch import end_with_parent

from .report import Row, long_table, write
from .samples import Samples, Scene

logger = logging.getLogger(__name__)
Result = TypeVar("Result")


def main(rows: Callable[..., Sequence[Row]], arguments: Sequence[str] | None = None) -> None:
    """Run a benchmark from the command line: parse its options, seed torch and numpy, measure, report."""
    parser = _parser(rows)
    given = vars(parser.parse_args(arguments))
    options = _changed(given, parser)
    seed, target, threads = given["seed"], given.pop("json"), given.pop("threads")
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    logging.getLogger().setLevel(logging.WARNING)
    logger.setLevel(logging.INFO)  # a line a scene: a run may take an hour
    if threads:
        torch.set_num_threads(threads)
    torch.manual_seed(seed)
    numpy.random.seed(seed % 2**32)
    measured = list(rows(**given))
    print(f"seed {seed}", *long_table(measured), sep="\n", file=sys.stderr if target == "-" else sys.stdout)
    if target == "-":
        print(write(seed, measured, options), end="")
    elif target:
        Path(target).write_text(write(seed, measured, options), encoding="utf-8")


def _parser(rows: Callable[..., Sequence[Row]]) -> argparse.ArgumentParser:
    """Make an option of every parameter that has a default; a tuple takes several values."""
    text = inspect.getmodule(rows)
    parser = argparse.ArgumentParser(
        description=text.__doc__ if text else None, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", metavar="FILE", help="write the rows as JSON; - for standard output")
    parser.add_argument("--threads", type=int, default=0, help="of torch in this process; 0 leaves its own number")
    for name, parameter in inspect.signature(rows).parameters.items():
        option, default = f"--{name.replace('_', '-')}", parameter.default
        if name == "seed":
            parser.add_argument("--seed", type=int, default=0)
        elif isinstance(default, bool):
            parser.add_argument(option, action="store_true")
        elif isinstance(default, tuple):
            parser.add_argument(option, type=type(default[0]), nargs="+", default=default)
        else:
            parser.add_argument(option, type=type(default), default=default)
    return parser


def _changed(given: dict[str, Any], parser: argparse.ArgumentParser) -> str:
    """Return the options that differ from their defaults, as on a command line; neither the seed nor the file of the rows."""
    words = []
    for name, value in given.items():
        if name in ("seed", "json") or value == parser.get_default(name):
            continue
        values = [] if value is True else value if isinstance(value, list) else [value]
        words += [f"--{name.replace('_', '-')}", *(shlex.quote(str(one)) for one in values)]
    return " ".join(words)


def measure(scene: Callable[[int], Scene | None], seeds: Sequence[int], count: int, processes: int) -> Samples:
    """Return the figures of the first ``count`` scenes that are worth judging, i.e. not None.

    Args:
        scene: figures of the scene of a seed; with more than one process it and its result travel between them.
        seeds: candidates, in order.
        processes: each on one thread; 1 is this process.
    """
    found = Samples()
    for number, figures in enumerate(_results(scene, seeds, count, processes)):
        found.add(figures)
        # The host, once imported, has a format of its own without a time.
        logger.info("%s scene %d of %d", time.strftime("%H:%M:%S"), number + 1, count)
    return found


def _results(scene: Callable[[int], Result | None], seeds: Sequence[int], count: int, processes: int) -> Iterator[Result]:
    if processes == 1:
        yield from islice((one for one in map(scene, seeds) if one is not None), count)
        return
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), _one_thread) as pool:
        yield from first(lambda seed: pool.submit(scene, seed), seeds, count, processes + 1)


def _one_thread() -> None:
    end_with_parent()
    logging.getLogger().setLevel(logging.ERROR)
    torch.set_num_threads(1)


def first(submit: Callable[[int], Future[Any]], seeds: Sequence[int], count: int, at_once: int) -> Iterator[Any]:
    """Yield the first ``count`` results that are not None, in the order of their seeds; start no scene that is not needed."""
    left, waiting = iter(seeds), deque[Future[Any]]()
    while count:
        waiting += [submit(seed) for seed in islice(left, min(at_once, count) - len(waiting))]
        if not waiting:
            return
        one = waiting.popleft().result()
        if one is not None:
            count -= 1
            yield one
