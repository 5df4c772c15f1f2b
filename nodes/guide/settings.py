"""Widgets that the guidance nodes share, and the node for rarely changed settings."""

from __future__ import annotations

from comfy_api.latest import io

from ...inversecrafter_core.errors import require_choice
from ...inversecrafter_core.inverse import MaskSchedule, Measurement, ProximalSettings, Solver
from ...inversecrafter_core.sampling import Guidance, GuidanceSettings, NoiseRule, Window
from ..host.schema import node_schema
from ..host.sockets import GUIDE, GuidanceSettingsSocket, MeasurementSocket

PROXIMAL, WINDOW, SETTINGS = ProximalSettings(), Window(), GuidanceSettings()


def measurement_input(tooltip: str = "From Encode Measurement.") -> io.Input:
    """Return the socket of the measurement."""
    return MeasurementSocket.Input("measurement", tooltip=tooltip)


def guidance_inputs() -> list[io.Input]:
    """Return the widgets of :func:`guidance_from`, in order."""
    return [
        io.Float.Input(
            "gamma",
            default=PROXIMAL.gamma,
            min=0.0,
            max=1000.0,
            step=0.5,
            tooltip="Weight of the measurement: a known cell moves towards it by the share gamma / (1 + gamma). Use 8, or 20 "
            "for 4 to 8 steps.",
        ),
        percent_input(
            "start_percent",
            WINDOW.start,
            "Start of guidance in the model's schedule: 0 = first step, 1 = never. 0.4 is the paper's alpha of 0.6.",
        ),
        percent_input("end_percent", WINDOW.end, "End of guidance in the model's schedule: 1 = last step."),
        GuidanceSettingsSocket.Input(
            "settings",
            optional=True,
            tooltip="From Choose Guidance Settings: solver, noise, mask schedule. Without it, the defaults.",
        ),
    ]


def percent_input(name: str, default: float, tooltip: str) -> io.Float.Input:
    """Return the widget of a place in the model's schedule, 0...1."""
    return io.Float.Input(name, default=default, min=0.0, max=1.0, step=0.01, round=0.001, tooltip=tooltip)


def guidance_from(
    measurement: Measurement,
    gamma: float,
    start_percent: float,
    end_percent: float,
    settings: GuidanceSettings | None = None,
) -> Guidance:
    """Return the :class:`Guidance` that the widgets of :func:`guidance_inputs` describe."""
    chosen = SETTINGS if settings is None else settings
    return Guidance(measurement, chosen.proximal(gamma), Window(start_percent, end_percent), chosen.noise)


class InverseCrafterGuidanceSettings(io.ComfyNode):
    """Node that sets solver, stopping rule, noise rule and mask schedule, for the ``settings`` input of the guidance nodes."""

    @classmethod
    def define_schema(cls) -> io.Schema:
        return node_schema(
            aliases=["solver", "data consistency", "inverse problem"],
            node_id="InverseCrafterGuidanceSettings",
            display_name="Choose Guidance Settings (InverseCrafter)",
            category=GUIDE,
            description="Solver, noise rule and mask schedule of guidance. The defaults suit most runs; connect this node "
            "to compare others.",
            inputs=[
                io.Combo.Input(
                    "solver",
                    options=[*Solver],
                    default=SETTINGS.solver,
                    tooltip="auto: closed_form, exact in one pass for a latent mask. conjugate_gradients: iterative, as in the "
                    "paper.",
                ),
                io.Int.Input(
                    "cg_steps",
                    default=SETTINGS.steps,
                    min=1,
                    max=100,
                    tooltip="K, the most steps of conjugate_gradients. Fewer steps stay further from the exact solution.",
                ),
                io.Float.Input(
                    "tolerance",
                    default=SETTINGS.tolerance,
                    min=0.0,
                    max=0.1,
                    step=1e-6,
                    round=1e-8,
                    tooltip="Relative residual at which conjugate_gradients stop before K steps.",
                ),
                io.Combo.Input(
                    "noise",
                    options=[*NoiseRule],
                    default=SETTINGS.noise,
                    tooltip="keep: each step reuses its own noise estimate. fresh: new noise at every step, for distilled "
                    "models; not with Apply Guidance.",
                ),
                io.Combo.Input(
                    "mask_schedule",
                    options=[*MaskSchedule],
                    default=SETTINGS.schedule,
                    optional=True,
                    tooltip="fixed: one mask for the whole run, as in the paper. sharpen: partly known cells are left to the "
                    "model as noise falls; for strong models.",
                ),
            ],
            outputs=[
                GuidanceSettingsSocket.Output(display_name="settings", tooltip="For the settings input of a guidance node.")
            ],
        )

    @classmethod
    def execute(
        cls, solver: str, cg_steps: int, tolerance: float, noise: str, mask_schedule: str = MaskSchedule.FIXED
    ) -> io.NodeOutput:
        chosen = GuidanceSettings(
            require_choice("solver", solver, Solver),
            cg_steps,
            tolerance,
            require_choice("noise", noise, NoiseRule),
            require_choice("mask_schedule", mask_schedule, MaskSchedule),
        )
        return io.NodeOutput(chosen)


NODES: list[type[io.ComfyNode]] = [InverseCrafterGuidanceSettings]
