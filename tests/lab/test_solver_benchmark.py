"""The solver benchmark on a toy model: every way runs by one contract, and the table says what the figures say."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

GRID = (2, 4, 4)


@pytest.fixture(scope="module")
def ways(pack):
    import lab.benchmarks.solvers.methods

    return lab.benchmarks.solvers.methods


class ToyModel:
    """Says that the clean latent is 0.3 everywhere, pulled towards what it sees; remembers the times it was given."""

    def __init__(self):
        self.times = []

    def __call__(self, x, time, tokens):
        self.times.append(time)
        sigma = time.flatten()[-1] / 1000
        return (x - torch.tanh(0.3 + 0.1 * x)) / sigma


class ToyCoder(torch.nn.Module):
    """Each latent cell is the mean colour of its 8x8 pixels of the first frame of its group, on three of 16 channels."""

    def encode(self, video):
        cells = torch.nn.functional.avg_pool3d(video[:, :, ::4], (1, 8, 8))
        return torch.cat([cells, torch.zeros(1, 13, *cells.shape[2:])], 1)

    def decode(self, latent):
        frames = torch.cat([latent[:, :3, :1], latent[:, :3, 1:].repeat_interleave(4, 2)], 2)
        return frames.repeat_interleave(8, 3).repeat_interleave(8, 4)


@pytest.fixture(scope="module")
def lab(ways):
    return ways.Lab.of(ToyModel(), ToyCoder(), 5)


@pytest.fixture(scope="module")
def case(ways, lab):
    generator = torch.Generator().manual_seed(0)
    truth = torch.rand(5, 4, 4, 3, generator=generator).repeat_interleave(8, 1).repeat_interleave(8, 2)
    visible = torch.ones(5, 32, 32)
    visible[1:, :, 16:] = 0
    clip = {"truth": truth, "telea": truth * visible[..., None], "visible": visible}
    return ways.make_case(3, clip, lab.coder)


def test_a_case_has_every_mask_with_its_first_frame_known(case):
    assert case.w.shape == case.noise.shape == case.z_true.shape == (1, 16, *GRID)
    for mode in ("usual", "binary", "area"):
        h = case.masks[mode]
        assert bool((h[:, :, 0] == 1).all()), mode
        assert bool((h[:, :3, 1, :, :2] > 0.9).all()) and float(h[:, :3, 1, :, 2:].min()) < 0.5, mode


def test_every_way_runs_and_every_guided_one_comes_nearer_to_what_is_known(ways, lab, case):
    known = case.masks["binary"]

    def distance(way):
        latents = way(lab, case)
        assert latents.shape == case.w.shape and torch.isfinite(latents).all()
        return float((known * (latents - case.w)).norm())

    plain = distance(ways.bare)
    guided = ways.RIVALS | ways.SETTINGS | {ways.OURS: ways.METHODS[ways.OURS], ways.PIXELS: ways.pixel_dds}
    far = {name: reached / plain for name, way in guided.items() if (reached := distance(way)) > 0.8 * plain}
    assert set(far) == {ways.MOVE}, "whose clocks end early"


def test_the_first_frame_is_given_clean_at_time_zero(ways, lab, case):
    lab.model.times.clear()
    assert torch.equal(ways.bare(lab, case)[:, :, 0], case.w[:, :, 0])
    assert all(time.shape == (1, 8) for time in lab.model.times)
    assert lab.model.times[0].tolist() == [[0.0] * 4 + [1000.0] * 4]


def test_a_batch_has_a_clip_for_every_strength_and_each_is_as_alone(ways, lab, case):
    several = replace(lab, strengths=(0.0, 0.5, 1.0))
    for name in (ways.BARE, ways.OURS, ways.PASTE, ways.MOVE, ways.DPS):
        together = ways.METHODS[name](several, case)
        assert together.shape == (3, *case.w.shape[1:])
        for strength, clip in zip(several.strengths, together, strict=True):
            alone = ways.METHODS[name](replace(lab, strengths=(strength,)), case)[0]
            assert torch.allclose(clip, alone, atol=1e-4), (name, strength)
    assert torch.allclose(ways.bare(several, case)[2, :, 1:], case.z_true[0, :, 1:], atol=1e-4), "who knows the truth says it"


def test_the_patch_takes_back_a_part_of_each_correction(ways, lab, case):
    exact, patch = (way(lab, case) for way in (ways.METHODS[ways.OURS], ways.SETTINGS["as a MODEL patch"]))
    assert not torch.allclose(exact, patch, atol=1e-3)


def test_figures_of_the_true_view_are_perfect_and_of_another_clip_are_not(case):
    from lab.benchmarks.solvers.compare import quality

    distance = lambda one, two: (one - two).abs().mean(1)  # noqa: E731
    best, worse = (quality(video, case, distance) for video in (case.truth, 1 - case.truth))
    assert best["whole SSIM"] == pytest.approx(1) and best["holes SSIM"] == pytest.approx(1) and best["flicker"] == 0
    assert best["kept PSNR"] == float("inf") and best["holes LPIPS"] == 0
    assert all(worse[name] < best[name] for name in best if "PSNR" in name or "SSIM" in name)
    assert all(worse[name] > best[name] for name in best if "LPIPS" in name or name == "flicker")


def test_comparing_judges_every_way_under_every_strength_and_times_it_once(ways, lab, case):
    from lab.benchmarks.solvers import compare as solvers

    plan = solvers.Plan((0.0, 0.5), 4, settings=True, pixels=True)
    found = solvers.compare(plan, lab, case, None)
    names = {*ways.METHODS, *ways.SETTINGS}
    assert {key for key in found} == {(s, name) for s in (0.0, 0.5) for name in names} | {
        (0.0, solvers.FILLED),
        (0.0, ways.PIXELS),
    }
    assert found[0.0, ways.BARE]["time"] == 1 and found[0.0, ways.LANPAINT]["time"] > 0
    assert "time" not in found[0.5, ways.OURS] and "flicker" not in found[0.5, ways.OURS]
    assert found[0.5, ways.BARE]["whole PSNR"] > found[0.0, ways.BARE]["whole PSNR"]
    assert found[0.0, solvers.FILLED]["holes"] == pytest.approx(40, abs=0.01)


def test_scenes_are_taken_in_order_until_there_are_enough_and_none_is_started_in_vain(pack):
    from concurrent.futures import Future

    from lab.benchmarks.scenes_at_once import first_scenes

    started = []

    def submit(seed):
        started.append(seed)
        done = Future()
        done.set_result(None if seed % 3 == 0 else {(0.0, "way"): {"figure": float(seed)}})
        return done

    taken = [one[0.0, "way"]["figure"] for one in first_scenes(submit, list(range(20)), 4, 3)]
    assert taken == [1, 2, 4, 5] and started == [0, 1, 2, 3, 4, 5]
    assert len(list(first_scenes(submit, list(range(4)), 9, 3))) == 2, "fewer where there are no more"


def figures(shift: float, spread: float = 1.0) -> dict[str, list[float]]:
    names = ("seam PSNR", "seam PSNR past the VAE", "whole LPIPS", "time")
    return {name: [20.0 + shift, 20.0 + spread + shift, 20.0 + 2 * spread + shift] for name in names}


def some_found(ways) -> dict:
    found = {(strength, name): figures(0.5) for strength in (0.0, 0.5, 0.9) for name in ways.METHODS}
    found |= {(strength, ways.OURS): figures(0) for strength in (0.0, 0.9)}
    found[0.0, ways.PASTE] = figures(-2.0)
    found[0.0, ways.DPS] = figures(60)
    found[0.5, ways.DPS] = {"whole LPIPS": [17.0, 20.5, 25.0]}
    found[0.5, ways.LANPAINT] = figures(-1.0)
    return found


def test_a_verdict_stands_only_where_the_interval_decides(ways):
    from lab.benchmarks.solvers import compare as solvers

    rows = {row.name: row for row in solvers.targets(some_found(ways))}
    assert rows["seam PSNR, ours above hard paste"].value == pytest.approx(2) and rows["seam PSNR, ours above hard paste"].holds
    assert rows["seam PSNR, ours above hard paste, half a cell"].holds is False
    time = rows["time, DPS over ours"]
    assert time.holds and time.low < time.value < time.high
    over = "whole LPIPS, ours over"
    assert rows[f"strength 0, {over} {ways.ZERO4D}"].holds is True
    assert rows[f"strength 0.5, {over} {ways.LANPAINT}"].holds is False
    assert rows[f"strength 0.5, {over} {ways.DPS}"].holds is None, "the interval is on both sides"
    assert rows[f"strength 0.9, {over} {ways.ZERO4D}"].target is None, "promised at 0 and 0.5"
    assert rows[f"strength 0, {over} {ways.BARE}"].target is None, "a prior is not a rival"


def test_the_report_says_who_is_ahead_and_reads_rows_back(ways, tmp_path, monkeypatch):
    from dataclasses import asdict

    from lab.benchmarks.report import Row
    from lab.benchmarks.solvers import compare as solvers
    from lab.benchmarks.solvers import report as solver_report

    found = some_found(ways)
    rows = [Row("holes of the warp, 3 scenes", 8.0, "%"), *solvers.targets(found), *solvers.table(found)]
    monkeypatch.setattr(solver_report, "ROOT", tmp_path)
    monkeypatch.setattr(solver_report, "PICTURE", tmp_path / "solvers.png")
    page = solver_report.illustrated({"seed": 0, "rows": [asdict(row) for row in rows]})
    text = "\n".join(page)
    (cells,) = [line.split("|")[2:] for line in page if line.startswith(f"| {ways.LANPAINT} | ") and "…" in line]
    assert cells[0].strip().startswith("**0.97") and cells[1].strip().startswith("**1.0"), "decided, one each way"
    assert f"- Strength 0.5: ours is level with {ways.BARE}" in text and f"behind {ways.LANPAINT}" in text
    assert f"| {ways.PASTE} |" in text and "| 19.00 ± 2.48 |" in text
    assert page[-1].endswith("(solvers.png)") and (tmp_path / "solvers.png").stat().st_size > 10_000
