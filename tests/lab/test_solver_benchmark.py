"""The solver benchmark on a toy model: every method runs by one contract, and the tables follow from the figures."""

from __future__ import annotations

import json

import pytest
import torch

from inversecrafter_core.latent_grid import WAN

GRID = (2, 4, 4)


@pytest.fixture(scope="module")
def methods(pack):
    import lab.benchmarks.solvers.methods

    return lab.benchmarks.solvers.methods


@pytest.fixture(scope="module")
def solvers(pack):
    import lab.benchmarks.solvers.compare

    return lab.benchmarks.solvers.compare


class ToyModel:
    """Says that the clean latent is 0.3 everywhere, pulled towards what it sees; remembers the times it was given."""

    def __init__(self):
        self.times = []

    def __call__(self, x, time, tokens):
        self.times.append(time)
        sigma = time.flatten()[-1] / 1000
        return (x - torch.tanh(0.3 + 0.1 * x)) / sigma


class ToyCoder:
    """Each latent cell is the mean colour of its 8x8 pixels of the first frame of its group, on three of 16 channels."""

    grid = WAN

    def encode(self, video):
        cells = torch.nn.functional.avg_pool3d(video.movedim(-1, 0)[None, :, ::4], (1, 8, 8))
        return torch.cat([cells, torch.zeros(1, 13, *cells.shape[2:])], 1)

    def decode(self, latent):
        frames = torch.cat([latent[:, :3, :1], latent[:, :3, 1:].repeat_interleave(4, 2)], 2)
        return frames.repeat_interleave(8, 3).repeat_interleave(8, 4)[0].movedim(0, -1)

    def normalise(self, latent):
        return latent


def setup_of(strengths=(0.0,), steps=5):
    from lab.models.guided import Setup, SmallWan

    return Setup.of(steps, strengths, SmallWan(ToyModel(), ToyCoder()))


@pytest.fixture(scope="module")
def case(pack):
    from lab.data.scenes.new_views import Warp
    from lab.models.guided import Case

    generator = torch.Generator().manual_seed(0)
    truth = torch.rand(5, 4, 4, 3, generator=generator).repeat_interleave(8, 1).repeat_interleave(8, 2)
    visible = torch.ones(5, 32, 32)
    visible[1:, :, 16:] = 0
    return Case.of(ToyCoder(), truth, Warp(truth * visible[..., None], visible), "a room", 3)


def test_a_case_has_every_mask_with_its_first_frame_known(case):
    assert case.w.shape == case.noise.shape == case.z_true.shape == (1, 16, *GRID)
    for mode in ("default", "binary", "share"):
        h = case.masks[mode]
        assert bool((h[:, :, 0] == 1).all()), mode
        assert bool((h[:, :3, 1, :, :2] > 0.9).all()) and float(h[:, :3, 1, :, 2:].min()) < 0.5, mode


def test_every_guided_method_comes_nearer_to_the_known_part(methods, case):
    known, setup = case.masks["binary"], setup_of()

    def distance(method):
        latents = method(setup, case)
        assert latents.shape == case.w.shape and torch.isfinite(latents).all()
        return float((known * (latents - case.w)).norm())

    plain = distance(methods.bare)
    guided = methods.RIVALS | {methods.OURS: methods.recapture}
    far = {name for name, method in guided.items() if distance(method) > 0.8 * plain}
    assert far == {methods.MOVE}, "whose clocks end early"


def test_the_first_frame_is_given_clean_at_time_zero(methods, case):
    setup = setup_of()
    assert torch.equal(methods.bare(setup, case)[:, :, 0], case.w[:, :, 0])
    times = setup.wan.network.times
    assert all(time.shape == (1, 8) for time in times) and times[0].tolist() == [[0.0] * 4 + [1000.0] * 4]


def test_a_batch_has_a_clip_for_every_strength_and_each_is_as_alone(methods, case):
    several = setup_of((0.0, 0.5, 1.0))
    for name in (methods.BARE, methods.OURS, methods.PASTE, methods.MOVE, methods.DPS):
        together = methods.METHODS[name](several, case)
        assert together.shape == (3, *case.w.shape[1:])
        for strength, clip in zip(several.strengths, together, strict=True):
            alone = methods.METHODS[name](setup_of((strength,)), case)[0]
            assert torch.allclose(clip, alone, atol=1e-4), (name, strength)
    assert torch.allclose(methods.bare(several, case)[2, :, 1:], case.z_true[0, :, 1:], atol=1e-4), "a prior of 1 is the truth"


