"""Conjugate gradients for symmetric positive definite systems, one a sample of a batch (Hestenes and Stiefel, 1952)."""

from __future__ import annotations

from collections.abc import Callable

import torch


def _dot(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Return the inner product of each sample, ``[B, 1, 1, ...]``; a matrix product might run in TF32."""
    return (a * b).flatten(1).sum(1).view(-1, *[1] * (a.ndim - 1))


@torch.no_grad()
def conjugate_gradient(
    apply: Callable[[torch.Tensor], torch.Tensor],
    b: torch.Tensor,
    x0: torch.Tensor,
    steps: int = 5,
    tolerance: float = 1e-5,
) -> tuple[torch.Tensor, torch.Tensor]:
    """Solve ``apply(x) = b`` from ``x0`` in at most ``steps`` steps, in float32.

    A sample whose residual has fallen to ``tolerance`` times the larger of ``|b|`` and its first residual stays fixed while the
    others continue: for ``b = 0``, as of a black frame, steps beyond that would only amplify rounding. All steps run, since to
    return early the host would have to wait for the device.

    Args:
        apply: the matrix as a function; symmetric positive definite on each sample ``[B, ...]``.
        b: right side, ``[B, ...]``.
        x0: starting point, same shape.
        steps: K, the largest number of steps.
        tolerance: relative residual at which a sample has converged.

    Returns:
        the solution, float32, and the residual norms ``[steps + 1, B]``, beginning with that of ``x0``.
    """
    x, b = x0.float(), b.float()
    r = b - apply(x)
    p, rr = r, _dot(r, r)
    done = tolerance**2 * torch.maximum(_dot(b, b), rr)
    norms = [rr]
    for _ in range(steps):
        Ap = apply(p)
        curvature = _dot(p, Ap)
        running = (rr > done) & (curvature > 0)
        alpha = torch.where(running, rr / curvature, 0.0)
        x = torch.addcmul(x, alpha, p)
        r = torch.addcmul(r, alpha, Ap, value=-1)
        rr_next = _dot(r, r)
        p = torch.addcmul(r, torch.where(running, rr_next / rr, 0.0), p)
        rr = rr_next
        norms.append(rr)
    return x, torch.stack([norm.flatten() for norm in norms]).sqrt()
