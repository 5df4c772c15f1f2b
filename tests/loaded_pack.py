"""The host in this process, on the CPU, with the pack loaded as in production.

Nothing is imported from the host while tests are collected, so core tests of the same run are not touched by it.
"""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any


class Pack:
    """The pack as the host loaded it.

    Its modules are under the name the host gives them, so dataclasses from ``pack.core("camera")`` are the very ones
    its nodes check for.
    """

    def __init__(self, module: ModuleType):
        self.module = module

    def submodule(self, name: str) -> ModuleType:
        """A module of the pack by dotted name, e.g. ``pack.submodule("nodes.host.compat")``."""
        return importlib.import_module(f"{self.module.__name__}.{name}")

    def core(self, name: str = "") -> ModuleType:
        """A module of the core, e.g. ``pack.core("camera")``."""
        return self.submodule("inversecrafter_core" + (f".{name}" if name else ""))

    @property
    def nodes(self) -> dict[str, Any]:
        """Every node class of the pack by node id."""
        return {node.GET_SCHEMA().node_id: node for node in self.submodule("nodes").NODES}

    def node(self, node_id: str) -> Any:
        """A node class of the pack by id, e.g. ``pack.node("InverseCrafterWarpVideo")``."""
        return self.nodes[node_id]

    def host_node(self, node_id: str) -> Any:
        """A stock node class of the host that needs no extra loading (``VAELoader``, ``UNETLoader``, ``KSampler`` …)."""
        return importlib.import_module("nodes").NODE_CLASS_MAPPINGS[node_id]
