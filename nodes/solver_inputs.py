"""The settings every guidance node shares: one list of widgets, one function from widgets to the core's settings."""

from __future__ import annotations

from typing import Any

from comfy_api.latest import io

from ..inversecrafter_core.inverse import FORMS, SOLVERS, Measurement, ProximalSettings
from ..inversecrafter_core.sampling import WINDOW_MODES, Guidance, Window
from .sockets import MeasurementSocket

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
            tooltip="Weight of the measurement: a fully known cell moves gamma/(1+gamma) of the way. 1 is half-way. 8 "
            "by measurement, 2 to 20 hardly differ; 20 for 4 to 8 steps.",
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
        io.Combo.Input(
            "measurement_form",
            options=list(FORMS),
            default=PROXIMAL.form,
            tooltip="masked: the measurement is h*E(y), a convex blend, bounded for every gamma. literal: E(y) as the "
            "equation is "
            "printed; it overshoots where h is small.",
        ),
        io.Combo.Input(
            "window_mode",
            options=list(WINDOW_MODES),
            default=WINDOW.mode,
            tooltip="alpha_steps: the last alpha of the steps. alpha_sigma: where sigma <= alpha (later, under a "
            "shifted schedule). "
            "percent: between start_percent and end_percent.",
        ),
        _fraction(
            "alpha",
            WINDOW.alpha,
            0.05,
            "Larger starts earlier; 0 never, 1 always. 0.6 as in the paper; by measurement 0.2 to 0.6 hardly differ.",
        ),
        _fraction("start_percent", WINDOW.start, 0.01, "For window_mode percent: where guidance begins."),
        _fraction("end_percent", WINDOW.end, 0.01, "For window_mode percent: where guidance ends."),
    ]


def _fraction(name: str, default: float, step: float, tooltip: str) -> Any:
    return io.Float.Input(name, default=default, min=0.0, max=1.0, step=step, tooltip=tooltip)


def guidance_from(
    measurement: Measurement,
    solver: str,
    gamma: float,
    cg_steps: int,
    epsilon: float,
    measurement_form: str,
    window_mode: str,
    alpha: float,
    start_percent: float,
    end_percent: float,
) -> Guidance:
    """Widgets to a :class:`Guidance`. Percent widgets of another mode are not looked at."""
    percents = (start_percent, end_percent) if window_mode == "percent" else (WINDOW.start, WINDOW.end)
    return Guidance(
        measurement,
        ProximalSettings(solver, gamma, cg_steps, epsilon, measurement_form),
        Window(window_mode, alpha, *percents),
    )
