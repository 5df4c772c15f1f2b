"""The host in this process, on the CPU, with the pack loaded as in production.

Nothing is imported from the host while tests are collected, so core tests of the same run are not touched by it.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator
from types import ModuleType
from typing import Any

import pytest


class Pack:
    """The pack as the host loaded it.

    Its modules are under the name the host gives them, so dataclasses from ``pack.core("camera")`` are the very ones
    its nodes check for.
    """

    def __init__(self, module: ModuleType):
        self.module = module

    def submodule(self, name: str) -> ModuleType:
        """A module of the pack by dotted name, e.g. ``pack.submodule("nodes.compat")``."""
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


@pytest.fixture(scope="session")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pack]:
    from hosting.inprocess import load_pack, use_host

    # pytest registers this folder as a module called "nodes"; the host's module of that name must win from here on.
    if not hasattr(sys.modules.get("nodes"), "NODE_CLASS_MAPPINGS"):
        sys.modules.pop("nodes", None)
    # A training module, imported by an earlier test, may have brought up the host already: one process, one base directory.
    base = None if "comfy.cli_args" in sys.modules else tmp_path_factory.mktemp("host")
    use_host(cpu=True, base=base)
    yield Pack(load_pack(base))
