"""Edit propagation: the first frame is edited in any editor, and the edit follows the thing through the clip."""

from __future__ import annotations

from .clip import clip_in
from .editing_parts import edited_out, region_preview
from .parts import COLUMN, columns, measurement, models, note, picture, sampling
from .recapture import FRAMES, HEIGHT, WIDTH
from .spec import Node, Workflow

TEXT = """\
## Edit one frame, and the clip follows

1. **Load Video**: choose a clip. *Frames* must be 4k+1 (17, 33, 49, 81), *width* and *height* multiples of 16.
2. Run once and save *First frame* (right click), edit it in any editor, and choose it in **Load Image**. In place of the file any node may
   be connected that edits a picture. It must show the same frame in the same size.
3. **Find Edited Region** finds what was edited, **Track Mask** follows it, **Propagate Edit** carries it along. Look at *The region*
   and at *Carried*. For a region of your own connect a mask or draw a box on **Track Mask**.
4. **Run.** It works at once on the small models inside this pack. They show the method at thumbnail size; they are not Wan.

**Report Drift** says how far the rest has moved, and how much of that is the VAE. **Keep Known Pixels**, un-bypassed (Ctrl+B), puts the clip's own pixels back there.

"""

CLIP, CARRIED, HOLES = ("resize", "IMAGE"), ("carry", "video"), ("carry", "holes")

WORKFLOW = Workflow(
    name="edit_propagation",
    nodes=[
        note(TEXT),
        *clip_in(WIDTH, HEIGHT, FRAMES),
        Node(
            "first", "ImageFromBatch", (0, 830), {"batch_index": 0, "length": 1}, {"image": CLIP}, title="First frame: edit it"
        ),
        Node("first_picture", "PreviewImage", (0, 960), {}, {"images": ("first", "IMAGE")}, "First frame", (320, 190)),
        *picture("edited", COLUMN, 0, "choose_the_edited_first_frame.png", "The first frame, edited"),
        Node(
            "difference",
            "InverseCrafterEditDifference",
            (COLUMN, 560),
            links={"original": CLIP, "edited": ("edited_sized", "IMAGE")},
        ),
        Node(
            "track",
            "InverseCrafterTrackMask",
            (2 * COLUMN, 0),
            {},
            {"video": CLIP, "holes": ("difference", "holes")},
            size=(340, 320),
        ),
        region_preview(2 * COLUMN, 370),
        Node(
            "carry",
            "InverseCrafterPropagateEdit",
            (2 * COLUMN, 680),
            {},
            {"video": CLIP, "edited": ("edited_sized", "IMAGE"), "holes": ("track", "holes")},
            size=(340, 220),
        ),
        Node("carried", "PreviewImage", (2 * COLUMN, 940), {}, {"images": CARRIED}, "Carried", (320, 210)),
        *models(3 * COLUMN),
        *measurement(
            4 * COLUMN, {"mask": "area", "mask_strength": 0.35}, CARRIED, HOLES, {"start_image": ("edited_sized", "IMAGE")}
        ),
        *sampling(5 * COLUMN, {"release": 0.0, "start_percent": 0.0}, steps=6),
        *edited_out(6 * COLUMN, "edit_propagation", CARRIED, HOLES),
    ],
    groups=columns(
        "1 · clip",
        "2 · the edit",
        "3 · the edit follows",
        "4 · models and prompt",
        "5 · measurement",
        "6 · context",
        "7 · drift and video",
    ),
)
