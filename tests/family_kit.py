"""Small models of every video family, written and loaded once and shared by the tests of a session."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from lab.host.smaller import HostLacks
from lab.models import families
from lab.models.families import Family


class SmallModels:
    """Networks and VAEs by family, loaded by the stock loaders; a test clones what it patches."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.loaded: dict[tuple[str, str], Any] = {}

    def network(self, family: Family) -> Any:
        """A ``ModelPatcher`` of the family's small network; skips the test where the host lacks the family."""
        return self._once(family, "network", families.load_network)

    def vae(self, family: Family) -> Any:
        """A ``comfy.sd.VAE`` of the family's small VAE; skips the test where the host lacks the family."""
        return self._once(family, "vae", families.load_vae)

    def _once(self, family: Family, part: str, load: Any) -> Any:
        build = getattr(family, part)
        key = (part, family.name if part == "network" else build.name)
        if key not in self.loaded:
            path = self.folder / part / f"{family.name}.safetensors"
            try:
                self.loaded[key] = load(family, families.write(build, path))
            except HostLacks as reason:
                pytest.skip(f"{family.name}: {reason}")
        return self.loaded[key]

    def sample(self, family: Family, steps: int = 1, cfg: float = 2.0, **options: Any) -> list[torch.Tensor]:
        """Sample the smallest clip with the host's own Euler sampler; returns VAE-space latents: video, and sound if any."""
        import comfy.sample

        model = options.pop("model", None) or self.network(family)
        empty = comfy.sample.fix_empty_latent_channels(model, families.empty_latent(family))
        positive, negative = (families.conditioning(family, seed=seed) for seed in (1, 2))
        with torch.inference_mode():
            sampled = comfy.sample.sample(
                model,
                comfy.sample.prepare_noise(empty, 7),
                steps,
                cfg,
                "euler",
                "simple",
                positive,
                negative,
                empty,
                disable_pbar=True,
                seed=7,
                **options,
            )
        return list(sampled.unbind()) if sampled.is_nested else [sampled]


def clip(family: Family, seed: int = 0) -> torch.Tensor:
    """A random clip of the family's smallest size, ``[F, H, W, 3]`` in 0…1."""
    return torch.rand(family.frames, *family.size, 3, generator=torch.Generator().manual_seed(seed))
