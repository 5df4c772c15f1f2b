"""One shape for every benchmark: a table on the terminal, rows as JSON.

``python -m lab.benchmarks.ROOM.NAME --seed N --json FILE`` (``-`` = standard output; then the table goes to standard error).
A row is one figure computed in this run; nothing is hard-coded. Speeds are ratios of two measurements of the same run.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Row:
    """One figure: ``Row("speed-up", 3.4, "x", target=">= 3", holds=True)``.

    Attributes:
        target: what was wanted; None where nothing was.
        holds: whether the target is met; None with a target: the interval does not decide.
        low, high: the 95 % interval of a mean over scenes, see :mod:`lab.benchmarks.intervals`; None for a single measurement.
    """

    name: str
    value: float | int
    unit: str
    target: str | None = None
    holds: bool | None = None
    low: float | None = None
    high: float | None = None

    @property
    def verdict(self) -> str:
        """For tables: yes, no, open, or nothing where there is no target."""
        if self.target is None:
            return ""
        return {True: "yes", False: "NO", None: "open"}[self.holds]

    @property
    def spread(self) -> str:
        """The interval for tables, or nothing."""
        return "" if self.low is None or self.high is None else f"{self.low:.4g} … {self.high:.4g}"


def at_least(name: str, value: float, unit: str, bound: float) -> Row:
    """A row whose target is ``value >= bound``."""
    return Row(name, value, unit, f">= {bound:g}", bool(value >= bound))


def at_most(name: str, value: float, unit: str, bound: float) -> Row:
    """A row whose target is ``value <= bound``."""
    return Row(name, value, unit, f"<= {bound:g}", bool(value <= bound))


def machine() -> str:
    """What the figures were taken on: processor, threads, Python, torch, GPU. No names of hosts or users."""
    import torch

    gpu = torch.cuda.get_device_name(0) if torch.cuda.is_available() else "no GPU"
    threads = f"{os.cpu_count()} cores, {torch.get_num_threads()} threads"
    return f"{_cpu_model()}, {threads}, Python {platform.python_version()}, torch {torch.__version__}, {gpu}"


def _cpu_model() -> str:
    listing = Path("/proc/cpuinfo")
    if listing.is_file():
        for line in listing.read_text(encoding="utf-8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def table(rows: Sequence[Row]) -> str:
    """The rows as an aligned text table."""
    cells = [("figure", "value", "unit", "95 %", "target", "holds")]
    cells += [(row.name, _shown(row.value), row.unit, row.spread, row.target or "", row.verdict) for row in rows]
    widths = [max(len(line[column]) for line in cells) for column in range(6)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in cells]
    return "\n".join([lines[0], "-" * (sum(widths) + 10), *lines[1:]])


def table_lines(rows: Sequence[Row]) -> list[str]:
    """The rows as the lines of a Markdown table; an interval stands beside its mean."""
    lines = ["| figure | value | target | holds |", "|---|---|---|---|"]
    for row in rows:
        spread = f" ({row.spread})" if row.spread else ""
        verdict = "**no**" if row.verdict == "NO" else row.verdict
        lines.append(f"| {row.name} | {row.value:.4g} {row.unit}{spread} | {row.target or ''} | {verdict} |")
    return lines


def _shown(value: float | int) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)


def document(seed: int, rows: Sequence[Row]) -> dict[str, Any]:
    """What goes into the JSON file."""
    return {"seed": seed, "machine": machine(), "rows": [asdict(row) for row in rows]}


def main(
    name: str,
    run: Callable[[int, argparse.Namespace], Sequence[Row]],
    add_arguments: Callable[[argparse.ArgumentParser], None] | None = None,
) -> None:
    """Parse ``--seed`` and ``--json``, seed torch and numpy, run, report.

    Args:
        name: the benchmark's name, e.g. ``"warp"``.
        run: ``run(seed, args)`` measures and returns the rows.
        add_arguments: adds options of the benchmark's own.
    """
    import numpy
    import torch

    parser = argparse.ArgumentParser(name)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", metavar="FILE", help="write the rows as JSON; - for standard output")
    if add_arguments:
        add_arguments(parser)
    args = parser.parse_args()
    torch.manual_seed(args.seed)
    numpy.random.seed(args.seed % 2**32)
    rows = list(run(args.seed, args))
    to_stdout = args.json == "-"
    print(f"{name} (seed {args.seed})\n{table(rows)}", file=sys.stderr if to_stdout else sys.stdout)
    if to_stdout:
        print(json.dumps(document(args.seed, rows), indent=2))
    elif args.json:
        Path(args.json).write_text(json.dumps(document(args.seed, rows), indent=2) + "\n", encoding="utf-8")


def model_main(name: str, rows: Callable[[int, int], Sequence[Row]]) -> None:
    """:func:`main` of a model's figures, ``rows(seed, scenes)``, with ``--scenes`` and ``--threads``."""

    def run(seed: int, args: argparse.Namespace) -> Sequence[Row]:
        import torch

        torch.set_num_threads(args.threads)
        return rows(seed, args.scenes)

    main(name, run, add_model_arguments)


def add_model_arguments(parser: argparse.ArgumentParser) -> None:
    """How many unseen scenes, and on how many threads."""
    parser.add_argument("--scenes", type=int, default=8)
    parser.add_argument("--threads", type=int, default=2)
