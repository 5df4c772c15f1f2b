"""The settings every guidance node shares: one list of widgets, one function from widgets to the core's settings."""

from __future__ import annotations

from typing import Any

from comfy_api.latest import io

from ...inversecrafter_core.inverse import SOLVERS, Measurement, ProximalSettings
from ...inversecrafter_core.sampling import Guidance, Window
from ..host.sockets import MeasurementSocket

PROXIMAL, WINDOW = ProximalSettings(), Window()


def measurement_input() -> Any:
    return MeasurementSocket.Input("measurement", tooltip="From InverseCrafter Encode Measurement.")


def solver_inputs() -> list[Any]:
    """Widgets for :func:`guidance_from`, in order."""
    return [
        io.Combo.Input(
            "solver",
            options=list(SOLVERS),
            default=PROXIMAL.solver,
            tooltip="conjugate_gradients: K steps from the prediction, the paper's. closed_form: the exact solution in "
            "one pass.",
        ),
        io.Float.Input(
            "gamma",
            default=PROXIMAL.gamma,
            min=0.0,
            max=1000.0,
            step=0.5,
            tooltip="Weight of the measurement: a fully known cell moves gamma/(1+gamma) of the way. 8 for usual runs, 20 for "
            "4 to 8 steps.",
        ),
        io.Int.Input(
            "cg_steps",
            default=PROXIMAL.steps,
            min=1,
            max=100,
            tooltip="K conjugate-gradient steps; the paper's relatives use 5.",
        ),
        io.Float.Input(
            "epsilon",
            default=PROXIMAL.tolerance,
            min=0.0,
            max=0.1,
            step=1e-6,
            round=1e-8,
            tooltip="Relative residual at which conjugate gradients stop; 1e-5.",
        ),
        _percent(
            "start_percent",
            WINDOW.start,
            "Where guidance begins, in percent of the model's schedule: 0 with the first step, 1 never. 0.4 is the paper's "
            "alpha of 0.6.",
        ),
        _percent("end_percent", WINDOW.end, "Where guidance ends, in percent of the model's schedule; 1 with the last step."),
    ]


def _percent(name: str, default: float, tooltip: str) -> Any:
    return io.Float.Input(name, default=default, min=0.0, max=1.0, step=0.01, round=0.001, tooltip=tooltip)


def guidance_from(
    measurement: Measurement,
    solver: str,
    gamma: float,
    cg_steps: int,
    epsilon: float,
    start_percent: float,
    end_percent: float,
) -> Guidance:
    """Widgets to a :class:`Guidance`."""
    return Guidance(measurement, ProximalSettings(solver, gamma, cg_steps, epsilon), Window(start_percent, end_percent))
