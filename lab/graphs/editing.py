"""Text-guided inpainting: a thing is named by a box or a mask, followed, and replaced by what the prompt says."""

from __future__ import annotations

from .notes import LENGTHS, REAL_WAN, SMALL
from .parts import CLIP, beside, clip_in, conditioned, decoded, drift, measurement, models, picture, preview, tokens, video_out
from .recapture import RESULT
from .spec import BYPASSED, Column, Link, Node, Workflow

NOTE = f"""\
## Replace a thing by words

1. **Load Video**: choose a clip. {LENGTHS}
2. **Track Mask**: draw the box around the thing in the first frame, or connect a mask (*Load Image (as Mask)*, or paint one in the mask
   editor): one for the first frame is tracked, one for every frame is taken as it is. Look at **The region**. The outline and
   two pixels, those of its edge, are enough; for a new thing of another shape set *shape* to *box* and *grow* to the room it needs.
3. **Prompt**: the whole clip as it shall be, not only the new thing.
4. {SMALL}

What is replaced is infilled before the clip is encoded, so that nothing of it is left. *mask* on **Encode Measurement** is *area*; the paper's own,
*known_source*, is one switch away: it also holds to the infill where that looks like what stood there.

**First frame by any image editor:** save frame 0 of the clip, edit it (or connect an image inpainting), un-bypass both nodes of the group
**Optional: first frame, edited** (Ctrl+B): it becomes frame 0, wholly known, and the rest follows it.

**Report Drift** says how far the rest has moved, and how much of that is the VAE. **Keep Known Pixels** puts
the clip's own pixels back around the new thing; bypass it (Ctrl+B) to see what the model and the VAE make of everything.

{REAL_WAN}"""

HOLES: Link = ("track", "holes")
FILLED: Link = ("fill", "video")
REPLACED, MEASURED = "2 · what is replaced", "3 · measurement"
SMALL_PROMPT = "a plain red box"

WORKFLOW = Workflow(
    name="editing",
    note=NOTE,
    columns=[
        Column("1 · clip", clip_in()),
        Column(
            REPLACED,
            [
                Node("track", "InverseCrafterTrackMask", {"grow": 2}, {"video": CLIP}),
                preview("region", ("track", "preview"), "The region"),
                Node("fill", "InverseCrafterFillHoles", {}, {"video": CLIP, "holes": HOLES}),
            ],
        ),
        Column(
            "Optional: first frame, edited",
            picture("edited", "choose_the_edited_first_frame.png", "First frame, edited", BYPASSED),
            "optional",
            REPLACED,
        ),
        Column("Models and prompt", models(SMALL_PROMPT), "models"),
        Column(
            MEASURED,
            measurement(
                {"mask": "area", "mask_strength": 0.35},
                FILLED,
                HOLES,
                {"source": CLIP, "start_image": ("edited_sized", "IMAGE")},
                "whole_video",
            ),
        ),
        tokens(FILLED, "1 · clip"),
        Column(
            "4 · context",
            [
                *conditioned({"release": 0.0, "start_percent": 0.0}, steps=12, cfg=6.0),
                *decoded(("sampler", "output"), CLIP, HOLES),
            ],
            "sampling",
        ),
        Column(
            "5 · result",
            [
                *video_out("editing", RESULT, ("parts", "fps")),
                *beside(CLIP, RESULT),
                drift(CLIP, HOLES),
            ],
        ),
    ],
)
