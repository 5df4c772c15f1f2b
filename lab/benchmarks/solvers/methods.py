"""Related methods beside ours, each as a function from a setup and a case to latents.

All share model, prompt, noise, schedule and measurement of a case. The base model is given the first frame, clean at token-time
0, as the paper's base model is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from inversecrafter_core.sampling import (
    ALWAYS,
    Evidence,
    Langevin,
    Window,
    sample_hard_paste,
    sample_lanpaint,
    sample_time_to_move,
    sample_zero4d,
    sigma_of_percent,
)
from lab.models.guided import Case, Method, Setup, bare, recapture
from lab.models.video import SHIFT

from .dps import sample_dps

DPS_ZETA = 0.3
"""On two scenes of seed 5, of 0.3, 0.6 and 1 with the binary and the average-pooled mask, the nearest to truth."""
PAPER_CLOCKS, TUNED_CLOCKS = (0.04, 0.1), (0.04, 1.0)
"""Time-to-Move's weak and strong clock as shares of the schedule; the paper's are its 2nd and 5th of 50 steps."""


def rival(
    sampler: Callable[..., torch.Tensor], window: Window, mask: str, least: float | None = None, **options: Any
) -> Method:
    """Return a method from its sampler.

    Args:
        mask: one of the case's; with ``least`` cells of at least so much are known and others are not, else it is soft.
    """

    def method(setup: Setup, case: Case) -> torch.Tensor:
        chosen = case.masks[mask] if least is None else case.masks[mask] >= least
        own_noise = torch.Generator().manual_seed(1)  # another seed than the run's, which would draw the run's noise
        evidence = Evidence(case.w, chosen, setup.active(window), case.noise, own_noise)
        return sampler(setup.denoiser(case), setup.start(case), setup.sigmas, evidence=evidence, **options)

    return method


def clocks_of(shares: tuple[float, float]) -> dict[str, Any]:
    """Return the option of Time-to-Move for clocks given as shares of the schedule."""
    return {"clocks": tuple(map(sigma_of_percent(SHIFT), shares))}


OURS, BARE, DPS = "InverseCrafter", "bare", "DPS"
PASTE, PASTE_HALF = "hard paste", "hard paste at half a cell"
ZERO4D, LANPAINT = "Zero4D", "LanPaint"
MOVE, MOVE_TUNED = "Time-to-Move", "Time-to-Move with our clocks"

RIVALS: dict[str, Method] = {
    PASTE: rival(sample_hard_paste, Window(), "binary", 1.0),
    PASTE_HALF: rival(sample_hard_paste, Window(), "share", 0.5),
    MOVE: rival(sample_time_to_move, ALWAYS, "binary", 1.0, **clocks_of(PAPER_CLOCKS)),
    MOVE_TUNED: rival(sample_time_to_move, ALWAYS, "share", 0.5, **clocks_of(TUNED_CLOCKS)),
    ZERO4D: rival(sample_zero4d, Window(), "share", repeats=2),
    LANPAINT: rival(sample_lanpaint, Window(), "share", 0.5, langevin=Langevin(5)),
    DPS: rival(sample_dps, ALWAYS, "binary", zeta=DPS_ZETA),
}
"""Hard paste, Zero4D and DPS have the window, threshold, mask and step length that came nearest to truth of those tried on
scenes of seed 5, and where that is not what their papers say, both; DPS acts at every step, as NVS-Solver does. LanPaint has
its authors' five inner steps; its threshold and our clocks of Time-to-Move were chosen on few scenes of that seed.
"""
METHODS: dict[str, Method] = {BARE: bare, **RIVALS, OURS: recapture}
