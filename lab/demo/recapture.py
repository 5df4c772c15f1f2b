"""Recapture with one model and with two: a shipped workflow on a clip, its parts saved, its figures in ``report.json``."""

from __future__ import annotations

from typing import Any

from lab.data import sheet
from lab.graphs.compose import OTHER_FAMILIES
from lab.host import graph
from lab.host.server import Host

from . import clips, runs
from .runs import Options

PATH = {"path": "arc_right", "amount": 1.5}
"""Camera path of the demo's own clip: the camera goes to where moss comes into view, which the small model can continue."""


def recapture(client: Host, options: Options) -> dict[str, Any]:
    """Run the workflow with one model; write its stages as videos, an animation, and the cards of other families' graphs."""
    report, shown, rate = made_by(client, options, "recapture", "recaptured")
    for name in ("source", "warp", "holes", "latent mask"):
        sheet.write_video(options.out / f"{name.replace(' ', '_')}.mp4", shown[name], rate)
    for family in OTHER_FAMILIES:
        runs.save_card(options.out, family, runs.with_holes(shown), ("source", "depth"), "warp")
    sheet.animation(options.out / "recapture.webp", {"source": shown["source"], "new camera": shown["recaptured"]})
    return report


def two_experts(client: Host, options: Options) -> dict[str, Any]:
    """Run the workflow with two experts."""
    return made_by(client, options, "two_experts", "two experts")[0]


def made_by(client: Host, options: Options, workflow: str, result: str) -> tuple[dict[str, Any], runs.Clips, float]:
    """Run a workflow that takes a clip and a camera path, and save its parts.

    Returns:
        the report that was written, the clips of every stage, and the source's frames a second.
    """
    clip, origin = clips.choose(options.video, options.out, options.frames)
    prompt = runs.prepared(client, options, workflow, video=clip, **(PATH if options.video is None else {}))
    pictures = runs.warp_stages(prompt, "source") | {"decoded": runs.decoded(prompt), result: runs.result(prompt)}
    texts = runs.warp_texts(prompt, graph.find(prompt, "InverseCrafterMetrics"))
    made = runs.run(client, prompt, workflow, pictures, texts)
    shown = runs.with_holes(made.clips)
    runs.keep_videos(options.out, result.replace(" ", "_"), made.videos)
    runs.save_card(options.out, workflow, shown, ("source", "warp"), result)
    report = {"clip": origin, **runs.warp_report(prompt, made, options), **made.costs(client)}
    return runs.save(options.out, shown, report), made.clips, clips.require_frames(clip, options.frames)
