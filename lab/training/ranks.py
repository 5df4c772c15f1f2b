"""One process or several: what a run under ``torchrun`` needs to know, and nothing that a single process would miss."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import timedelta

import torch
import torch.distributed as dist

WAIT = timedelta(hours=12)
"""Ranks wait this long for each other: one of them may be encoding a large pool."""


@dataclass(frozen=True)
class Ranks:
    """The place of a process among ``count``; ``torchrun`` says which through the environment."""

    rank: int = 0
    count: int = 1
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))

    @classmethod
    def join(cls) -> Ranks:
        """One GPU a process where there are GPUs (nccl), else the CPU (gloo)."""
        local, count = int(os.environ.get("LOCAL_RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))
        gpus = torch.cuda.device_count()
        device = torch.device("cuda", local % gpus) if gpus else torch.device("cpu")
        if device.type == "cuda":
            torch.cuda.set_device(device)
        if count > 1 and not dist.is_initialized():
            dist.init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=WAIT)
        return cls(int(os.environ.get("RANK", 0)), count, device)

    @property
    def first(self) -> bool:
        return self.rank == 0

    def share(self, items: list) -> list:
        """Every ``count``-th item, this rank's."""
        return items[self.rank :: self.count]

    def wait(self) -> None:
        if self.count > 1:
            dist.barrier()

    def agree(self, value: float) -> float:
        """The first rank's value, for all: clocks differ."""
        if self.count == 1:
            return value
        shared = torch.tensor([value], dtype=torch.float64 if self.device.type == "cpu" else torch.float32, device=self.device)
        dist.broadcast(shared, 0)
        return float(shared)

    def leave(self) -> None:
        if self.count > 1:
            dist.destroy_process_group()
