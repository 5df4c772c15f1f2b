"""The benchmarks of depth errors on toy models: what a release leaves, and what a table makes of figures."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

GRID = (2, 4, 6)


@pytest.fixture(scope="module")
def robustness(pack):
    import lab.benchmarks.warp.robustness

    return lab.benchmarks.warp.robustness


@pytest.fixture(scope="module")
def stochastic(pack):
    import lab.benchmarks.jobs.stochastic

    return lab.benchmarks.jobs.stochastic


class ToyModel:
    """A velocity towards 0.3; remembers the times it was given."""

    def __init__(self):
        self.times = []

    def __call__(self, x, time, tokens):
        self.times.append(time)
        return (x - 0.3) / (time.max() / 1000)


def half_known():
    """A case whose first latent frame and left third are known."""
    h = torch.zeros(1, 16, *GRID)
    h[:, :, 0] = h[..., :2] = 1
    w, noise = (torch.randn(h.shape, generator=torch.Generator().manual_seed(seed)) for seed in (0, 1))
    return SimpleNamespace(w=w, masks={"usual": h}, warp=torch.zeros(5, 32, 48, 3), prompt="a room", noise=noise), h > 0


def test_rigid_keeps_what_is_known_and_a_release_its_first_frame_alone(stochastic):
    case, known = half_known()
    for at, kept in ((0.0, known), (0.5, torch.zeros_like(known).index_fill(2, torch.tensor(0), True))):
        model = ToyModel()
        lab = SimpleNamespace(model=model, sigmas=torch.tensor([1.0, 0.75, 0.5, 0.25, 0.0]), shift=1.0)
        latents = stochastic.released(at)(lab, case)
        assert torch.allclose(latents[kept], case.w[kept], atol=1e-5)
        assert not torch.allclose(latents[known & ~kept], case.w[known & ~kept], atol=0.1) or not (known & ~kept).any()
        tokens = [int((time == 0).sum()) for time in model.times]
        assert tokens == [8, 8, 8, 8] if at == 0 else tokens == [8, 8, 6, 6], "6 tokens of frame 0, then 2 more"


def test_the_curve_is_judged_against_rigid_scene_by_scene(stochastic):
    def figures(*ways):
        names = (stochastic.RIGID, stochastic.whole(), stochastic.freed(stochastic.Release().at))
        hard = (0.9, 1.0, 1.1)  # scenes differ much more than ways
        return {name: {"whole LPIPS": [way * scene for scene in hard]} for name, way in zip(names, ways, strict=True)}

    found = dict(
        zip(stochastic.ORDER, (figures(0.1, 0.11, 0.2), figures(0.2, 0.19, 0.3), figures(0.3, 0.25, 0.4)), strict=True)
    )
    late, small, large, *_ = stochastic.targets(found)
    assert late.holds and late.value == late.high == pytest.approx(0.95), "the same ratio on every scene"
    assert small.holds and small.value == pytest.approx(0.02) and large.holds and large.value == pytest.approx(0.04)
    alone = next(row for row in stochastic.targets(found) if row.target and "then DDS" not in row.name)
    assert alone.holds is False
    found[stochastic.ASKED][stochastic.whole()]["whole LPIPS"][0] = 0.3
    assert stochastic.targets(found)[0].holds is None, "one scene against two decides nothing"


def figures_of(robustness, **shift):
    """Three scenes whose damage costs about 4 dB, denoised to half of that, or as ``shift`` says."""
    cost, wobble = [4.0, 4.4, 3.6], [0.1, -0.1, 0.0]
    exact = [28.0, 26.0, 27.0]
    plain = [value - lost for value, lost in zip(exact, cost, strict=True)]
    share = shift.get("share", 0.5)
    better = [value + share * lost + less for value, lost, less in zip(plain, cost, wobble, strict=True)]
    found = {}
    for name in robustness.DAMAGES:
        damaged = name != robustness.EXACT_DEPTH
        found[name, 0.0, robustness.PLAIN] = {"whole PSNR": plain if damaged else exact}
        found[name, 0.0, robustness.DENOISED] = {"whole PSNR": better if damaged else exact}
    return found


@pytest.mark.parametrize(("share", "holds"), [(0.5, None), (0.9, True), (0.1, False)])
def test_regained_is_the_share_of_the_cost_and_is_judged_where_the_interval_decides(robustness, share, holds):
    row = robustness.regained(figures_of(robustness, share=share), robustness.TEN, 0.0, "whole PSNR")
    assert row.value == pytest.approx(share, abs=0.01) and row.low < share < row.high
    assert row.holds is holds


def test_every_damage_says_what_denoising_gains_on_it(robustness):
    rows = robustness.rows(figures_of(robustness), (0.0,))
    gained = {row.name: row for row in rows if ", gained by denoising" in row.name}
    assert len(gained) == len(robustness.DAMAGES)
    assert gained[f"{robustness.TEN}, strength 0, gained by denoising, whole PSNR"].value == pytest.approx(2.0, abs=0.01)
    assert gained[f"{robustness.EXACT_DEPTH}, strength 0, gained by denoising, whole PSNR"].value == 0
