"""Operators, conjugate gradients and the proximal step, against closed forms and a dense solve."""

from __future__ import annotations

import pytest
import torch

from inversecrafter_core import inverse
from inversecrafter_core.errors import InputError

SHAPE = (2, 4, 3, 4, 5)
AS_ENCODED = 0.8
"""The flow time at which the mask has the power 1."""


def random(seed: int, shape=SHAPE) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def mask(seed: int, shape=SHAPE) -> torch.Tensor:
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed))


OPERATORS = {
    "diagonal": lambda: inverse.DiagonalMask(mask(1)),
    "one mask for a batch": lambda: inverse.DiagonalMask(mask(1, (1, *SHAPE[1:]))),
    "one channel for all": lambda: inverse.DiagonalMask(mask(1, (1, 1, *SHAPE[2:]))),
}


@pytest.mark.parametrize("name", list(OPERATORS))
def test_adjointness(name):
    operator, z = OPERATORS[name](), random(2).double()
    w = random(3, operator.A(z).shape).double()
    assert torch.allclose((operator.A(z) * w).sum(), (z * operator.A_adjoint(w)).sum(), rtol=1e-12)


def test_conjugate_gradients_agree_with_a_dense_solve():
    generator = torch.Generator().manual_seed(0)
    root = torch.randn(2, 12, 12, generator=generator)
    matrix = root @ root.transpose(1, 2) + torch.eye(12)
    b = torch.randn(2, 12, generator=generator)
    solution, _ = inverse.conjugate_gradient(lambda x: torch.einsum("bij,bj->bi", matrix, x), b, torch.zeros(2, 12), 40, 1e-7)
    assert torch.allclose(solution, torch.linalg.solve(matrix, b), atol=1e-4)


def test_conjugate_gradients_take_as_many_steps_as_there_are_eigenvalues():
    scale = torch.tensor([1.0, 3.0, 3.0, 7.0]).expand(1, 4)
    b = torch.tensor([[1.0, -2.0, 0.5, 4.0]])
    solution, norms = inverse.conjugate_gradient(lambda x: scale * x, b, torch.zeros_like(b), 3, 0.0)
    assert torch.allclose(solution, b / scale, atol=1e-6)
    assert norms.shape == (4, 1) and norms[2] > 1e-3 > norms[3]


def test_samples_of_a_batch_do_not_see_each_other():
    scale = torch.stack([torch.linspace(1, 2, 20), torch.linspace(1, 200, 20)])
    b = random(4, (2, 20))
    together, _ = inverse.conjugate_gradient(lambda x: scale * x, b, torch.zeros_like(b), 5)
    for i in range(2):
        one = slice(i, i + 1)
        alone, _ = inverse.conjugate_gradient(lambda x, s=scale[one]: s * x, b[one], torch.zeros_like(b[one]), 5)
        assert torch.allclose(together[one], alone, atol=1e-6)


def test_a_sample_that_is_done_stays_and_gives_no_nan():
    b = torch.stack([torch.zeros(6), torch.ones(6)])
    x0 = torch.zeros(2, 6)
    solution, norms = inverse.conjugate_gradient(lambda x: 2 * x, b, x0, 5)
    assert torch.equal(solution, torch.stack([torch.zeros(6), torch.full((6,), 0.5)]))
    assert torch.isfinite(norms).all()


@pytest.mark.parametrize("size", [1.0, 1e-12, 1e-19])
def test_a_right_side_of_zero_is_reached_and_gives_no_nan(size):
    scale = torch.tensor([1.0, 1.0, 1 / 16, 1 / 16])
    x0 = size * random(5, (1, 4))
    solution, norms = inverse.conjugate_gradient(lambda x: scale * x, torch.zeros(1, 4), x0, 60)
    assert torch.isfinite(norms).all() and float(solution.norm()) <= 1e-3 * size


def closed_form(z0: torch.Tensor, h: torch.Tensor, w: torch.Tensor, gamma: float) -> torch.Tensor:
    """``(z0 + gamma h w) / (1 + gamma h^2)``, exact for the diagonal operator."""
    return (z0.float() + gamma * h * w) / (1 + gamma * h * h)


@pytest.mark.parametrize("gamma", [0.5, 8.0, 100.0])
def test_the_closed_form_solves_the_normal_equations(gamma):
    z0, h, w = random(5).double(), mask(6).double(), random(7).double()
    z = closed_form(z0, h, w, gamma)
    left = z.double() + gamma * h * h * z.double()
    assert torch.allclose(left, (z0.float() + gamma * h * w).double(), atol=1e-4)


@pytest.mark.parametrize("gamma", [1.0, 8.0])
def test_many_steps_reach_the_closed_form_and_five_come_close(gamma):
    z0, h, w = random(5), mask(6), random(7)
    exact = closed_form(z0, h, w, gamma)
    operator = inverse.DiagonalMask(h)
    many = inverse.solve_conjugate_gradients(z0, operator, w, gamma, steps=40, tolerance=1e-8)
    five = inverse.solve_conjugate_gradients(z0, operator, w, gamma, steps=5)
    assert torch.allclose(many, exact, atol=1e-5)
    assert (five - exact).norm() < 0.05 * (z0 - exact).norm()


