"""Interpolation: two pictures as the ends of a clip, everything between them generated."""

from __future__ import annotations

from .parts import COLUMN, columns, measurement, models, note, picture, sampling, video_out
from .recapture import FRAMES
from .spec import Node, Workflow

TEXT = """\
## Two pictures, the way between them

1. **Load Image**, twice: the start and the end. In place of a picture a clip may be connected to **Between Ends**: it takes the last frame of
   the start and the first four of the end.
2. **Between Ends**: how many frames, 4k+1 (17, 33, 49, 81), both ends included. A single picture at the end stands still for four frames.
3. **Run.** It works at once on the small models inside this pack. They show the method at thumbnail size; they are not Wan.

The ends stand clean beside the noise. At *release* 0 they come out as given; raise it to let them give way to each other.

"""

ENDS, OPEN = ("between", "video"), ("between", "holes")

WORKFLOW = Workflow(
    name="interpolation",
    nodes=[
        note(TEXT),
        *picture("start", 0, 0, "choose_the_start.png", "The start"),
        *picture("end", 0, 560, "choose_the_end.png", "The end"),
        Node(
            "between",
            "InverseCrafterBetweenEnds",
            (COLUMN, 0),
            {"frames": FRAMES},
            {"start": ("start_sized", "IMAGE"), "end": ("end_sized", "IMAGE")},
            title="Frames: 4k+1",
        ),
        *models(2 * COLUMN),
        *measurement(3 * COLUMN, {"mask_mode": "binary", "first_frame_known": False}, ENDS, OPEN, {}),
        *sampling(4 * COLUMN, {"release": 0.0, "window_mode": "alpha_steps", "alpha": 0.0}),
        *video_out(5 * COLUMN, "interpolation"),
    ],
    groups=columns(
        "1 · start and end",
        "2 · what is open",
        "3 · models and prompt",
        "4 · measurement",
        "5 · context",
        "6 · video",
    ),
)
