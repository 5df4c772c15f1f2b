"""Small models of every family for a real server: :func:`install` in a process of its own before it starts.

Writes the files into the model folders of the server's base directory, and a custom node package beside them that makes the
server build networks at the sizes of the files and gives each family's conditioning and empty latent without an encoder.
The process is one of its own, since the networks are built from the host's classes.
"""

from __future__ import annotations

import logging
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import torch

from lab.host.paths import ROOT
from lab.host.smaller import HostLacks, smaller
from lab.models.families import FAMILIES, Family, conditioning, empty_latent, write

from .refused import REFUSED
from .vaes import vae_of

PLACES = f"import sys; sys.path += {[str(ROOT), str(ROOT / 'tests')]!r}"
PACKAGE = f"{PLACES}\nfrom families.served import NODE_CLASS_MAPPINGS, shrink_all\n\nshrink_all()\n"
SERVED = {family.name: family for family in (*FAMILIES, *REFUSED)}


def file_of(family: Family) -> str:
    """Return the name of a family's two files, in ``diffusion_models`` and in ``vae``."""
    return f"{family.name}.safetensors"


def install(base: Path) -> None:
    """Write the files of every family that the host has, and the custom node package, into a base directory."""
    for family in SERVED.values():
        for folder, build in (("diffusion_models", family.network), ("vae", vae_of(family))):
            try:
                write(build, base / "models" / folder / file_of(family))
            except HostLacks as reason:
                logging.info("%s: %s", family.name, reason)
    package = base / "custom_nodes" / "small_families"
    package.mkdir(parents=True, exist_ok=True)
    (package / "__init__.py").write_text(PACKAGE, encoding="utf-8")


FOR_GOOD = ExitStack()
"""Sizes that nobody takes back."""


def shrink_all() -> None:
    """Make this process build the networks of all families at the sizes of their files, for good."""
    for family in SERVED.values():
        for build in (family.network, vae_of(family)):
            for name, arguments in build.constants.items():
                try:
                    FOR_GOOD.enter_context(smaller({name: arguments}))
                except HostLacks as reason:
                    logging.info("%s: %s", family.name, reason)


class SmallFamilyInputs:
    """Node: conditioning of two prompts, the empty latent of a family's smallest clip, and a random clip of that size."""

    RETURN_TYPES = ("CONDITIONING", "CONDITIONING", "LATENT", "IMAGE")
    FUNCTION = "make"
    CATEGORY = "tests"

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, Any]:  # noqa: N802
        return {"required": {"family": (list(SERVED),)}}

    def make(self, family: str) -> tuple[Any, ...]:
        chosen = SERVED[family]
        video = torch.rand(chosen.frames, *chosen.size, 3, generator=torch.Generator().manual_seed(0))
        return conditioning(chosen, seed=1), conditioning(chosen, seed=2), {"samples": empty_latent(chosen)}, video


NODE_CLASS_MAPPINGS = {"SmallFamilyInputs": SmallFamilyInputs}
