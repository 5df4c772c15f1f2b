"""Batches: a table of jobs, each delivered exactly once, on one server or on several."""

from .manifest import Row, read_manifest
from .runner import Options, Summary, run_batch
from .started import Start

__all__ = ["Options", "Row", "Start", "Summary", "read_manifest", "run_batch"]
