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
    import lab.data.scenes.jobs as scenes

    return SimpleNamespace(interpolation=interpolation, scenes=scenes, single_image=single_image)


@pytest.fixture(scope="module")
def clip(parts):
    return parts.scenes.views(7, 0.2, moving=False, frames=5)


def test_the_camera_goes_as_far_as_is_said(parts, clip):
    away = float(clip.camera_to_world[-1, :3, 3].norm())
    assert away == pytest.approx(0.2 * clip.at(slice(1)).geometry().pivot_depth, rel=0.01)
    assert torch.equal(clip.times, torch.zeros(5)), "one moment"
    assert parts.scenes.views(7, 0.1, moving=True, frames=5).times[-1] == 1.0


def test_the_exact_geometry_warps_the_photo_onto_the_other_views(parts, clip):
    from inversecrafter_core.evaluation import masked_psnr

    filled, seen = parts.single_image.warped(clip, clip.at([0]).geometry())
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


def test_the_conditionings_give_the_first_frame_or_every_token_that_is_wholly_known(pack):
    from lab.benchmarks.jobs.conditioning import FIRST, INFILLED, contexts
    from lab.benchmarks.warp.robustness import evidence
    from lab.data.scenes.damage import NONE
    from lab.data.scenes.new_views import NewView
    from lab.data.unseen import scene_seeds
    from lab.models.guided import Setup

    setup, view = Setup.of(2), NewView.of(scene_seeds(7, 8)[0], (9, 128, 192))
    case = evidence(view, NONE, setup.wan)
    given = contexts(view, case, setup)
    start, known = given[FIRST][0], given[INFILLED][0]
    assert bool(start[:, :, 0].all()) and not bool(start[:, :, 1:].any())
    assert bool((known >= start).all()) and 0 < float(known[:, :, 1:].float().mean()) < 1
    holes = case.warp.visible[1:5] == 0
    cells = known[0, 0, 1].repeat_interleave(8, 0).repeat_interleave(8, 1)
    assert not bool(holes.amax(0)[cells].any()), "no hole in a known token"


SCENES = (1.0, 1.1, 0.9)
"""How hard each of three scenes is: they differ much more than two methods do."""


def samples(levels):
    """Samples of ``{key: {figure: level}}`` on three scenes."""
    from lab.benchmarks.samples import Samples

    found = Samples()
    for hard in SCENES:
        found.add({key: {name: level * hard for name, level in figures.items()} for key, figures in levels.items()})
    return found


def verdicts(rows):
    return {row.name: row.holds for row in rows if row.target}


def test_interpolation_is_judged_scene_by_scene_with_an_interval(parts):
    from lab.benchmarks.samples import Key

    task = parts.interpolation
    levels = {task.FADE: (0.3, 20), task.FLOW: (0.2, 24), task.OURS[0]: (0.1, 28), task.OURS[1]: (0.25, 23)}
    found = samples({Key(name, "still"): {"LPIPS": lpips, "PSNR": psnr} for name, (lpips, psnr) in levels.items()})
    ours = f"still: LPIPS, {task.OURS[1]} over"
    held = verdicts(task.table(found))
    assert held[f"{ours} cross-fade"] is True and held[f"{ours} DIS flow"] is False
    found[Key(task.OURS[1], "still")]["LPIPS"] = [0.1, 0.3, 0.2]
    rows = task.table(found)
    assert verdicts(rows)[f"{ours} DIS flow"] is None, "open where the interval holds both"
    assert all(row.low is not None and row.low <= row.value <= row.high for row in rows)


def test_a_single_image_is_judged_scene_by_scene_with_an_interval(parts):
    from lab.benchmarks.samples import Key

    single, levels = parts.single_image, {}
    for kind in single.DEPTHS:
        levels[Key(single.TELEA, kind)] = {"holes PSNR": 20, "LPIPS": 0.2, "Chamfer, new": 0.2}
        levels[Key(single.COMPOSITE, kind)] = {"holes PSNR": 22, "LPIPS": 0.1, "Chamfer, new": 0.1}
    held = verdicts(single.table(samples(levels)))
    assert len(held) == 6 and all(held.values())


def test_text_edits_are_judged_against_the_shipped_one(pack):
    import lab.benchmarks.jobs.editing as editing
    from lab.benchmarks.samples import Key

    levels = {Key(name): {"hits, %": 90, editing.OUTSIDE: 40, LPIPS: 1 + 0.2 * n} for n, name in enumerate(editing.TEXT_EDITS)}
    inside = {f"{editing.INSIDE}, PSNR": 20, editing.OUTSIDE: 40}
    levels |= {Key(editing.PROPAGATED): inside, Key(editing.FADE): {f"{editing.INSIDE}, PSNR": 10}}
    found = samples(levels)
    held = {name: holds for name, holds in verdicts(editing.table(found)).items() if name.startswith("LPIPS")}
    assert len(held) == len(editing.TEXT_EDITS) - 1 and all(held.values())
    found[Key(editing.SHIPPED)][LPIPS] = [9.0, 9.9, 8.1]
    assert not any(holds for name, holds in verdicts(editing.table(found)).items() if name.startswith("LPIPS"))


LPIPS = "LPIPS to the rendered edit"


def test_false_change_and_drift_of_long_clips_are_those_put_in(pack):
    from lab.benchmarks.jobs.long_clips import drift, false_change

    truth, seen = torch.rand(65, 8, 12, 3, generator=torch.Generator().manual_seed(0)), torch.ones(65, 8, 12)
    jump = truth.clone()
    jump[17:] += 10 / 255
    assert false_change(truth, truth, seen).tolist() == [0.0] * 64
    assert (false_change(jump, truth, seen) > 0.01).nonzero().flatten().tolist() == [16], "a seam between frames 16 and 17"
    assert drift(truth, truth, seen) == 0 and drift(jump, truth, seen) == pytest.approx(10, abs=0.01)