def test_figures_of_the_true_view_are_perfect_and_of_another_clip_are_not(solvers, case, monkeypatch):
    from types import SimpleNamespace

    monkeypatch.setattr(solvers, "lpips", lambda: SimpleNamespace(maps=lambda one, two: (one - two).abs().mean(1)))
    best, worse = (solvers.quality(video, case, case.truth) for video in (case.truth, 1 - case.truth))
    assert best["whole SSIM"] == pytest.approx(1) and best["holes SSIM"] == pytest.approx(1) and best["flicker"] == 0
    assert best["kept PSNR"] == float("inf") and best["holes LPIPS"] == 0
    assert all(worse[name] < best[name] for name in best if "PSNR" in name or "SSIM" in name)
    assert all(worse[name] > best[name] for name in best if "LPIPS" in name or name == "flicker")


def test_comparing_judges_every_method_under_every_strength_and_times_it_once(solvers, methods, case, monkeypatch):
    monkeypatch.setattr(solvers, "lpips", lambda: None)
    found = solvers.compare(setup_of((0.0, 0.5), 4), case, methods.METHODS)
    key = lambda name, strength: solvers.Key(name, strength=strength)  # noqa: E731
    names = {*methods.METHODS}
    assert set(found) == {key(name, s) for s in (0.0, 0.5) for name in names} | {key(solvers.FILLED, 0.0), solvers.Key()}
    assert found[key(methods.BARE, 0.0)]["time"] == 1 and found[key(methods.LANPAINT, 0.0)]["time"] > 0
    assert not {"time", "flicker"} & set(found[key(methods.OURS, 0.5)])
    assert found[key(methods.BARE, 0.5)]["whole PSNR"] > found[key(methods.BARE, 0.0)]["whole PSNR"]
    assert found[solvers.Key()]["holes of the warp"] == pytest.approx(40, abs=0.01)


def figures(shift: float) -> list[dict[str, float]]:
    names = ("seam PSNR", "seam PSNR past the VAE", "whole LPIPS", "time")
    return [{name: 20.0 + scene + shift for name in names} for scene in range(3)]


@pytest.fixture
def found(solvers, methods):
    shifts = {(name, strength): 0.5 for strength in (0.0, 0.5, 0.9) for name in methods.METHODS}
    shifts |= {(methods.OURS, 0.0): 0.0, (methods.OURS, 0.9): 0.0, (methods.PASTE, 0.0): -2.0, (methods.DPS, 0.0): 60.0}
    shifts[methods.LANPAINT, 0.5] = -1.0
    samples = solvers.Samples()
    for (name, strength), shift in shifts.items():
        for scene in figures(shift):
            samples.add({solvers.Key(name, strength=strength): scene})
    samples[solvers.Key(methods.DPS, strength=0.5)]["whole LPIPS"] = [17.0, 20.5, 25.0]
    return samples


def test_a_verdict_stands_only_where_the_interval_decides(solvers, methods, found):
    rows = {(row.strength, row.figure, row.method, row.against): row for row in solvers.targets(found)}
    seam = rows[0.0, "seam PSNR", methods.OURS, methods.PASTE]
    assert seam.value == pytest.approx(2) and seam.holds
    assert rows[0.0, "seam PSNR", methods.OURS, methods.PASTE_HALF].holds is False
    time = rows[0.0, "time", methods.DPS, methods.OURS]
    assert time.holds and time.low < time.value < time.high
    over = {
        (strength, other): rows[strength, "whole LPIPS", methods.OURS, other]
        for strength, _, m, other in rows
        if m == methods.OURS and other and (strength, "whole LPIPS", m, other) in rows
    }
    assert over[0.0, methods.ZERO4D].holds is True and over[0.5, methods.LANPAINT].holds is False
    assert over[0.5, methods.DPS].holds is None, "the interval is on both sides"
    assert over[0.9, methods.ZERO4D].target is None, "promised at 0 and 0.5"
    assert over[0.0, methods.BARE].target is None, "the bare model is no relative"


def test_the_page_names_who_is_ahead(solvers, methods, found, tmp_path, monkeypatch):
    from lab.benchmarks.report import row, write

    monkeypatch.setattr(solvers, "PICTURE", tmp_path / "solvers.png")
    page = solvers.page(json.loads(write(0, [row("holes of the warp", 8.0, "%"), *solvers.targets(found), *found.means()])))
    text = "\n".join(page)
    (cells,) = [line.split("|")[2:] for line in page if line.startswith(f"| {methods.LANPAINT} | ") and "…" in line]
    assert cells[0].strip().startswith("**0.97") and cells[1].strip().startswith("**1.0"), "decided, one each side"
    assert f"| {methods.PASTE} |" in text and "| 19.00 ± 2.48 |" in text
    assert page[-1].endswith("(solvers.png)") and (tmp_path / "solvers.png").stat().st_size > 10_000
