"""Schemas of nodes, with what newer hosts offer beyond ComfyUI 0.3.75 where the host at hand takes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields

from comfy_api.latest import io

TAKEN = frozenset(field.name for field in fields(io.Schema))
"""Names of what the host's schema takes."""


def node_schema(
    *,
    aliases: Sequence[str],
    node_id: str,
    display_name: str,
    category: str,
    description: str,
    inputs: list[io.Input],
    outputs: list[io.Output],
    is_output_node: bool = False,
) -> io.Schema:
    """Return a node's schema.

    Args:
        aliases: other words under which the host's search finds the node, in lower case; older hosts search titles alone.
        node_id, display_name, category, description, inputs, outputs, is_output_node: as in ``io.Schema``.
    """
    newer = {"search_aliases": list(aliases)}
    return io.Schema(
        node_id=node_id,
        display_name=display_name,
        category=category,
        description=description,
        inputs=inputs,
        outputs=outputs,
        is_output_node=is_output_node,
        **{name: value for name, value in newer.items() if name in TAKEN},
    )
