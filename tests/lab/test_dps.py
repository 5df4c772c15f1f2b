"""Diffusion posterior sampling against finite differences."""

from __future__ import annotations

import pytest
import torch
from sampler_kit import ALWAYS, SIGMAS, mask, model, plain, random

from inversecrafter_core.errors import InputError
from inversecrafter_core.sampling import Evidence, SigmaRange
from lab.benchmarks.solvers.dps import sample_dps


def test_dps_walks_down_the_gradient_of_the_residual():
    """The guided step minus the plain one, against finite differences of ``|h (w - z0(x))|``, at the length asked for."""
    x, w, h = (value.double() for value in (random(0), random(1), mask(2)))
    sigmas = torch.tensor([0.75, 0.5], dtype=torch.float64)
    pull = sample_dps(model, x, sigmas, evidence=Evidence(w, h, ALWAYS), zeta=0.3) - plain(x, sigmas)

    def residual(at: torch.Tensor) -> torch.Tensor:
        return (h * (w - model(at, sigmas[:1].expand(2)))).flatten(1).norm(dim=1)

    numeric, step = torch.zeros_like(x), 1e-5
    for cell in range(x[0].numel()):
        nudge = torch.zeros_like(x)
        nudge.view(2, -1)[:, cell] = step
        numeric.view(2, -1)[:, cell] = (residual(x + nudge) - residual(x - nudge)) / (2 * step)
    for sample in range(2):
        expected = -0.3 * residual(x)[sample] * numeric[sample] / numeric[sample].norm()
        assert torch.allclose(pull[sample], expected, atol=1e-6)


def test_dps_lowers_the_residual_and_a_met_measurement_gives_no_nan():
    w, h = random(1).tanh(), mask(2)
    reached = [
        float((h * (w - sample_dps(model, random(0), SIGMAS, evidence=Evidence(w, h, ALWAYS), zeta=zeta))).norm())
        for zeta in (0.0, 0.3)
    ]
    assert reached[1] < 0.8 * reached[0]
    same = sample_dps(lambda x, sigma: x * 0 + w, random(0), SIGMAS, evidence=Evidence(w, h, ALWAYS))
    assert torch.allclose(same, w, atol=1e-6)


def test_dps_says_that_it_needs_gradients():
    with torch.inference_mode(), pytest.raises(InputError, match="inference mode"):
        sample_dps(model, random(0), SIGMAS, evidence=Evidence(random(1), mask(2), ALWAYS))


@pytest.mark.parametrize("active", [SigmaRange(1.0, 0.0)])
def test_outside_its_window_dps_is_plain_euler(active):
    given = Evidence(random(1), mask(2), active)
    assert torch.allclose(sample_dps(model, random(0), SIGMAS, evidence=given), plain(random(0)), atol=1e-6)


def test_dps_reports_every_step_once_and_leaves_no_graph():
    seen = []
    report = lambda state: seen.append((state["i"], state["denoised"]))  # noqa: E731
    out = sample_dps(model, random(0), SIGMAS, callback=report, evidence=Evidence(random(1), mask(2), ALWAYS))
    assert [i for i, _ in seen] == [0, 1, 2, 3]
    assert not out.requires_grad and not any(denoised.requires_grad for _, denoised in seen)
