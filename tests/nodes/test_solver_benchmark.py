"""The solver benchmark on a toy model: every way runs by one contract, and the table says what the figures say."""

from __future__ import annotations

import pytest
import torch

GRID = (2, 4, 4)


@pytest.fixture(scope="module")
def ways(pack):
    import benchmarks.solver_ways

    return benchmarks.solver_ways


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
    return ways.make_case(3, clip, lab.coder, lambda visible, warp: torch.full((1, 16, *GRID), 0.9))


def test_a_case_has_every_mask_with_its_first_frame_known(case):
    assert case.w.shape == case.noise.shape == (1, 16, *GRID)
    assert bool((case.masks["learned"][:, :, 1:] == 0.9).all())
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

    bare = distance(ways.METHODS[ways.BARE])
    guided = {name: way for name, way in (ways.METHODS | ways.ABLATIONS).items() if not name.startswith("bare")}
    far = {name: reached / bare for name, way in guided.items() if (reached := distance(way)) > 0.8 * bare}
    assert not far
    assert len(guided) > 20


def test_the_first_frame_is_given_clean_at_time_zero(ways, lab, case):
    lab.model.times.clear()
    assert torch.equal(ways.METHODS[ways.BARE](lab, case)[:, :, 0], case.w[:, :, 0])
    assert all(time.shape == (1, 8) for time in lab.model.times)
    assert lab.model.times[0].tolist() == [[0.0] * 4 + [1000.0] * 4]
    lab.model.times.clear()
    assert not torch.equal(ways.METHODS[ways.TEXT_ALONE](lab, case)[:, :, 0], case.w[:, :, 0])
    assert all(time.shape == (1,) for time in lab.model.times)


def test_the_patch_takes_back_a_part_of_each_correction(ways, lab, case):
    exact, patch = (ways.METHODS[name](lab, case) for name in (ways.EXACT, "DDS as a MODEL patch"))
    assert not torch.allclose(exact, patch, atol=1e-3)


def test_figures_of_the_true_view_are_perfect_and_of_another_clip_are_not(case):
    from benchmarks.solvers import quality

    distance = lambda one, two: (one - two).abs().mean(1)  # noqa: E731
    best, worse = (quality(video, case, distance) for video in (case.truth, 1 - case.truth))
    assert best["whole SSIM"] == pytest.approx(1) and best["holes SSIM"] == pytest.approx(1) and best["flicker"] == 0
    assert best["kept PSNR"] == float("inf") and best["holes LPIPS"] == 0
    assert all(worse[name] < best[name] for name in best if "PSNR" in name or "SSIM" in name)
    assert all(worse[name] > best[name] for name in best if "LPIPS" in name or name == "flicker")


def test_comparing_counts_one_figure_a_scene_and_costs_against_the_bare_run(ways, lab, case, monkeypatch):
    from benchmarks import solvers

    monkeypatch.setattr(solvers, "load_lpips", lambda: None)
    some = {name: ways.METHODS[name] for name in (ways.BARE, ways.EXACT)}
    found = solvers.compare(lab, [case, case], some)
    assert {len(values) for figures in found.values() for values in figures.values()} == {2}
    assert found[ways.EXACT]["time"][0] > 0
    rows = {row.name: row for row in solvers.table(found)}
    assert rows[f"{ways.EXACT}: seam PSNR"].unit == "dB" and rows[f"{ways.EXACT}: time"].unit == "x"


def test_refilling_encodes_the_warp_once_more_with_predicted_holes(ways, lab, case, monkeypatch):
    encoded = []
    monkeypatch.setattr(ways, "encode", lambda coder, video: encoded.append(video) or case.w)
    exact, refilled = (ways.METHODS[name](lab, case) for name in (ways.EXACT, ways.REFILLED))
    assert torch.allclose(exact, refilled), "the same latents again change nothing"
    (video,) = encoded
    known = case.visible > 0
    assert torch.equal(video[known], case.warp[known]) and not torch.allclose(video[~known], case.warp[~known], atol=0.1)
    monkeypatch.setattr(ways, "encode", lambda coder, video: case.w + 1)
    moved = ways.METHODS[ways.REFILLED](lab, case) - exact
    assert float(moved[:, :3, 1, :, :2].mean()) > 0.7, "other latents are held to where the mask trusts them"


def test_targets_are_differences_of_the_means(ways):
    from benchmarks import solvers

    def figures(shift):
        names = ("seam PSNR", "seam PSNR past the VAE", "holes PSNR", "whole LPIPS", "holes LPIPS", "time")
        return {name: [20.0 + shift, 22.0 + shift] for name in names}

    found = {name: figures(0) for name in ways.METHODS} | {
        ways.EXACT: figures(0.5),
        ways.EXACT + ways.HELD: figures(-1),
        ways.PASTE_HALF: figures(1),
        ways.CG5: figures(1.5),
        ways.DPS: figures(63),
    }
    rows = {row.name: row for row in solvers.targets(found)}
    seam = rows["seam PSNR, exact or CG-5 above hard paste"]
    assert seam.value == pytest.approx(1.5) and seam.holds
    harder = rows["seam PSNR, exact or CG-5 above hard paste, half a cell"]
    assert harder.value == pytest.approx(0.5) and harder.holds is False
    assert rows["time, DPS over ours"].value == pytest.approx(84 / 21.5) and rows["time, DPS over ours"].holds
    assert rows["holes PSNR, ours above the bare model"].value == pytest.approx(0.5)
    assert rows["whole LPIPS, ours over the best baseline's"].holds is False
    assert rows["whole LPIPS, ours over the best baseline's, holes from other times"].value == pytest.approx(20 / 21)
    assert rows["whole LPIPS, ours over DPS's"].holds


def test_the_report_reads_rows_back_into_a_table_and_a_picture(ways, tmp_path, monkeypatch):
    from benchmarks import solver_report
    from benchmarks.solvers import table

    names = list(ways.LIMITS | ways.METHODS | ways.ABLATIONS)
    found = {way: {figure: [float(place)] for figure in solver_report.COLUMNS} for place, way in enumerate(names)}
    rows = [{"name": row.name, "value": row.value} for row in table(found)] + [{"name": "holes of the warp", "value": 8.0}]
    read = solver_report.by_way(rows)
    assert list(read) == names and read[ways.CG5]["seam PSNR"] == names.index(ways.CG5)
    settings = [setting for setting, _ in solver_report.points(read, "gamma", "kept PSNR")]
    assert settings == sorted(settings) and 8.0 in settings and len(settings) == 6
    lines = solver_report.wide(read)
    assert len(lines) == 2 + len(names) and len({line.count("|") for line in lines}) == 1
    monkeypatch.setattr(solver_report, "ROOT", tmp_path)
    monkeypatch.setattr(solver_report, "PICTURE", tmp_path / "sweeps.png")
    target = {"name": "ours over theirs", "value": 0.9, "unit": "x", "target": "<= 1", "holds": True}
    filled = [{"unit": "", "target": None, "holds": None} | row for row in rows]
    page = solver_report.illustrated({"seed": 0, "rows": [*filled, target]})
    assert "| ours over theirs | 0.9 x | <= 1 | yes |" in page and page[-1].endswith("(sweeps.png)")
    assert sum(line.startswith(f"| {ways.CG5} |") for line in page) == 1
    assert (tmp_path / "sweeps.png").stat().st_size > 10_000
