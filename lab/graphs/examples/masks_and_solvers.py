"""The learned latent mask and the settings of guidance: recapture with both in place."""

from __future__ import annotations

from dataclasses import replace

from ..recapture import WORKFLOW as RECAPTURE
from ..spec import Node, Workflow

TEXT = """\
## A learned mask, and the settings of guidance

The workflow *recapture* with two more nodes.

1. **Load Mask Encoder** goes to **Encode Measurement**, whose *mask* is *learned*: a small network makes the latent mask. Compare *Latent mask* with that of
   the mask *area*.
2. **Choose Guidance Settings** goes to **Run Guided KSampler**. *conjugate_gradients* with 5 steps is the paper's solver; *auto* is exact and faster.
3. **Load Video**: choose a clip, and **Run**. **Compute Metrics** says how well the known pixels are kept.
"""

MASK_ENCODER = "inversecrafter_small_mask_encoder.safetensors"


def changed(node: Node) -> Node:
    """Return a node of recapture with the note, the learned mask or the settings put in."""
    if node.key == "note":
        return replace(node, widgets={"text": TEXT})
    if node.key == "measure":
        learned = {"mask_encoder": ("mask_encoder", "mask_encoder")}
        return replace(node, widgets=node.widgets | {"mask": "learned"}, links=node.links | learned)
    if node.key == "sampler":
        return replace(node, links=node.links | {"settings": ("settings", "settings")})
    return node


def below(key: str, distance: float) -> tuple[float, float]:
    """Return a place under a node of recapture."""
    left, top = next(node.pos for node in RECAPTURE.nodes if node.key == key)
    return left, top + distance


WORKFLOW = Workflow(
    name="masks_and_solvers",
    nodes=[
        *(changed(node) for node in RECAPTURE.nodes),
        Node(
            "mask_encoder",
            "InverseCrafterLoadMaskEncoder",
            below("measure", -200),
            {"mask_encoder_name": MASK_ENCODER},
            size=(320, 60),
        ),
        Node(
            "settings",
            "InverseCrafterGuidanceSettings",
            below("sampler", -240),
            {"solver": "conjugate_gradients"},
            size=(320, 130),
        ),
    ],
    groups=RECAPTURE.groups,
)
