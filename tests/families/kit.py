"""Small models of every video family, written and loaded once and shared by the tests of a session, and runs of the nodes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from lab.host.smaller import HostLacks
from lab.models import families
from lab.models.families import Family

from .vaes import load_vae, vae_of

SHIFTS: dict[str, float] = {}
"""Shift of the schedule that the host gives a family's network, of those loaded so far."""


class SmallModels:
    """Networks and VAEs by family, loaded by the stock loaders; a test clones what it patches."""

    def __init__(self, pack: Any, folder: Path):
        self.pack, self.folder = pack, folder
        self.loaded: dict[tuple[str, str], Any] = {}

    def network(self, family: Family) -> Any:
        """A ``ModelPatcher`` of the family's small network; skips the test where the host lacks the family."""
        network = self._once(family, "network", families.load_network)
        shift = getattr(network.model.model_sampling, "shift", None)
        if shift is not None:
            SHIFTS[family.name] = float(shift)
        return network

    def vae(self, family: Family) -> Any:
        """A ``comfy.sd.VAE`` of the family's small VAE; skips the test where the host lacks the family."""
        return self._once(family, "vae", load_vae)

    def _once(self, family: Family, part: str, load: Any) -> Any:
        build = family.network if part == "network" else vae_of(family)
        key = (part, family.name if part == "network" else build.name)
        if key not in self.loaded:
            path = self.folder / part / f"{family.name}.safetensors"
            try:
                self.loaded[key] = load(family, families.write(build, path))
            except HostLacks as reason:
                pytest.skip(f"{family.name}: {reason}")
        return self.loaded[key]

    def run(self, node_id: str, **inputs: Any) -> tuple[Any, ...]:
        """Execute a node of the pack, by its id without the prefix, with its schema's defaults under ``inputs``."""
        node = self.pack.node(f"InverseCrafter{node_id}")
        defaults = {i.id: i.default for i in node.GET_SCHEMA().inputs if getattr(i, "default", None) is not None}
        with torch.inference_mode():
            return node.execute(**(defaults | inputs)).args

    def measurement(self, family: Family, h: torch.Tensor | float = 1.0, seed: int = 3) -> Any:
        """Return a random measurement of the smallest clip; ``h`` broadcasts against it."""
        w = torch.randn(1, *family.latent_shape, generator=torch.Generator().manual_seed(seed))
        grid = next(grid for grid in self.pack.core("latent_grid").GRIDS if grid.latent_format == family.grid.latent_format)
        mask = torch.as_tensor(h).expand_as(w).contiguous()
        return self.pack.core("inverse").Measurement(w, mask, (family.frames, *family.size), grid)

    def sample(
        self, family: Family, steps: int = 1, cfg: float = 2.0, sampler: Any = None, latent: Any = None, **given: Any
    ) -> list[torch.Tensor]:
        """Sample with the host's own sampling; returns VAE-space latents: video, and sound if any.

        ``sampler`` is a SAMPLER, by default the host's Euler; ``latent`` a LATENT, by default the smallest empty clip. Of the
        others, ``model``, ``positive`` and ``negative`` replace the family's own.
        """
        import comfy.sample
        import comfy.samplers

        model = given.get("model") or self.network(family)
        latent = latent or {"samples": families.empty_latent(family)}
        start = comfy.sample.fix_empty_latent_channels(model, latent["samples"])
        plan = comfy.samplers.KSampler(model, steps, model.load_device, "euler", "simple", 1.0, model.model_options)
        with torch.inference_mode():
            sampled = comfy.sample.sample_custom(
                model,
                comfy.sample.prepare_noise(start, 7),
                cfg,
                sampler or comfy.samplers.sampler_object("euler"),
                plan.sigmas,
                given.get("positive") or families.conditioning(family, seed=1),
                given.get("negative") or families.conditioning(family, seed=2),
                start,
                noise_mask=latent.get("noise_mask"),
                disable_pbar=True,
                seed=7,
            )
        return streams_of(sampled)

    def guided(
        self, family: Family, route: str, measurement: Any, steps: int = 1, latent: Any = None, **given: Any
    ) -> list[torch.Tensor]:
        """Sample under guidance by a ``patch``, an exact ``sampler``, the ``ksampler`` or a clean ``context``.

        ``given`` holds the widgets of the node, and ``model``, ``positive`` and ``negative`` as for :meth:`sample`.
        """
        run = {name: given.pop(name) for name in ("model", "positive", "negative") if name in given}
        model = run.get("model") or self.network(family)
        widgets = {"start_percent": 0.0, "gamma": 1000.0, "measurement": measurement} | given
        if route == "patch":
            patched = self.run("ApplyGuidance", model=model, **widgets)[0]
            return self.sample(family, steps, latent=latent, **(run | {"model": patched}))
        if route == "ksampler":
            prompts = {"positive": families.conditioning(family, seed=1), "negative": families.conditioning(family, seed=2)}
            latent = latent or {"samples": families.empty_latent(family)}
            options = {"seed": 7, "steps": steps, "cfg": 2.0, "latent_image": latent} | prompts | run | {"model": model}
            return streams_of(self.run("KSampler", **(options | widgets))[0]["samples"])
        node = {"sampler": "Sampler", "context": "StochasticConditioning"}[route]
        return self.sample(family, steps, sampler=self.run(node, **widgets)[0], latent=latent, **run)


def streams_of(samples: Any) -> list[torch.Tensor]:
    """Return the streams of a LATENT's samples: the video, and what a pack has beside it."""
    return list(samples.unbind()) if samples.is_nested else [samples]


def clip(family: Family, seed: int = 0) -> torch.Tensor:
    """A random clip of the family's smallest size, ``[F, H, W, 3]`` in 0…1."""
    return torch.rand(family.frames, *family.size, 3, generator=torch.Generator().manual_seed(seed))
