"""Scene latents: the shipped workflow on a scene of the world, which its models have learnt, with the true view beside it."""

from __future__ import annotations

from typing import Any

from inversecrafter_core.camera import preset_path
from lab.data import sheet
from lab.data.pool import to_bytes
from lab.host import graph
from lab.host.server import Host
from lab.world import frame_times, random_scene, render

from . import runs
from .runs import Options

SEED = 7
"""A held-out scene of the world."""
PRESET = "arc_right"


def run(client: Host, options: Options) -> dict[str, Any]:
    """Run the workflow; write the clip, the new view and the true one as an animation, and return the report."""
    source, truth, clip = _views(options)
    prompt = runs.prepared(client, options, "scene_latents", video=clip, path=PRESET)
    states = graph.find(prompt, "InverseCrafterSceneStates")
    stages: runs.Links = {"network's depth": [states, 1], "new view": runs.decoded(prompt)}
    made = runs.run(client, prompt, "scene_latents", stages, {"states": [states, 2]})
    shown = {"source": source, **made.clips, "true view": truth}
    runs.keep_videos(options.out, "scene_latents", made.videos)
    runs.save_card(options.out, "scene_latents", shown, ("source", "network's depth"), "new view")
    sheet.animation(options.out / "scene_latents.webp", {name: shown[name] for name in ("source", "new view", "true view")})
    return runs.save(options.out, shown, {**options.reported(), **made.texts, **made.costs(client)})


def _views(options: Options) -> tuple[Any, Any, Any]:
    """Return the source clip and the true view ``[F, H, W, 3]`` uint8, and a file of the source."""
    scene, times, (width, height) = random_scene(SEED), frame_times(options.frames), options.size
    source = render(scene, times, height, width)
    poses, lenses = preset_path(PRESET, options.frames).resolve(source.geometry())
    truth = render(scene, times, height, width, poses, lenses)
    file = options.out / "source.mp4"
    sheet.write_video(file, to_bytes(source.colour), 16.0)
    return to_bytes(source.colour), to_bytes(truth.colour), file
