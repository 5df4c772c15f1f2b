"""Write ``workflows/<name>.json`` and ``workflows/api/<name>.json`` by building the graph in the real page.

``python -m lab.graphs.compose`` composes every workflow and every example of ``lab/graphs``; the page itself checks every node,
widget, slot and link type, so a workflow that is written at all loads without a missing node.
"""

from __future__ import annotations

import argparse
import json
import logging
from pathlib import Path
from typing import Any

from lab.host.page import close_dialogs, open_page
from lab.host.paths import ROOT
from lab.host.server import running_host

from . import inputs
from .read import workflow_of
from .spec import Workflow

OTHER_FAMILIES = ["ltx", "hunyuan_video_1_5"]
"""Workflows of families for which this pack ships no small models."""
GRAPHS = [
    "recapture",
    "two_experts",
    "single_image",
    "interpolation",
    "editing",
    "edit_propagation",
    "restoration",
    "scene_latents",
    *OTHER_FAMILIES,
]
EXAMPLES = sorted(f"examples/{path.stem}" for path in (Path(__file__).parent / "examples").glob("*.yaml"))
log = logging.getLogger(__name__)


def compose(page: Any, workflow: Workflow) -> dict[str, Any]:
    """Build one workflow on the page's canvas and return its two forms, ``ui`` and ``api``."""
    script = (Path(__file__).parent / "compose.js").read_text()
    files: dict[str, Any] = json.loads(page.evaluate(script, workflow.as_json()))
    for node in files["ui"]["nodes"]:
        node["pos"], node["size"] = [round(v) for v in node["pos"]], [round(v) for v in node["size"]]
    for number, written in enumerate(workflow.nodes, 1):
        if str(number) in files["api"]:
            files["api"][str(number)]["inputs"] |= written.newer
    return files


def write(name: str, files: dict[str, Any]) -> None:
    """Write both forms, sorted by node id so that a change shows as a small difference, and the names of the inputs."""
    api = dict(sorted(files["api"].items(), key=lambda item: int(item[0])))
    for folder, content in ((ROOT / "workflows", files["ui"]), (ROOT / "workflows" / "api", api)):
        path = folder / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content, indent=1) + "\n")
    inputs.write(name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=[*GRAPHS, *EXAMPLES])
    parser.add_argument("--screenshot", type=Path, help="also save a picture of each canvas into this folder")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    with running_host() as client:
        for name in arguments.names:
            # A page of its own: newer ones keep widgets by node id, and hand a cleared graph's values to the next one's nodes.
            with open_page(client.url, 2800, 1600) as page:
                write(name, compose(page, workflow_of(name)))
                if arguments.screenshot:
                    arguments.screenshot.mkdir(parents=True, exist_ok=True)
                    close_dialogs(page)
                    page.evaluate("() => window.app.extensionManager.command.execute('Comfy.Canvas.FitView')")
                    page.wait_for_timeout(1500)
                    page.screenshot(path=str(arguments.screenshot / f"{Path(name).name}.png"))
            log.info("wrote workflows/%s.json and its API form", name)


if __name__ == "__main__":
    main()
