"""Edit propagation: the first frame is edited in any editor, and the edit follows the thing through the clip."""

from __future__ import annotations

from .notes import LENGTHS, REAL_WAN, SMALL
from .parts import CLIP, beside, clip_in, conditioned, decoded, drift, measurement, models, picture, preview, tokens, video_out
from .recapture import RESULT
from .spec import Column, Link, Node, Workflow

NOTE = f"""\
## Edit one frame, and the clip follows

1. **Load Video**: choose a clip. {LENGTHS}
2. Run once and save **First frame** (right click), edit it in any editor, and choose it in **The first frame, edited**. In place of the file any
   node may be connected that edits a picture. It must show the same frame in the same size.
3. **Find Edited Region** finds what was edited, **Track Mask** follows it, **Propagate Edit** carries it along. Look at **The region**
   and at **Carried**. For a region of your own connect a mask or draw a box on **Track Mask**.
4. {SMALL}

**Report Drift** says how far the rest has moved, and how much of that is the VAE. **Keep Known Pixels** puts
the clip's own pixels and the carried edit back where they are known; bypass it (Ctrl+B) to see what the model and the VAE make of everything.

{REAL_WAN}"""

CARRIED: Link = ("carry", "video")
HOLES: Link = ("carry", "holes")
EDITED: Link = ("edited_sized", "IMAGE")
MEASURED = "4 · measurement"

WORKFLOW = Workflow(
    name="edit_propagation",
    note=NOTE,
    columns=[
        Column(
            "1 · clip",
            [
                *clip_in(),
                Node("first", "ImageFromBatch", {"batch_index": 0, "length": 1}, {"image": CLIP}, "Take frame 0"),
                preview("first_picture", ("first", "IMAGE"), "First frame"),
            ],
        ),
        Column(
            "2 · the edit",
            [
                *picture("edited", "choose_the_edited_first_frame.png", "The first frame, edited"),
                Node("difference", "InverseCrafterEditDifference", {}, {"original": CLIP, "edited": EDITED}),
            ],
        ),
        Column(
            "3 · the edit follows",
            [
                Node("track", "InverseCrafterTrackMask", {}, {"video": CLIP, "holes": ("difference", "holes")}),
                preview("region", ("track", "preview"), "The region"),
                Node(
                    "carry",
                    "InverseCrafterPropagateEdit",
                    {},
                    {"video": CLIP, "edited": EDITED, "holes": ("track", "holes")},
                ),
                preview("carried", CARRIED, "Carried"),
            ],
        ),
        Column("Models and prompt", models(), "models"),
        Column(MEASURED, measurement({"mask": "area", "mask_strength": 0.35}, CARRIED, HOLES, {"start_image": EDITED})),
        tokens(CARRIED, MEASURED),
        Column(
            "5 · context",
            [
                *conditioned({"release": 0.0, "start_percent": 0.0}, steps=6),
                *decoded(("sampler", "output"), CARRIED, HOLES),
            ],
            "sampling",
        ),
        Column(
            "6 · result",
            [
                *video_out("edit_propagation", RESULT, ("parts", "fps")),
                *beside(CLIP, RESULT),
                drift(CARRIED, HOLES),
            ],
        ),
    ],
)
