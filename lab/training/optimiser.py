"""Muon: momentum whose update is made orthogonal, for matrices and convolutions; Adam for everything else.

Source: Keller Jordan et al., "Muon: An optimizer for hidden layers in neural networks" (2024), with the size factor of Liu
et al., "Muon is Scalable for LLM Training" (arXiv 2502.16982), so that one learning rate means the same step as Adam's. The
Newton-Schulz iteration runs in bfloat16, as its authors do, where that is faster: it need not be exact.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import torch

from lab.models.precision import half_is_fast

QUINTIC = (3.4445, -4.7750, 2.0315)


def orthogonalise(matrix: torch.Tensor, rounds: int = 5) -> torch.Tensor:
    """Nearest semi-orthogonal matrix (roughly: singular values end in 0.7…1.2). ``[n, m]`` float32, any n, m."""
    if matrix.shape[0] > matrix.shape[1]:
        return orthogonalise(matrix.T, rounds).T
    x = matrix / (matrix.norm() + 1e-7)
    x = x.bfloat16() if half_is_fast(x.device) else x
    a, b, c = QUINTIC
    for _ in range(rounds):
        gram = x @ x.T
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x.to(matrix.dtype)


class Muon(torch.optim.Optimizer):
    """Parameters of two or more axes get Muon, the rest Adam (at half the rate, which gains and biases tolerate)."""

    def __init__(
        self,
        parameters: Iterable[torch.nn.Parameter],
        lr: float,
        momentum: float = 0.95,
        betas: tuple[float, float] = (0.9, 0.99),
    ):
        super().__init__(list(parameters), {"lr": lr, "momentum": momentum, "betas": betas})

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:  # type: ignore[override]
        for group in self.param_groups:
            for parameter in group["params"]:
                if parameter.grad is None:
                    continue
                matrix = parameter.squeeze().ndim >= 2 and parameter.ndim != 3
                update = self._muon if matrix else self._adam
                update(parameter, parameter.grad, group)

    def _muon(self, parameter: torch.Tensor, gradient: torch.Tensor, group: dict) -> None:
        state = self.state[parameter]
        momentum = state.setdefault("momentum", torch.zeros_like(parameter))
        momentum.lerp_(gradient, 1 - group["momentum"])
        nesterov = gradient.lerp(momentum, group["momentum"]).flatten(1)
        update = orthogonalise(nesterov).reshape(parameter.shape)
        parameter.add_(update, alpha=-group["lr"] * 0.2 * max(nesterov.shape) ** 0.5)

    def _adam(self, parameter: torch.Tensor, gradient: torch.Tensor, group: dict) -> None:
        state = self.state[parameter]
        first = state.setdefault("first", torch.zeros_like(parameter))
        second = state.setdefault("second", torch.zeros_like(parameter))
        state["count"] = state.get("count", 0) + 1
        low, high = group["betas"]
        first.lerp_(gradient, 1 - low)
        second.mul_(high).addcmul_(gradient, gradient, value=1 - high)
        size = first / (1 - low ** state["count"]) / ((second / (1 - high ** state["count"])).sqrt() + 1e-8)
        parameter.add_(size, alpha=-group["lr"] * 0.5)
