"""Single image: a photo seen from a moving camera. Depth once, warp along the path, completion with the photo as first frame."""

from __future__ import annotations

from .notes import KEPT, PREVIEW, REAL_WAN, SMALL
from .parts import (
    FRAMES,
    beside,
    camera_path,
    conditioned,
    decoded,
    depth,
    measurement,
    models,
    picture,
    tokens,
    video_out,
    warp,
)
from .recapture import FILLED, HOLES, MEASURED, RESULT
from .spec import Column, Link, Node, Workflow

NOTE = f"""\
## One photo, a new camera

1. **The photo**: choose it. *width* and *height* are multiples of 16; for a portrait photo set the height above the width.
2. **Frames: 4k+1**: how many the clip gets (17, 33, 49, 81).
3. **Plan Camera Path**: choose a trajectory.
4. {SMALL}

What the camera saw of the photo stands clean beside the noise until the *release*, then everything but the first frame, the photo, is denoised
together, so that torn edges of the warp are repaired. Raise *release* where they stay, lower it where the photo is forgotten.

{PREVIEW}
{KEPT}
{REAL_WAN}"""

STILL: Link = ("still", "video")

WORKFLOW = Workflow(
    name="single_image",
    note=NOTE,
    columns=[
        Column(
            "1 · photo",
            [
                *picture("photo", "choose_a_photo.png", "The photo"),
                Node(
                    "still",
                    "InverseCrafterPhotoClip",
                    {"frames": FRAMES},
                    {"photo": ("photo_sized", "IMAGE"), "geometry": ("depth", "geometry")},
                    "Frames: 4k+1",
                ),
            ],
        ),
        Column(
            "2 · depth and camera path",
            [
                *depth(("photo_sized", "IMAGE")),
                *camera_path(STILL),
            ],
        ),
        Column("3 · warp", warp(STILL, ("still", "geometry"))),
        Column("Models and prompt", models(), "models"),
        Column(
            MEASURED,
            measurement({}, FILLED, HOLES, {"source": STILL, "camera_path": ("path", "camera_path")}),
        ),
        tokens(FILLED, "1 · photo"),
        Column(
            "5 · context and release",
            [
                *conditioned({"release": 0.7, "keep_first_frame": True, "start_percent": 0.63}, steps=8),
                *decoded(("sampler", "output"), FILLED, HOLES),
            ],
            "sampling",
        ),
        Column(
            "6 · result",
            [
                *video_out("single_image", RESULT),
                *beside(STILL, RESULT),
            ],
        ),
    ],
)
