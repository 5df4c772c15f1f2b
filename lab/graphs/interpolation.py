"""Interpolation: two pictures as the ends of a clip, both warped to every camera between, what neither saw generated."""

from __future__ import annotations

from .notes import KEPT, REAL_WAN, SMALL
from .parts import FRAMES, conditioned, decoded, depth, drift, measurement, models, picture, preview, tokens, video_out
from .recapture import MEASURED, RESULT
from .spec import BYPASSED, Column, Link, Links, Node, Workflow

NOTE = f"""\
## Two pictures, the way between them

1. **The start** and **The end**: choose two pictures of one place. In place of a picture a clip may be connected to **Warp Ends**: it takes
   the last frame of the start and the first four of the end (**Batch Images: start, end** then needs those two frames).
2. **Warp Ends**: how many *frames*, 4k+1 (17, 33, 49, 81), both ends included. It finds the end's camera and shows what both ends saw of
   the way. Where it finds no camera, both move along optical flow alone; the report on the node says so.
3. {SMALL}

What the ends saw stands clean beside the noise until the *release*, then all is denoised together. **Report Drift** says how near the
decoded clip is to it.

{KEPT}
**The model alone:** un-bypass **Join Ends** (Ctrl+B) and connect its *video* and *holes* to **Encode Measurement**, **Add Inpaint Conditioning**
and **Keep Known Pixels** in place of those of **Warp Ends**; set *mask* to *binary* and *release* to 0. No depth is needed then.

{REAL_WAN}"""

ENDS: Link = ("guided", "video")
OPEN: Link = ("guided", "holes")
BOTH: Links = {"start": ("start_sized", "IMAGE"), "end": ("end_sized", "IMAGE")}
WARPED = "3 · both ends warped"

WORKFLOW = Workflow(
    name="interpolation",
    note=NOTE,
    columns=[
        Column(
            "1 · start and end",
            [*picture("start", "choose_the_start.png", "The start"), *picture("end", "choose_the_end.png", "The end")],
        ),
        Column(
            "2 · depth of both",
            [
                Node(
                    "both",
                    "ImageBatch",
                    {},
                    {"image1": BOTH["start"], "image2": BOTH["end"]},
                    "Batch Images: start, end",
                ),
                *depth(("both", "IMAGE"), {"stabilise": "off"}),
            ],
        ),
        Column(
            WARPED,
            [
                Node("guided", "InverseCrafterWarpFromEnds", {"frames": FRAMES}, BOTH | {"geometry": ("depth", "geometry")}),
                preview("warped", ENDS, "What the ends saw"),
            ],
        ),
        Column(
            "Instead: the model alone",
            [Node("between", "InverseCrafterBetweenEnds", {"frames": FRAMES}, BOTH, mode=BYPASSED)],
            "optional",
            WARPED,
        ),
        Column("Models and prompt", models(), "models"),
        Column(MEASURED, measurement({}, ENDS, OPEN, {}, "whole_video")),
        tokens(ENDS, MEASURED),
        Column(
            "5 · context and release",
            [
                *conditioned({"release": 0.7, "start_percent": 0.63}, steps=8),
                *decoded(("sampler", "output"), ENDS, OPEN),
            ],
            "sampling",
        ),
        Column(
            "6 · result",
            [*video_out("interpolation", RESULT), drift(ENDS, OPEN)],
        ),
    ],
)
