"""Reports of nodes: outputs for the graph, and text that the host keeps in its history and sends to the page."""

from __future__ import annotations

import json
from collections.abc import Mapping

from comfy_api.latest import io


def report_ui(report: str, figures: Mapping[str, object] | None = None) -> dict[str, list[str]]:
    """Return a node's ``ui``: ``text`` is drawn on the node, ``json`` is for scripts that read the history."""
    return {"text": [report]} | ({} if figures is None else {"json": [json.dumps(figures)]})


def report_outputs() -> list[io.Output]:
    """Return the outputs of :func:`report_result`."""
    return [
        io.String.Output(display_name="report", tooltip="The figures in words."),
        io.String.Output(display_name="json", tooltip="The same figures as JSON, for scripts."),
    ]


def report_result(report: str, figures: Mapping[str, object]) -> io.NodeOutput:
    """Return a node's output of a report and its figures, also as ``ui``."""
    return io.NodeOutput(report, json.dumps(figures), ui=report_ui(report, figures))
