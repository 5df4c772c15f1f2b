"""The learned latent mask and the settings of guidance: recapture with both in place."""

from __future__ import annotations

from dataclasses import replace

from ..recapture import WORKFLOW as RECAPTURE
from ..spec import Column, Node, Workflow

TEXT = """\
## A learned mask, and the settings of guidance

The workflow *recapture* with two more nodes.

1. **Load Mask Encoder** goes to **Encode Measurement**, whose *mask* is *learned*: a small network makes the latent mask. Compare **Latent mask: white is known** with that of
   the mask *area*.
2. **Choose Guidance Settings** goes to **Run Guided KSampler**. *conjugate_gradients* with 5 steps is the paper's solver; *auto* is exact and faster.
3. **Load Video**: choose a clip, and **Run**. **Compute Metrics** says how well the known pixels are kept.
"""

MASK_ENCODER = "inversecrafter_small_mask_encoder.safetensors"
ADDED = {
    "measure": Node("mask_encoder", "InverseCrafterLoadMaskEncoder", {"mask_encoder_name": MASK_ENCODER}),
    "sampler": Node("settings", "InverseCrafterGuidanceSettings", {"solver": "conjugate_gradients"}),
}
"""Nodes that stand above those of recapture."""


def changed(node: Node) -> Node:
    """Return a node of recapture with the learned mask or the settings put in."""
    if node.key == "measure":
        learned = {"mask_encoder": ("mask_encoder", "mask_encoder")}
        return replace(node, widgets=node.widgets | {"mask": "learned"}, links=node.links | learned)
    if node.key == "sampler":
        return replace(node, links=node.links | {"settings": ("settings", "settings")})
    return node


def extended(column: Column) -> Column:
    """Return a column of recapture with the added nodes above those that they serve."""
    nodes = [one for node in column.nodes for one in ([ADDED[node.key]] if node.key in ADDED else []) + [changed(node)]]
    return replace(column, nodes=nodes)


WORKFLOW = Workflow(
    name="masks_and_solvers",
    note=TEXT,
    columns=[extended(column) for column in RECAPTURE.columns],
)
