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
    warp = SimpleNamespace(video=torch.zeros(5, 32, 48, 3))
    return SimpleNamespace(w=w, masks={"default": h}, warp=warp, prompt="a room", noise=noise), h > 0


def test_rigid_keeps_the_known_part_and_a_release_its_first_frame_alone(stochastic):
    from lab.models.guided import Setup, SmallWan

    case, known = half_known()
    for at, kept in ((0.0, known), (0.5, torch.zeros_like(known).index_fill(2, torch.tensor(0), True))):
        model = ToyModel()
        setup = Setup(SmallWan(model, None), torch.tensor([1.0, 0.75, 0.5, 0.25, 0.0]), shift=1.0)
        latents = stochastic.released(at)(setup, case)
        assert torch.allclose(latents[kept], case.w[kept], atol=1e-5)
        assert not torch.allclose(latents[known & ~kept], case.w[known & ~kept], atol=0.1) or not (known & ~kept).any()
        tokens = [int((time == 0).sum()) for time in model.times]
        assert tokens == [8, 8, 8, 8] if at == 0 else tokens == [8, 8, 6, 6], "6 tokens of frame 0, then 2 more"


def test_the_curve_is_judged_against_rigid_scene_by_scene(stochastic):
    from lab.benchmarks.samples import Key, Samples

    levels = {stochastic.EXACT: (0.1, 0.11, 0.2), stochastic.BOTH: (0.2, 0.19, 0.3)}
    found, at = Samples(), stochastic.Release().at
    for scene in (0.9, 1.0, 1.1):  # scenes differ much more than methods
        for damage, values in levels.items():
            for name, value in zip((stochastic.RIGID, stochastic.WHOLE, stochastic.FREED), values, strict=True):
                key = Key(name, damage, 0.0 if name == stochastic.RIGID else at)
                found.add({key: {stochastic.LPIPS: value * scene}})
    late, growth, alone, _ = stochastic.targets(found)
    assert late.holds and late.value == late.high == pytest.approx(0.95), "the same ratio on every scene"
    assert growth.holds and growth.value == pytest.approx(0.02) and alone.holds is False
    found[Key(stochastic.WHOLE, stochastic.BOTH, at)][stochastic.LPIPS][0] = 0.3
    assert stochastic.targets(found)[0].holds is None, "one scene against two decides nothing"


def figures_of(robustness, share=0.5):
    """Three scenes whose damage costs about 4 dB, denoised to a share of that."""
    from lab.benchmarks.samples import Key, Samples

    cost, wobble = [4.0, 4.4, 3.6], [0.1, -0.1, 0.0]
    exact = [28.0, 26.0, 27.0]
    plain = [value - lost for value, lost in zip(exact, cost, strict=True)]
    better = [value + share * lost + less for value, lost, less in zip(plain, cost, wobble, strict=True)]
    found = Samples()
    for name in robustness.DAMAGES:
        damaged = name != robustness.EXACT
        found[Key(robustness.PLAIN, name, strength=0.0)]["whole PSNR"] = plain if damaged else exact
        found[Key(robustness.DENOISED, name, strength=0.0)]["whole PSNR"] = better if damaged else exact
    return found


@pytest.mark.parametrize(("share", "holds"), [(0.5, None), (0.9, True), (0.1, False)])
def test_regained_is_the_share_of_the_cost_and_is_judged_where_the_interval_decides(robustness, share, holds):
    row = robustness.regained(figures_of(robustness, share), robustness.TEN, 0.0, "whole PSNR")
    assert row.value == pytest.approx(share, abs=0.01) and row.low < share < row.high
    assert row.holds is holds


def test_the_gain_of_denoising_is_reported_for_every_damage(robustness):
    gained = {row.case: row for row in robustness.table(figures_of(robustness)) if row.against}
    assert set(gained) == set(robustness.DAMAGES)
    assert gained[robustness.TEN].value == pytest.approx(2.0, abs=0.01) and gained[robustness.EXACT].value == 0


def test_denoised_depth_of_a_view_is_nearer_to_the_truth(robustness):
    from lab.data.scenes.damage import Damage
    from lab.data.scenes.new_views import NewView

    view, noise = NewView.of(3, (9, 48, 80)), Damage(noise=0.2)
    errors = [
        float((robustness.damaged(view, noise, denoised).depth / view.source.depth).log().abs().mean())
        for denoised in (False, True)
    ]
    assert errors[1] < errors[0]
