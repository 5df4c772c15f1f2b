"""The mask benchmark on a toy VAE: what its figures say is what happened."""

from __future__ import annotations

import pytest
import torch

FRAMES, HEIGHT, WIDTH = 5, 96, 112


@pytest.fixture(scope="module")
def tools(pack):
    from benchmarks import masks, masks_cases, masks_coders, masks_report

    return masks, masks_cases, masks_coders, masks_report


def toy_coder(tools):
    """Each latent cell is the mean colour of its block over its group of frames: three channels, no reach."""
    from inversecrafter_core.masks import by_group

    def to_latents(clips):
        blocks = torch.nn.functional.avg_pool3d(clips.movedim(-1, 1), (1, 8, 8))
        return torch.stack([by_group(clip.movedim(1, 0)).mean(1).movedim(0, 1) for clip in blocks]) * 2 - 1

    def to_clips(latents):
        frames = torch.cat([latents[:, :, :1], latents[:, :, 1:].repeat_interleave(4, 2)], 2)
        return (frames.repeat_interleave(8, 3).repeat_interleave(8, 4) / 2 + 0.5).movedim(1, -1)

    return tools[2].Coder("toy", to_latents, to_clips, 8)


def toy_case(tools, seed):
    """A picture of coloured blocks that stands still; the right half is hidden from frame 1 on."""
    blocks = torch.rand(1, HEIGHT // 8, WIDTH // 8, 3, generator=torch.Generator().manual_seed(seed))
    truth = blocks.repeat_interleave(8, 1).repeat_interleave(8, 2).expand(FRAMES, -1, -1, -1).contiguous()
    visible = torch.ones(FRAMES, HEIGHT, WIDTH)
    visible[1:, :, WIDTH // 2 + 4 :] = 0
    visible[3:, 4:20, :20] = 0
    return tools[1].Case(truth, visible, tools[1].telea(truth, visible), truth)


@pytest.fixture(scope="module")
def figures(tools):
    cases = [toy_case(tools, seed) for seed in (0, 1)]
    rows = tools[0].compare("toys", cases, toy_coder(tools), lambda visible, warp: None)
    return {row.name.removeprefix("toys, "): row.value for row in rows}


@pytest.fixture(scope="module", autouse=True)
def learned_is_area(tools):
    """A toy has no mask encoder."""
    masks = tools[0]
    usual = masks.latent_mask
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(masks, "latent_mask", lambda name, given: usual("area" if name == "learned" else name, given))
        yield


def test_the_mask_that_is_wanted_is_at_no_distance_from_itself(figures):
    assert figures["h_gt: L1"] == 0 and figures["h_gt: SSIM"] == pytest.approx(1)
    assert figures["binary: L1"] > 0.01


def test_trusting_everything_keeps_most_and_shows_least_of_the_other_clip(figures):
    kept, other = (
        {name: value for name, value in figures.items() if name.endswith(f": {end} PSNR")} for end in ("kept", "other")
    )
    assert max(kept, key=kept.__getitem__) == "everything: kept PSNR"
    assert min(other, key=other.__getitem__) == "everything: other PSNR"
    assert figures["area: balanced PSNR"] > figures["everything: balanced PSNR"]


def test_a_power_of_area_keeps_what_it_keeps(figures):
    assert figures["learned: kept PSNR at equal doubt"] == pytest.approx(0, abs=1e-6), "here it is area itself"


def test_a_hole_is_a_hole_however_well_it_is_infilled(figures):
    assert figures["three_infills: L1"] > 0.05, "times the area: a hole is a hole"


def test_targets_follow_from_the_figures(tools, figures):
    rows = [tools[0].Row(f"toys, {name}", value, "") for name, value in figures.items()]
    found = {row.name: row for row in tools[0].targets("toys", rows)}
    gain = found["toys: kept PSNR, area over binary"]
    assert gain.value == pytest.approx(figures["area: kept PSNR"] - figures["binary: kept PSNR"]) and gain.holds == (
        gain.value >= 0
    )
    assert found["toys: balanced PSNR, area over binary"].target is None


def test_the_report_reads_what_the_benchmark_writes(tools, figures, tmp_path):
    rows = [{"name": f"new views, {name}", "value": value} for name, value in figures.items()]
    table = tools[3].by_mask(rows, "new views")
    assert table["area"]["L1"] == figures["area: L1"]
    lines = tools[3].wide(table)
    assert any(line.startswith("| three_infills | ") for line in lines)
    tools[3].draw({"new views": table}, "toys", tmp_path / "masks.png")
    assert (tmp_path / "masks.png").stat().st_size > 10_000
