"""The host's modules in this process, for training, benchmarks and node tests.

``use_host()`` puts the host's tree *first* on ``sys.path`` (the host has a top-level module ``nodes``, and so has the pack) and
sets its command-line options as a server's start would, before any of its modules reads them. ``load_pack()`` loads the pack
through the host's own ``nodes.load_custom_node``, under the module name it has in production.
"""

from __future__ import annotations

import asyncio
import importlib
import sys
from contextlib import AbstractContextManager
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import patch

from .paths import BASE, PACK_NAME, comfyui_path, prepare_base
from .shim import shim

OPTIONS = ("--disable-api-nodes", "--disable-auto-launch", "--database-url", "sqlite:///:memory:")


def use_host(cpu: bool | None = None, base: Path | None = None) -> Path:
    """Make ``import comfy`` work here. Repeated calls change nothing.

    Args:
        cpu: run on the CPU; by default, when torch finds no GPU.
        base: the host's base directory (models, input, output); ``.host/base`` by default.

    Returns:
        the host's tree.

    Raises:
        FileNotFoundError: there is no host; run ``make setup``.
        RuntimeError: the host is already in use here with another base directory.
    """
    tree = comfyui_path()
    if "comfy.cli_args" in sys.modules:
        _refuse_other_base(base)
        return tree
    shim()
    sys.path[:] = [str(tree), *(entry for entry in sys.path if entry != str(tree))]
    base = base or BASE
    prepare_base(base)
    if cpu is None:
        import torch

        cpu = not torch.cuda.is_available()
    cli_args = importlib.import_module("comfy.cli_args")
    options = [*OPTIONS, "--base-directory", str(base), *(["--cpu"] if cpu else [])]
    chosen = cli_args.parser.parse_args(options)
    for name in ("base_directory", "cpu", "disable_api_nodes", "disable_auto_launch", "database_url"):
        setattr(cli_args.args, name, getattr(chosen, name))
    return tree


def _refuse_other_base(base: Path | None) -> None:
    in_use = sys.modules["comfy.cli_args"].args.base_directory
    if base is not None and in_use is not None and Path(in_use) != base:
        raise RuntimeError(f"the host already runs in this process with base directory {in_use}, not {base}")


def with_gradients() -> AbstractContextManager[Any]:
    """Inside, networks of newer hosts use operations that have gradients; their faster ones have none."""
    return patch.object(importlib.import_module("comfy.model_management"), "in_training", True, create=True)


def load_pack(base: Path | None = None) -> ModuleType:
    """Load the pack as the host does and return its top module. Raises RuntimeError when the host rejects it."""
    use_host(base=base)
    host_nodes = importlib.import_module("nodes")
    folder_paths = importlib.import_module("folder_paths")
    link = Path(folder_paths.base_path) / "custom_nodes" / PACK_NAME
    name = str(link).replace(".", "_x_")
    if name not in sys.modules and not asyncio.run(host_nodes.load_custom_node(str(link))):
        raise RuntimeError(f"the host could not load the pack from {link}; its log above names the import that failed")
    return sys.modules[name]


class PackNodes:
    """The pack's nodes by id, executed with their own defaults."""

    def __init__(self) -> None:
        self.package = load_pack().__name__
        self.by_id = {node.GET_SCHEMA().node_id: node for node in importlib.import_module(f"{self.package}.nodes").NODES}

    def run(self, node_id: str, **inputs: Any) -> Any:
        """Return the first output of a node."""
        node = self.by_id[node_id]
        defaults = {i.id: i.default for i in node.GET_SCHEMA().inputs if getattr(i, "default", None) is not None}
        return node.execute(**(defaults | inputs)).args[0]

    def core(self, room: str) -> Any:
        """Return a package of the core, as the pack has loaded it."""
        return importlib.import_module(f"{self.package}.inversecrafter_core.{room}")
