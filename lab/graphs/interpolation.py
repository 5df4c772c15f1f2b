"""Interpolation: two pictures as the ends of a clip, both warped to every camera between, what neither saw generated."""

from __future__ import annotations

from .parts import COLUMN, columns, compared_out, measurement, models, note, picture, sampling
from .recapture import FRAMES
from .spec import BYPASSED, Node, Workflow

TEXT = """\
## Two pictures, the way between them

1. **Load Image**, twice: the start and the end, of one place. In place of a picture a clip may be connected to **Warp Ends**: it takes the last
   frame of the start and the first four of the end (**Batch Images** then needs those two frames).
2. **Warp Ends**: how many frames, 4k+1 (17, 33, 49, 81), both ends included. It finds the end's camera and shows what both ends saw of
   the way. Where it finds no camera, both move along optical flow alone, and its report says so.
3. **Run.** It works at once on the small models inside this pack. They show the method at thumbnail size; they are not Wan.

What the ends saw stands clean beside the noise until the *release*, then all is denoised together. **Keep Known Pixels** puts the warps' own
pixels back where an end saw the place; bypass it (Ctrl+B) to see what the model and the VAE make of everything.

**The model alone**: un-bypass **Join Ends** (Ctrl+B) and connect its *video* and *holes* to **Encode Measurement**, **Add Inpaint Conditioning** and **Report Drift** in place of
those of **Warp Ends**; set *mask* to *binary* and *release* to 0. No depth is needed then.

"""

ENDS, OPEN = ("guided", "video"), ("guided", "holes")
BOTH = {"start": ("start_sized", "IMAGE"), "end": ("end_sized", "IMAGE")}

WORKFLOW = Workflow(
    name="interpolation",
    nodes=[
        note(TEXT),
        *picture("start", 0, 0, "choose_the_start.png", "The start"),
        *picture("end", 0, 560, "choose_the_end.png", "The end"),
        Node("depth_model", "InverseCrafterLoadDepthModel", (COLUMN, 0)),
        Node(
            "both",
            "ImageBatch",
            (COLUMN, 240),
            links={"image1": ("start_sized", "IMAGE"), "image2": ("end_sized", "IMAGE")},
            title="Batch Images: start, end",
        ),
        Node(
            "depth",
            "InverseCrafterEstimateDepth",
            (COLUMN, 360),
            {"stabilise": "off"},
            {"depth_model": ("depth_model", "depth_model"), "video": ("both", "IMAGE")},
        ),
        Node(
            "guided",
            "InverseCrafterWarpFromEnds",
            (2 * COLUMN, 0),
            {"frames": FRAMES},
            BOTH | {"geometry": ("depth", "geometry")},
            title="Frames: 4k+1",
            size=(320, 260),
        ),
        Node("warped", "PreviewImage", (2 * COLUMN, 340), {}, {"images": ENDS}, "What the ends saw", (320, 260)),
        Node("report", "PreviewAny", (2 * COLUMN, 660), {}, {"source": ("guided", "report")}, "Its report", (320, 160)),
        Node(
            "between",
            "InverseCrafterBetweenEnds",
            (2 * COLUMN, 880),
            {"frames": FRAMES},
            BOTH,
            title="Instead: the model alone",
            mode=BYPASSED,
        ),
        *models(3 * COLUMN),
        *measurement(4 * COLUMN, {}, ENDS, OPEN, {}, "whole_video"),
        *sampling(5 * COLUMN, {"release": 0.7, "start_percent": 0.63}, steps=8),
        *compared_out(6 * COLUMN, "interpolation", ENDS, OPEN),
    ],
    groups=columns(
        "1 · start and end",
        "2 · depth of both",
        "3 · both ends warped",
        "4 · models and prompt",
        "5 · measurement",
        "6 · context",
        "7 · video",
    ),
)
