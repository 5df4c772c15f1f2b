"""The node that restores a clip of known degradation."""

from __future__ import annotations

import comfy.model_management
import torch
from comfy.model_patcher import ModelPatcher
from comfy.sd import VAE
from comfy_api.latest import io

from ...inversecrafter_core.errors import InputError, require_choice
from ...inversecrafter_core.inverse.operators import Degradation
from ...inversecrafter_core.sampling import RestorationSettings, Start
from ..host.reports import report_ui
from ..host.schema import node_schema
from ..host.sockets import RESTORE, OperatorSocket
from .latent import restored_in_latents
from .priors import Method, Models, Run, chosen, require_matching, restored

DEFAULT = RestorationSettings()

STARTS = (Start.INVERTED, Start.NOISED)
"""Starts on offer; the others gain nothing on either."""


def _sampling_inputs() -> list[io.Input]:
    """Return the widgets that every method has."""
    return [
        io.Combo.Input(
            "method",
            options=[*Method],
            default=Method.AUTO,
            tooltip="frames: one by one, any image or video model. clip: all at once, video model. latent: video model, masks "
            "with large holes. auto: clip if it can.",
        ),
        io.Int.Input(
            "seed",
            default=0,
            min=0,
            max=0xFFFFFFFFFFFFFFFF,
            control_after_generate=True,
            tooltip="The seed of the noise of noised starts and of latent; inverted starts have none.",
        ),
        io.Int.Input(
            "steps", default=5, min=1, max=1000, tooltip="Sampling steps; 5 for frames and clip, 20 to 50 for latent."
        ),
        io.Float.Input(
            "cfg",
            default=0.6,
            min=0.0,
            max=100.0,
            step=0.05,
            round=0.01,
            tooltip="Weight of the prompt. frames and clip: 0 to 1 (CFG++). latent: the model's own, as in its KSampler.",
        ),
    ]


def _start_inputs() -> list[io.Input]:
    """Return the widgets of where sampling starts and how each step is fitted."""
    return [
        io.Float.Input(
            "noise",
            default=0.6,
            min=0.05,
            max=0.99,
            step=0.01,
            tooltip="Share of noise that sampling starts from; higher lets the model change more. Not for latent.",
        ),
        io.Combo.Input(
            "start",
            options=[*STARTS],
            default=DEFAULT.start,
            tooltip="inverted: the noise that the model itself leads back to each frame. noised: one noise for all, faster. "
            "Not for latent.",
        ),
        io.Float.Input(
            "low_pass",
            default=0.0,
            min=0.0,
            max=8.0,
            step=0.1,
            tooltip="Smoothing of early steps, in pixels at full noise; 0 = none. Not for latent.",
        ),
        io.Int.Input(
            "fit_steps",
            default=DEFAULT.fit_steps,
            min=1,
            max=200,
            tooltip="Conjugate-gradient steps of each fit to the video; fewer for noisy videos.",
        ),
        io.Float.Input(
            "keep",
            default=DEFAULT.keep,
            min=0.0,
            max=1.0,
            step=0.05,
            tooltip="Share of what the VAE loses of a prediction in each step that is kept; 0, the papers', encodes once less. "
            "Not for latent.",
            optional=True,
        ),
    ]


class InverseCrafterRestoreVideo(io.ComfyNode):
    """Node from a degraded clip and its operator to the clip before."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return node_schema(
            aliases=["super resolution", "deblur", "upscale video", "inpaint video", "inverse problem", "vision-xl", "denoise"],
            node_id="InverseCrafterRestoreVideo",
            display_name="Restore Video (InverseCrafter)",
            category=RESTORE,
            description="Undoes a known degradation with an image or a video model as prior: the result, degraded, is the "
            "video again.",
            inputs=[
                io.Model.Input(
                    "model", tooltip="An image model (SDXL, SD 1.5, Flux) or a video model (Wan), without guidance."
                ),
                io.Vae.Input("vae", tooltip="The model's own VAE."),
                io.Conditioning.Input("positive", tooltip="The prompt of what the clip shows."),
                io.Conditioning.Input("negative", tooltip="The prompt of what it should not show; an empty one does."),
                io.Image.Input("video", tooltip="The degraded clip, from Degrade Video or from elsewhere."),
                OperatorSocket.Input("operator", tooltip="What degraded it, from Degrade Video or Operator From Mask."),
                *_sampling_inputs(),
                *_start_inputs(),
            ],
            outputs=[
                io.Image.Output(display_name="video", tooltip="The restored clip, at full size."),
                io.String.Output(display_name="report", tooltip="Method, and how far the result, degraded, is from the video."),
            ],
        )

    @classmethod
    def execute(
        cls,
        model: ModelPatcher,
        vae: VAE,
        positive: io.Conditioning.CondList,
        negative: io.Conditioning.CondList,
        video: torch.Tensor,
        operator: Degradation,
        method: str,
        seed: int,
        steps: int,
        cfg: float,
        noise: float,
        start: str,
        low_pass: float,
        fit_steps: int,
        keep: float = DEFAULT.keep,
    ) -> io.NodeOutput:
        if low_pass < 0:
            raise InputError("low_pass", f"{low_pass}", "Give a width of at least 0; the paper's is 2.")
        settings = RestorationSettings(
            require_choice("start", start, Start),
            fit_steps=fit_steps,
            low_pass=lambda share: low_pass * share,
            keep=keep,
            fit_spread=operator.fit_spread,
        )
        models, run = Models(model, vae, positive, negative), Run(seed, steps, cfg, noise, settings)
        wanted, y = require_choice("method", method, Method), operator.require_measurement("video", video)
        require_matching(models)
        used = chosen(wanted, models, operator)
        made = (
            restored_in_latents(models, operator, y, run) if used == Method.LATENT else restored(models, operator, y, used, run)
        )
        report = _report(used, operator, made, y)
        return io.NodeOutput(made, report, ui=report_ui(report))


def _report(method: Method, operator: Degradation, made: torch.Tensor, y: torch.Tensor) -> str:
    """Return the method and the distance of the result's measurement from the given one, in words."""
    measured = operator.measure(made, comfy.model_management.get_torch_device())
    off = 255 * float((measured - y.to(made)).square().mean().sqrt())
    return f"Undid {operator.name}, by {method.value}. The result, degraded, is {off:.2f} of 255 (rms) from the video."


NODES: list[type[io.ComfyNode]] = [InverseCrafterRestoreVideo]
