"""What the guidance tests share: random Wans loaded by the stock loaders, a clip, its measurement, the default widgets."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tiny_wan
import torch

FRAMES, HEIGHT, WIDTH = 9, 32, 48
LATENT = (3, 4, 6)

FORMS = {
    "16 channels": {"in_channels": 16, "out_channels": 16},
    "36 channels": {"in_channels": 36, "out_channels": 16},
    "48 channels": {"in_channels": 48, "out_channels": 48},
}
"""Text to video, Fun-InP, Wan 2.2 5B."""
IMAGE_TO_VIDEO = {"in_channels": 36, "out_channels": 16, "image_embedding": True}
"""Fun-InP as it is published, with the attention to CLIP-vision tokens."""


class Kit:
    """Models are made once and reused; a test clones what it patches."""

    def __init__(self, pack: Any, folder: Path):
        self.pack, self.folder = pack, folder
        self.models: dict[str, Any] = {}
        self.positive, self.negative = tiny_wan.text_condition(seed=1), tiny_wan.text_condition(seed=2)

    @classmethod
    @contextmanager
    def open(cls, pack: Any, folder: Path) -> Iterator[Kit]:
        """A kit, on one thread: networks this small only make threads wait for each other, and on a busy machine for long."""
        threads = torch.get_num_threads()
        torch.set_num_threads(1)
        yield cls(pack, folder)
        torch.set_num_threads(threads)

    def model(self, form: str = "16 channels", **options: Any) -> Any:
        key = f"{form} {options}"
        if key not in self.models:
            import comfy.sd

            path = tiny_wan.make_wan(self.folder / f"wan_{form.split()[0]}.safetensors", **FORMS[form])
            self.models[key] = comfy.sd.load_diffusion_model(str(path), model_options=options)
        return self.models[key]

    def vae(self) -> Any:
        if "vae" not in self.models:
            import comfy.sd
            import comfy.utils

            self.models["vae"] = comfy.sd.VAE(
                sd=comfy.utils.load_torch_file(str(tiny_wan.make_vae(self.folder / "vae.safetensors")))
            )
        return self.models["vae"]

    def measurement(self, channels: int = 16, batch: int = 1, seed: int = 0, known: float | None = None) -> Any:
        generator = torch.Generator().manual_seed(seed)
        shape = (batch, channels, *LATENT)
        h = torch.rand(shape, generator=generator) if known is None else torch.full(shape, known)
        size = (FRAMES, HEIGHT, WIDTH)
        return self.pack.core("inverse").Measurement(torch.randn(shape, generator=generator), h, size, self.grid(channels))

    def grid(self, channels: int) -> Any:
        """Return the first known grid of so many channels: of Wan 2.1 or Wan 2.2 5B."""
        return next(grid for grid in self.pack.core("latent_grid").GRIDS if grid.channels == channels)

    def run(self, node_id: str, **inputs: Any) -> Any:
        """Execute a node with its schema's defaults under ``inputs``; the first output, or all of several."""
        node = self.pack.node(node_id)
        defaults = {i.id: i.default for i in node.GET_SCHEMA().inputs if getattr(i, "default", None) is not None}
        with torch.inference_mode():
            result = node.execute(**(defaults | inputs)).args
        return result[0] if len(result) == 1 else result

    def sample(
        self, model: Any, sampler: str | Any = "euler", steps: int = 4, cfg: float = 2.0, latent: Any = None, **conds: Any
    ) -> Any:
        """The host's own sampling, from an empty latent, seed 7."""
        import comfy.sample
        import comfy.samplers

        channels = model.get_model_object("latent_format").latent_channels
        latent = {"samples": torch.zeros(1, channels, *LATENT)} if latent is None else latent
        chosen = comfy.samplers.sampler_object(sampler) if isinstance(sampler, str) else sampler
        sigmas = comfy.samplers.KSampler(model, steps, model.load_device, "euler", "simple").sigmas
        with torch.inference_mode():
            return comfy.sample.sample_custom(
                model,
                comfy.sample.prepare_noise(latent["samples"], 7),
                cfg,
                chosen,
                sigmas,
                conds.get("positive", self.positive),
                conds.get("negative", self.negative),
                latent["samples"],
                noise_mask=latent.get("noise_mask"),
                disable_pbar=True,
                seed=7,
            )

    def ksampler(self, model: Any, measurement: Any, **inputs: Any) -> torch.Tensor:
        given = {"seed": 7, "steps": 4, "cfg": 2.0, "positive": self.positive, "negative": self.negative, "scheduler": "simple"}
        return self.run("InverseCrafterKSampler", **(given | {"model": model, "measurement": measurement} | inputs))["samples"]


def distance_to(measurement: Any, samples: torch.Tensor) -> float:
    """Root mean square distance of VAE-space samples to the measurement, weighted by h."""
    return float((measurement.h * (samples - measurement.w)).square().mean().sqrt())


def guided_by(
    kit: Kit,
    route: str,
    model: Any,
    measurement: Any,
    sampler: str = "euler",
    cfg: float = 2.0,
    latent: Any = None,
    **settings: Any,
) -> Any:
    """Samples of a guided run by the ``patch``, the ``sampler`` or the ``one box``, from an empty latent or a given one."""
    if route == "patch":
        guided = kit.run("InverseCrafterApplyGuidance", model=model, measurement=measurement, **settings)
        return kit.sample(guided, sampler, cfg=cfg, latent=latent)
    if route == "sampler":
        exact = kit.run("InverseCrafterSampler", measurement=measurement, **settings)
        return kit.sample(model, exact, cfg=cfg, latent=latent)
    return kit.ksampler(model, measurement, cfg=cfg, latent_image=latent, **settings)


def windowed(
    model: Any, length: int, overlap: int = 0, schedule: str = "standard_static", frames: int = LATENT[0]
) -> tuple[Any, list[list[int]]]:
    """The model with the host's context windows, all counts in latent frames, and the frames that the network sees in each
    static window of a clip: newer hosts put the frame before a window in front of it.
    """
    from comfy_extras.nodes_context_windows import WanContextWindowsManualNode as Windows

    options = {"context_length": 4 * length - 3, "context_overlap": 4 * overlap}
    options |= {"context_schedule": schedule, "context_stride": 1, "closed_loop": False, "fuse_method": "pyramid"}
    newer = {"freenoise": False} if "freenoise" in inspect.signature(Windows.execute).parameters else {}
    patched = Windows.execute(model, **options, **newer)[0]
    anchored = getattr(patched.model_options["context_handler"], "causal_window_fix", False)
    starts = sorted({min(start, frames - length) for start in range(0, frames - overlap, length - overlap)})
    return patched, [[start - 1] * (anchored and start > 0) + list(range(start, start + length)) for start in starts]
