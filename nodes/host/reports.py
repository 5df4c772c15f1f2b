"""Reports of nodes: as outputs for the graph, and as text that the host keeps in its history and hands to the page."""

from __future__ import annotations

import json
from collections.abc import Mapping

from comfy_api.latest import io


def shown(report: str, figures: Mapping[str, object] | None = None) -> dict[str, list[str]]:
    """Return the ``ui`` of a node: ``text`` is drawn on the node, ``json`` is for scripts that read the history."""
    return {"text": [report]} | ({} if figures is None else {"json": [json.dumps(figures)]})


def report_outputs() -> list[io.Output]:
    """Return the outputs of :func:`reported`."""
    return [
        io.String.Output(display_name="report", tooltip="The figures in words."),
        io.String.Output(display_name="json", tooltip="The same figures as JSON, for scripts."),
    ]


def reported(report: str, figures: Mapping[str, object]) -> io.NodeOutput:
    """Return a report and its figures, as outputs and as ``ui``."""
    return io.NodeOutput(report, json.dumps(figures), ui=shown(report, figures))
