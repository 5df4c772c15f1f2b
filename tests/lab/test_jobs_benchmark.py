"""What the jobs' benchmarks measure with: the scenes, the baselines and the 3D check say what they claim."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch


@pytest.fixture(scope="module")
def parts(pack):
    """The benchmarks, which bring up the host themselves where the pack has not."""
    import lab.benchmarks.jobs.interpolation as interpolation
    import lab.benchmarks.jobs.single_image as single_image
    import lab.data.job_scenes as scenes

    return SimpleNamespace(interpolation=interpolation, scenes=scenes, single_image=single_image)


@pytest.fixture(scope="module")
def clip(parts):
    return parts.scenes.views(7, 0.2, moving=False, frames=5).clip


def test_the_camera_goes_as_far_as_is_said(parts, clip):
    from lab.data.contexts import geometry_of

    away = float(clip.camera_to_world[-1, :3, 3].norm())
    assert away == pytest.approx(0.2 * geometry_of(clip.at(slice(1))).pivot_depth, rel=0.01)
    assert torch.equal(clip.times, torch.zeros(5)), "one moment"
    assert parts.scenes.views(7, 0.1, moving=True, frames=5).clip.times[-1] == 1.0


def test_the_exact_geometry_warps_the_photo_onto_the_other_views(parts, clip):
    from inversecrafter_core.evaluation import masked_psnr

    filled, seen = parts.single_image.warped(clip, parts.scenes.exact(clip, [0]))
    assert torch.equal(filled[0], clip.colour[0]) and 0.5 < float(seen[1:].mean()) < 1
    assert masked_psnr(filled, clip.colour, seen) > 28 > masked_psnr(clip.colour[:1].expand_as(filled), clip.colour)


def test_flow_is_a_fairer_baseline_than_a_cross_fade_where_things_only_shift(parts):
    wide = torch.nn.functional.interpolate(
        torch.rand(1, 3, 12, 30, generator=torch.Generator().manual_seed(1)), (96, 240), mode="bicubic"
    )
    wide = wide[0].movedim(0, -1).clamp(0, 1)
    start, middle, end = wide[:, :200], wide[:, 3:203], wide[:, 6:206]
    errors = [
        (way(start, end, 3)[1] - middle)[8:-8, 8:-8].abs().mean()
        for way in (parts.interpolation.along_dis, parts.interpolation.cross_fade)
    ]
    assert errors[0] < errors[1] / 3


def test_the_3d_check_is_zero_for_the_true_depth_and_grows_with_its_error(parts, clip):
    seen = torch.ones(clip.depth.shape)
    seen[:, :, 150:] = 0

    def estimator(wrong):
        bent = clip.depth[4] * (1 + wrong * torch.linspace(0, 1, clip.depth.shape[2]))
        return SimpleNamespace(depth=lambda pictures: SimpleNamespace(values=2.5 * bent[None]))

    true, off, worse = (parts.single_image.chamfer(clip.colour, clip, seen, 4, estimator(wrong)) for wrong in (0.0, 0.1, 0.4))
    assert true["all"] < 1e-3 and true["new"] < 1e-3, "a factor of the whole map does not count"
    assert 1e-3 < off["all"] < worse["all"] and off["new"] < worse["new"]


def test_every_part_of_the_jobs_benchmark_has_its_rows(pack):
    import importlib

    from lab.benchmarks.jobs.every import SCENES

    for part in SCENES:
        assert callable(importlib.import_module(f"lab.benchmarks.jobs.{part}").rows), part


def test_the_conditionings_give_the_first_frame_or_every_token_that_is_wholly_known(pack):
    from lab.benchmarks.jobs.conditioning import FIRST, GREY, INFILLED, contexts
    from lab.benchmarks.solvers.methods import Lab
    from lab.benchmarks.warp.robustness_cases import Evidence, unseen
    from lab.data.damage import NONE
    from lab.models.shipped import load_dit, load_vae

    lab = Lab.of(load_dit(), load_vae(), 2)
    evidence = Evidence.of(unseen(7, 1)[0], NONE, lab.coder)
    given = contexts(evidence, lab)
    first, known = given[FIRST][0], given[INFILLED][0]
    assert bool(first[:, :, 0].all()) and not bool(first[:, :, 1:].any())
    assert bool((known >= first).all()) and 0 < float(known[:, :, 1:].float().mean()) < 1
    holes = evidence.visible[1:5] == 0
    assert not bool(holes.amax(0)[known[0, 0, 1].repeat_interleave(8, 0).repeat_interleave(8, 1)].any()), (
        "no hole in a known token"
    )
    apart = (given[INFILLED][1] - given[GREY][1]).abs()
    assert float(apart[:, :, 0].max()) < 1e-3 < float(apart[:, :, 1:].max()), "only holes differ"


SCENES = (1.0, 1.1, 0.9)
"""How hard each of three scenes is: they differ much more than two methods do."""


def figures(lpips, psnr):
    return {"LPIPS": [lpips * hard for hard in SCENES], "PSNR": [psnr / hard for hard in SCENES]}


def verdicts(rows):
    return {row.name: row.holds for row in rows if row.target}


def test_interpolation_is_judged_scene_by_scene_with_an_interval(parts, monkeypatch):
    ways = {
        parts.interpolation.FADE: figures(0.3, 20),
        parts.interpolation.FLOW: figures(0.2, 24),
        "guided, exact depth": figures(0.1, 28),
        "guided, estimated depth, composite": figures(0.25, 23),
    }
    for name in ("Studio", "load_lpips", "scene_seeds"):
        monkeypatch.setattr(
            parts.interpolation, name, SimpleNamespace(load=lambda: None) if name == "Studio" else lambda *_: None
        )
    monkeypatch.setattr(parts.interpolation, "measured", lambda *_: {"still": ways})
    rows = parts.interpolation.rows(0, 3)
    ours = "still: LPIPS, guided, estimated depth, composite over"
    assert verdicts(rows)[f"{ours} cross-fade"] is True and verdicts(rows)[f"{ours} DIS flow"] is False
    ways["guided, estimated depth, composite"]["LPIPS"] = [0.1, 0.3, 0.2]
    assert verdicts(parts.interpolation.rows(0, 3))[f"{ours} DIS flow"] is None, "open where the interval holds both"
    assert all(row.low is not None and row.low <= row.value <= row.high for row in rows)


def test_a_single_image_is_judged_scene_by_scene_with_an_interval(parts, monkeypatch):
    single = parts.single_image

    def judged(lpips, psnr):
        found = figures(lpips, psnr)
        return {"holes PSNR": found["PSNR"], "LPIPS": found["LPIPS"], "Chamfer, new": found["LPIPS"]}

    found = {}
    for kind in ("exact depth", "estimated depth"):
        found |= {f"{kind}, {single.TELEA}": judged(0.2, 20), f"{kind}, {single.COMPOSITE}": judged(0.1, 22)}
    for name in ("Studio", "load_lpips", "scene_seeds"):
        monkeypatch.setattr(single, name, SimpleNamespace(load=lambda: None) if name == "Studio" else lambda *_: None)
    monkeypatch.setattr(single, "measured", lambda *_: (found, [0.1, 0.2, 0.3]))
    rows = single.rows(0, 3)
    assert len(verdicts(rows)) == 6 and all(verdicts(rows).values())
    assert rows[0].value == pytest.approx(20) and rows[0].unit == "%"


def test_text_edits_are_judged_against_the_shipped_way(pack):
    import lab.benchmarks.jobs.editing as editing

    found = editing.Found(list)
    for number, name in enumerate(editing.TEXT_EDITS):
        worse = 1 + 0.2 * number
        for figure in ("hits", "past the VAE", "shift", *editing.JUDGED, "lpips"):
            found[f"{name}, {figure}"] = [worse * hard for hard in SCENES]
    held = {name: holds for name, holds in verdicts(editing.asked_rows(found)).items() if name.startswith("LPIPS")}
    assert len(held) == len(editing.TEXT_EDITS) - 1 and all(held.values())
    found[f"{editing.SHIPPED}, lpips"] = [9.0, 9.9, 8.1]
    assert verdicts(editing.asked_rows(found))[f"LPIPS to the rendered edit, {editing.SHIPPED} over {editing.PAPER}"] is False
