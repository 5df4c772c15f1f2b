"""Frames at a constant rate from frames with times of their own.

Phones and screen recorders write frames when they have them. Taken one after the other, such a clip runs too fast here and too
slow there; the frame next to every point in time keeps it in time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

T = TypeVar("T")
UNEVEN = 0.1
"""Share of the mean interval by which an interval may differ at a constant rate; containers round times to milliseconds."""


class Picture(NamedTuple):
    """A frame: ``time`` in seconds, and ``content``, whatever it is."""

    time: float
    content: object


@dataclass
class Timing:
    """The timing of a clip, as it was read.

    Attributes:
        times: of the frames read, in seconds.
        taken: numbers of the frames that were taken, in order.
    """

    times: list[float] = field(default_factory=list)
    taken: list[int] = field(default_factory=list)

    def report(self) -> str:
        """Describe the frames' own rate, and what was left out or shown more than once."""
        if len(self.times) < 2:
            return "One frame."
        steps = [later - earlier for earlier, later in zip(self.times, self.times[1:], strict=False)]
        mean = (self.times[-1] - self.times[0]) / len(steps)
        constant = mean > 0 and max(abs(step - mean) for step in steps) <= UNEVEN * mean
        pace = f"{1 / mean:.4g} frames a second" if mean > 0 else "frames without times"
        rate = pace if constant else f"a variable rate, {pace} on average, {min(steps):.3g} to {max(steps):.3g} s apart"
        spread = self.taken[-1] - self.taken[0] + 1 if self.taken else 0
        left, twice = spread - len(set(self.taken)), len(self.taken) - len(set(self.taken))
        changes = [f"{left} left out" if left else "", f"{twice} shown twice" if twice else ""]
        return f"The footage has {rate}" + "".join(f", {change}" for change in changes if change) + "."


def at_constant_rate(pictures: Iterable[tuple[float, T]], rate: float, count: int, start: float, timing: Timing) -> Iterator[T]:
    """Yield the content next to every point in time, ``1 / rate`` apart.

    Args:
        pictures: pairs of time in seconds and content, in increasing order of time.
        rate: frames a second.
        count: most frames.
        start: seconds after the first picture at which the first frame is taken.
        timing: is filled in.
    """
    due, origin, held = 0.0, 0.0, None
    for number, (time, content) in enumerate(pictures):
        if held is None:
            origin = time
        timing.times.append(time)
        while len(timing.taken) < count and (due := origin + start + len(timing.taken) / rate) <= time:
            nearer = held if held is not None and due - held[1] < time - due else (number, time, content)
            timing.taken.append(nearer[0])
            yield nearer[2]
        if len(timing.taken) >= count:
            return
        held = (number, time, content)
    if held is not None and len(timing.taken) < count and origin + start + len(timing.taken) / rate - held[1] < 0.5 / rate:
        timing.taken.append(held[0])
        yield held[2]
