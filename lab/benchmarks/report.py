"""One row a figure: the schema of every benchmark's JSON, and the tables that are made of it.

A row is computed in the run that reports it; nothing is hard-coded. Speeds are ratios of two measurements of the same run.
"""

from __future__ import annotations

import json
import math
import os
import platform
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lab.metrics.intervals import Interval

Place = dict[str, Any]
"""Fields of a row that say where it was measured, or its bound."""
Document = dict[str, Any]
"""A benchmark's JSON: ``{"seed", "options", "machine", "rows": [{"name", ...}]}``."""


@dataclass(frozen=True)
class Row:
    """One figure, and where it was measured.

    Attributes:
        figure: what is measured, "whole LPIPS".
        case: on what, "noise 10 %"; ``at``: at which value of that, where the case is swept.
        strength: of the simulated prior, where there is one.
        method: whose figure it is; ``against``: the method it is divided by (unit "x") or that is subtracted from it.
        part: the part of a benchmark that is several modules.
        target: the wanted bound; None where there is none.
        holds: whether the target is met; None with a target: the interval does not decide.
        low, high: the 95 % interval of a mean over scenes; None for a single measurement.
    """

    figure: str
    value: float | int
    unit: str = ""
    case: str = ""
    at: float | None = None
    strength: float | None = None
    method: str = ""
    against: str = ""
    part: str = ""
    target: str | None = None
    holds: bool | None = None
    low: float | None = None
    high: float | None = None

    @property
    def name(self) -> str:
        """All of that in words."""
        case = self.case if self.at is None else f"{self.case} {self.at:g}".lstrip()
        prior = "" if self.strength is None else f"strength {self.strength:g}"
        relation = f", {self.method} {'over' if self.unit == 'x' else 'above'} {self.against}" if self.against else ""
        where = ", ".join(filter(None, (case, prior, "" if self.against else self.method)))
        return ": ".join(filter(None, (self.part, where, self.figure + relation)))

    @property
    def verdict(self) -> str:
        """ "yes", "NO", "open", or nothing where there is no target."""
        return "" if self.target is None else {True: "yes", False: "NO", None: "open"}[self.holds]

    @property
    def spread(self) -> str:
        """Return the interval, or nothing."""
        return "" if self.low is None or self.high is None else f"{self.low:.4g} … {self.high:.4g}"


def row(
    figure: str,
    found: float | Interval,
    unit: str = "",
    *,
    least: float | None = None,
    most: float | None = None,
    **place: Any,
) -> Row:
    """Return the row of a single measurement or of a mean over scenes.

    Args:
        least, most: one bound, or neither. A mean meets or misses it only where its whole interval does.
        place: the fields of :class:`Row` that say where it was measured.
    """
    mean, low, high = found if isinstance(found, Interval) else (found, found, found)
    ends = found.ends if isinstance(found, Interval) else (None, None)
    target, holds = None, None
    if least is not None or most is not None:
        target = f">= {least:g}" if least is not None else f"<= {most:g}"
        met = [bool(value >= least) if least is not None else bool(value <= (most or 0)) for value in (mean, low, high)]
        holds = met[0] if met[1] == met[2] else None
    return Row(figure, mean, unit, target=target, holds=holds, low=ends[0], high=ends[1], **place)


def not_measured(what: str, reason: str) -> Row:
    """Return the row of a figure that cannot be had on this machine."""
    return Row(f"{what}: not measured, {reason}", math.nan)


def machine() -> str:
    """Return processor, threads, Python, torch and GPU in words, without names of hosts or users."""
    import torch

    gpu = torch.cuda.get_device_name(0) if torch.cuda.is_available() else "no GPU"
    threads = f"{os.cpu_count()} cores, {torch.get_num_threads()} threads"
    return f"{_cpu_model()}, {threads}, Python {platform.python_version()}, torch {torch.__version__}, {gpu}"


def _cpu_model() -> str:
    listing = Path("/proc/cpuinfo")
    lines = listing.read_text(encoding="utf-8", errors="replace").splitlines() if listing.is_file() else []
    named = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(named, platform.processor() or platform.machine())


def write(seed: int, rows: Sequence[Row], options: str = "") -> str:
    """Return the JSON of a run; ``options``: of its command line, beside the seed."""
    listed = [{"name": one.name, **asdict(one)} for one in rows]
    return json.dumps({"seed": seed, "options": options, "machine": machine(), "rows": listed}, indent=2) + "\n"


def read(document: Document) -> list[Row]:
    """Return the rows of a run's JSON."""
    return [Row(**{key: value for key, value in one.items() if key != "name"}) for one in document["rows"]]


def long_table(rows: Iterable[Row]) -> list[str]:
    """Return a Markdown table with a line a row; an interval stands beside its mean."""
    lines = []
    for one in rows:
        spread = f" ({one.spread})" if one.spread else ""
        verdict = one.verdict.replace("NO", "**no**")
        lines.append((one.name, f"{one.value:.4g} {one.unit}{spread}", one.target or "", verdict))
    return markdown(("figure", "value", "target", "holds"), lines)


def wide_table(rows: Iterable[Row], columns: Mapping[str, str]) -> list[str]:
    """Return a Markdown table with a line a method and a column a figure.

    Args:
        rows: of one case and strength; figures that are not in ``columns`` are left out.
        columns: heading by figure, in order; those that no row has are left out.
    """
    cells: dict[str, dict[str, str]] = {}
    for one in rows:
        if one.figure in columns:
            cells.setdefault(one.method, {})[one.figure] = with_half(one)
    used = [figure for figure in columns if any(figure in found for found in cells.values())]
    lines = [(name, *(found.get(figure, "") for figure in used)) for name, found in cells.items()]
    return markdown(("", *(columns[figure] for figure in used)), lines)


def with_half(one: Row) -> str:
    """Return a mean and half its interval; nothing where there is no finite value."""
    if not math.isfinite(one.value):
        return ""
    places = 2 if one.unit == "dB" else 3
    half = "" if one.low is None or one.high is None else f" ± {(one.high - one.low) / 2:.{places}f}"
    return f"{one.value:.{places}f}{half}"


def markdown(head: Sequence[str], lines: Iterable[Sequence[str]]) -> list[str]:
    """Return the lines of a Markdown table."""
    return ["| " + " | ".join(cells) + " |" for cells in (head, ["---"] * len(head), *lines)]


def folded(summary: str, lines: Sequence[str]) -> list[str]:
    """Return Markdown that a reader opens with a click."""
    return ["", "<details>", f"<summary>{summary}</summary>", "", *lines, "", "</details>"]


Page = Callable[[Document], list[str]]
"""Lines of a benchmark's section of docs/benchmarks.md; it may draw a picture beside it."""
