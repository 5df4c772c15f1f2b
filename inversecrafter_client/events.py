"""Events of a job, as values to match on: ``match event: case Progress(step=step, steps=steps): …``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .jobs import Output

QUEUED, RUNNING, SUCCEEDED, FAILED, CANCELED = "queued", "running", "succeeded", "failed", "canceled"
TERMINAL = (SUCCEEDED, FAILED, CANCELED)


@dataclass(frozen=True)
class StatusChange:
    """The job is ``queued``, ``running``, ``succeeded``, ``failed`` or ``canceled``; ``queue_position`` counts from 0."""

    status: str
    queue_position: int | None = None


@dataclass(frozen=True)
class Progress:
    """Progress of a running job.

    Attributes:
        value: share of its nodes that are done, 0…1.
        current_node: id of the node that runs, with its title as ``message``.
        step: steps that this node has done, of ``steps``; None for nodes that count none.
        arrived: ``time.perf_counter()`` when the message arrived.
    """

    value: float
    message: str = ""
    nodes_done: int = 0
    nodes_total: int = 0
    current_node: str = ""
    step: int | None = None
    steps: int | None = None
    arrived: float = 0.0


@dataclass(frozen=True)
class OutputReady:
    """A file that a node has saved, before the job ends."""

    output: Output


Event = StatusChange | Progress | OutputReady
