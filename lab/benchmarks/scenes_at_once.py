"""Scenes judged in several processes, without starting one that is not needed."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from itertools import islice
from typing import TypeVar

Scene = TypeVar("Scene")


def first_scenes(submit: Callable[[int], Future[Scene | None]], seeds: list[int], count: int, at_once: int) -> Iterator[Scene]:
    """The first ``count`` results that are not None, in the order of their seeds; no more is started than may be needed."""
    left, waiting = iter(seeds), deque[Future[Scene | None]]()
    while count:
        waiting += [submit(seed) for seed in islice(left, min(at_once, count) - len(waiting))]
        if not waiting:
            return
        one = waiting.popleft().result()
        if one is not None:
            count -= 1
            yield one
