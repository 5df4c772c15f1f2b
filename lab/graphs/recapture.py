"""Recapture: a clip from a new camera path. Real Wan: change two file names, un-bypass the text encoder."""

from __future__ import annotations

from .notes import KEPT, LENGTHS, PREVIEW, REAL_WAN, SMALL
from .parts import (
    CLIP,
    STEPS,
    beside,
    camera_path,
    clip_in,
    decoded,
    depth,
    measurement,
    models,
    tokens,
    video_out,
    warp,
)
from .spec import Column, Link, Links, Node, Workflow

NOTE = f"""\
## Recapture: your clip, a new camera

1. **Load Video**: choose a clip. {LENGTHS}
2. **Plan Camera Path**: choose a trajectory. It takes the number of frames from the clip.
3. {SMALL}

{PREVIEW}
{KEPT}
{REAL_WAN}"""

WARPED: Link = ("warp", "video")
FILLED: Link = ("fill", "video")
HOLES: Link = ("warp", "holes")
PATH: Links = {"source": CLIP, "camera_path": ("path", "camera_path")}
RESULT: Link = ("keep", "video")
MEASURED = "4 · measurement"


def clip_to_warp() -> list[Column]:
    """The first three columns: the clip, its depth and the camera path, the warp."""
    return [
        Column("1 · clip", clip_in()),
        Column("2 · depth and camera path", [*depth(CLIP), *camera_path(CLIP)]),
        Column("3 · warp", warp(CLIP, ("depth", "geometry"))),
    ]


def measured() -> list[Column]:
    """The measurement, and below it the image tokens."""
    return [Column(MEASURED, measurement({}, FILLED, HOLES, PATH)), tokens(FILLED, "1 · clip")]


def metrics(result: Link) -> Node:
    """Return the node that measures a result against the warp where that is known."""
    return Node("metrics", "InverseCrafterMetrics", {}, {"video": result, "reference": WARPED, "holes": HOLES})


WORKFLOW = Workflow(
    name="recapture",
    note=NOTE,
    columns=[
        *clip_to_warp(),
        Column("Models and prompt", models(), "models"),
        *measured(),
        Column(
            "5 · guided sampling",
            [
                Node(
                    "sampler",
                    "InverseCrafterKSampler",
                    {"seed": 0, "steps": STEPS, "cfg": 1.0},
                    {
                        "model": ("shift", "MODEL"),
                        "measurement": ("measure", "measurement"),
                        "positive": ("inpaint", "positive"),
                        "negative": ("inpaint", "negative"),
                        "latent_image": ("inpaint", "latent"),
                    },
                    height=640,
                ),
                *decoded(("sampler", "latent"), WARPED, HOLES),
            ],
            "sampling",
        ),
        Column(
            "6 · result",
            [*video_out("recapture", RESULT, ("parts", "fps")), *beside(CLIP, RESULT), metrics(("decode", "IMAGE"))],
        ),
    ],
)