@pytest.mark.parametrize("solver", list(inverse.SOLVERS))
def test_a_prepared_step_is_the_plain_one(solver):
    z0, h, encoded = random(8), mask(9), random(10)
    settings = inverse.ProximalSettings(solver, gamma=8.0, steps=60, tolerance=1e-8)
    step = inverse.prepare(h, encoded, settings)
    expected = closed_form(z0, h, h * encoded, 8.0)
    assert torch.allclose(step(z0, AS_ENCODED), expected, atol=1e-4)


@pytest.mark.parametrize("solver", list(inverse.SOLVERS))
def test_the_mask_sharpens_as_the_noise_falls_and_a_fixed_one_does_not(solver):
    z0, h, encoded = random(8), mask(9), random(10)
    h[..., 0], h[..., 1] = 0, 1
    fixed = inverse.ProximalSettings(solver, gamma=8.0, steps=60, tolerance=1e-8)
    sharpen = inverse.ProximalSettings(solver, 8.0, 60, 1e-8, inverse.MaskSchedule.SHARPEN)
    for time, power in ((1.0, 0.64), (0.8, 1.0), (0.4, 4.0), (0.1, 16.0), (0.0, 16.0)):
        assert inverse.mask_power(time) == pytest.approx(power)
        sharpened = h**power
        z = inverse.prepare(h, encoded, sharpen)(z0, time)
        assert torch.allclose(z, closed_form(z0, sharpened, sharpened * encoded, 8.0), atol=1e-4)
        same = inverse.prepare(h, encoded, fixed)(z0, time)
        assert torch.allclose(same, closed_form(z0, h, h * encoded, 8.0), atol=1e-4)
        assert torch.allclose(z[..., :2], same[..., :2], atol=1e-6), "what is wholly known or unknown does not change"


def test_known_cells_go_to_the_measurement_and_unknown_ones_stay():
    z0, encoded = random(11), random(12)
    h = torch.zeros(SHAPE)
    h[..., :2] = 1
    z = inverse.prepare(h, encoded, inverse.ProximalSettings("closed_form", gamma=1e6))(z0, 0.5)
    assert torch.allclose(z[..., :2], encoded[..., :2], atol=1e-4)
    assert torch.equal(z[..., 2:], z0[..., 2:])


@pytest.mark.parametrize("gamma", [5.0, 100.0, 1e6])
def test_the_step_is_a_convex_blend_for_every_gamma(gamma):
    z0, encoded = random(13), random(14)
    h = 0.05 + 0.25 * mask(15)
    bound = torch.maximum(z0.abs(), encoded.abs())
    masked = inverse.prepare(h, encoded, inverse.ProximalSettings("closed_form", gamma))(z0, AS_ENCODED)
    assert torch.all(masked.abs() <= bound + 1e-5)
    weight = gamma * h * h / (1 + gamma * h * h)
    assert torch.allclose(masked, (1 - weight) * z0 + weight * encoded, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("solver", list(inverse.SOLVERS))
@pytest.mark.parametrize("gamma", [0.0, 1e12, 1e20, 1e37])
def test_no_gamma_overflows(solver, gamma):
    z0, encoded, h = random(13), random(14), mask(15)
    h[..., 0], h[..., 1] = 0, 1
    z = inverse.prepare(h, encoded, inverse.ProximalSettings(solver, gamma, steps=60, tolerance=0.0))(z0, 0.5)
    assert torch.equal(z[..., 0], z0[..., 0])
    assert torch.allclose(z[..., 1], encoded[..., 1] if gamma else z0[..., 1], atol=1e-3)


@pytest.mark.parametrize("solver", list(inverse.SOLVERS))
def test_half_precision_predictions_are_solved_in_float32(solver):
    z0, h, encoded = random(16), mask(17), random(18)
    step = inverse.prepare(h, encoded, inverse.ProximalSettings(solver))
    assert step(z0.bfloat16(), AS_ENCODED).dtype == torch.float32
    assert torch.equal(step(z0.bfloat16(), AS_ENCODED), step(z0.bfloat16().float(), AS_ENCODED))


@pytest.mark.parametrize(
    ("changes", "name"),
    [({"solver": "x"}, "solver"), ({"gamma": -1.0}, "gamma"), ({"gamma": float("nan")}, "gamma")],
)
def test_settings_that_mean_nothing_are_refused(changes, name):
    with pytest.raises(InputError) as error:
        inverse.ProximalSettings(**changes)
    assert error.value.name == name


def test_a_measurement_refuses_wrong_shapes_nan_and_masks_out_of_range():
    w = torch.zeros(1, 4, 3, 4, 5)
    for bad_w, bad_h in [(w, w[:, :1]), (w[0], w[0]), (w * float("nan"), w), (w, w + 1.5), (w, w - 0.1)]:
        with pytest.raises(InputError):
            inverse.Measurement(bad_w, bad_h, (9, 32, 40))
