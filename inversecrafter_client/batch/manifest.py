"""Manifests: a CSV table with a header, or one JSON object a line. One row is one job.

    workflow,video,path,seed,out
    recapture,a.mp4,arc_left,1,results/a_left.mp4
    recapture,a.mp4,arc_right,1,results/a_right.mp4

``out`` is where the result goes; ``workflow`` may be left out where the command names one; ``result`` chooses among several
results of a workflow; every other column is an input of it. An empty cell leaves the workflow's own value. Paths are relative
to the manifest.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import ClientError, InvalidManifest
from ..workflows import ON_SERVER, Graph, Workflow

OUT, WORKFLOW, RESULT = "out", "workflow", "result"
Entries = dict[str, Any]


@dataclass(frozen=True)
class Row:
    """One job, ready to send.

    Attributes:
        line: in the manifest, from 1.
        out: where the result goes.
        job_id: made of its content; equal jobs have equal ones.
        name: of its workflow.
        prompt: what is sent.
        files: to upload, by their names on the server.
        node: id of the node that saves the result.
        left: what to say of results that are not made, empty where there are none or one was chosen.
    """

    line: int
    out: Path
    job_id: str
    name: str
    prompt: Graph
    files: dict[str, Path]
    node: str
    left: str = ""

    def workflow(self) -> Workflow:
        """Return the workflow that is sent, its files among its inputs."""
        graph = {
            key: {
                **node,
                "inputs": {
                    name: self.files.get(value, value) if isinstance(value, str) else value
                    for name, value in node["inputs"].items()
                },
            }
            for key, node in self.prompt.items()
        }
        return Workflow(graph, self.name)


def read_manifest(path: Path, workflow: str | None = None) -> list[Row]:
    """Return the rows of a manifest; files are read to name them by their content.

    Args:
        workflow: of rows that name none.

    Raises:
        InvalidManifest: the file or a line cannot be read, is cut off, or two lines have one ``out``; it names the line.
    """
    rows: list[Row] = []
    seen: dict[Path, int] = {}
    for line, entries in _lines(path):
        row = _row(path, line, entries, workflow)
        if row.out in seen:
            raise _fault(
                path, line, f"'{row.out}' is the result of line {seen[row.out]} too", "Give every job a file of its own."
            )
        seen[row.out] = line
        rows.append(row)
    if not rows:
        raise InvalidManifest(str(path), "no jobs", "Add a row for each job.")
    return rows


def _row(path: Path, line: int, entries: Entries, workflow: str | None) -> Row:
    given = {key: value for key, value in entries.items() if value not in ("", None)}
    out, name, result = given.pop(OUT, None), given.pop(WORKFLOW, workflow), given.pop(RESULT, None)
    if not out or not name:
        missing = WORKFLOW if out else OUT
        more = ", or name one workflow for all rows with --workflow" if out else ""
        raise _fault(path, line, f"no '{missing}'", f"Add the column '{missing}'{more}.")
    target = path.parent / str(out)
    if not target.suffix:
        raise _fault(path, line, f"'{out}' has no ending", "Give the result's, as in result.mp4; is the line cut off?")
    here = path.parent / str(name)
    try:
        chosen = Workflow.named(str(here) if here.is_file() else str(name))
        for key, value in given.items():
            upload = key in chosen.inputs and chosen.inputs[key].upload and not str(value).startswith(ON_SERVER)
            chosen.set(key, path.parent / str(value) if upload else value)
        chosen.require_files()
        node, others = chosen.result_node(result), chosen.other_results(result)
        left = f"{chosen.name} has other results, which are not made: name them in rows of a column '{RESULT}': "
        left = f"{left}{', '.join(others)}" if others and result is None else ""
        chosen = chosen.only(node)
        return Row(line, target.resolve(), chosen.content_id(), chosen.name, chosen.prompt(), chosen.files(), node, left)
    except ClientError as problem:
        raise _fault(path, line, f"{problem.name}: {problem.found}", problem.advice) from problem


def _lines(path: Path) -> Iterator[tuple[int, Entries]]:
    """Yield line number and entries of each row."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as problem:
        raise InvalidManifest(str(path), f"cannot be read ({problem})", "Give a CSV or JSONL file in UTF-8.") from None
    if path.suffix.lower() not in (".csv", ".jsonl"):
        raise InvalidManifest(str(path), f"ends in '{path.suffix}'", "Give a .csv or a .jsonl file.")
    yield from _csv_lines(path, text) if path.suffix.lower() == ".csv" else _json_lines(path, text)


def _csv_lines(path: Path, text: str) -> Iterator[tuple[int, Entries]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip() for name in next(reader, [])]
        other = next((mark for mark in ";\t" if len(header) == 1 and mark in header[0]), None)
        if other:  # as spreadsheets write them where a comma is the decimal point
            raise _fault(path, 1, f"columns separated by {other!r}", "Save the table with commas between its cells.")
        if len(set(header)) != len(header) or "" in header:
            raise _fault(path, 1, f"columns {header}", "Give every column one name.")
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                found = f"{len(cells)} cells, and the header has {len(header)}"
                raise _fault(path, reader.line_num, found, "Is the line cut off? Quote cells with commas.")
            yield reader.line_num, dict(zip(header, (cell.strip() for cell in cells), strict=True))
    except csv.Error as problem:
        raise _fault(path, reader.line_num, str(problem), "Is the file cut off? Close every quote.") from None


def _json_lines(path: Path, text: str) -> Iterator[tuple[int, Entries]]:
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            entries = json.loads(line)
        except ValueError as problem:
            raise _fault(path, number, f"no JSON ({problem})", "Is the file cut off? Write one object a line.") from None
        if not isinstance(entries, dict):
            raise _fault(path, number, f"a {type(entries).__name__}", "Write one object a line.")
        yield number, entries


def _fault(path: Path, line: int, found: str, advice: str) -> InvalidManifest:
    return InvalidManifest(f"{path}, line {line}", found, advice)
