"""The mask benchmark with stand-ins for VAE and video model: its figures say what happened."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import torch

FRAMES, HEIGHT, WIDTH = 9, 32, 48


@pytest.fixture(scope="module")
def tools(pack):
    from lab.benchmarks.masks import cases as masks_cases
    from lab.benchmarks.masks import compare as masks
    from lab.benchmarks.masks import report as masks_report
    from lab.benchmarks.masks import sweep as masks_sweep

    return SimpleNamespace(masks=masks, cases=masks_cases, report=masks_report, sweep=masks_sweep)


class ToySpace:
    """Each latent cell is the mean colour of its block over its group of frames: three channels, no reach."""

    spatial = 8

    def encode(self, clips: torch.Tensor) -> torch.Tensor:
        from inversecrafter_core.masks import by_group

        blocks = torch.nn.functional.avg_pool3d(clips.movedim(-1, 1), (1, 8, 8))
        return torch.stack([by_group(clip.movedim(1, 0)).mean(1).movedim(0, 1) for clip in blocks]) * 2 - 1

    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        frames = torch.cat([latents[:, :, :1], latents[:, :, 1:].repeat_interleave(4, 2)], 2)
        return (frames.repeat_interleave(8, 3).repeat_interleave(8, 4) / 2 + 0.5).movedim(1, -1)


def toy_model(x: torch.Tensor, times: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
    """A model that predicts 0 everywhere: ``v = x / sigma``."""
    return x / (times[:, -1] / 1000).view(-1, 1, 1, 1, 1)


def toy_case(tools, seed):
    """Coloured blocks that stand still; the right half is hidden from frame 1 on."""
    blocks = torch.rand(1, HEIGHT // 8, WIDTH // 8, 3, generator=torch.Generator().manual_seed(seed))
    truth = blocks.repeat_interleave(8, 1).repeat_interleave(8, 2).expand(FRAMES, -1, -1, -1).contiguous()
    visible = torch.ones(FRAMES, HEIGHT, WIDTH)
    visible[1:, :, WIDTH // 2 + 4 :] = 0
    return tools.cases.Case(truth, visible, tools.cases.telea(truth, visible), truth, "a room")


@pytest.fixture(scope="module")
def found(tools):
    cases = [toy_case(tools, seed) for seed in (0, 1, 2)]
    return tools.masks.measure(cases, ToySpace(), None, toy_model, None, True)


def test_a_mask_that_trusts_what_is_known_alone_is_at_no_distance_but_in_holes(tools, found):
    assert max(found["h_gt", "L1 to h_gt"]) == 0 and min(found["binary", "L1 to h_gt"]) > 0.01
    assert min(found["binary", "error in holes, prior 0"]) > min(found["binary", "error, prior 0"])


def test_a_stronger_prior_leaves_less_error_under_every_mask(found):
    for mask in {name for name, _ in found}:
        errors = [sum(found[mask, f"error, prior {strength:g}"]) for strength in (0.0, 0.3, 0.5, 0.7, 0.9)]
        assert errors == sorted(errors, reverse=True), mask


def test_what_a_mask_costs_is_counted(found):
    assert found["area", "encodings"] == [0, 0, 0] and found["temporal_infill", "encodings"] == [1, 1, 1]
    assert min(found["temporal_infill", "CPU"]) > max(found["area", "CPU"]), "optical flow"


def test_one_batch_gives_what_runs_one_by_one_give(tools):
    case, space = toy_case(tools, 3), ToySpace()
    made = tools.masks.made_of(case, space, None)
    noise = torch.randn(made.w.shape, generator=torch.Generator().manual_seed(0))
    evidence, h = tools.sweep.Evidence(made.truth, made.w, case.prompt), list(made.masks.values())[:2]
    whole = tools.sweep.guided(toy_model, evidence, h, (0.0, 0.5), noise, steps=5)
    for strength, mask in ((0, 1), (1, 0)):
        alone = tools.sweep.guided(toy_model, evidence, [h[mask]], ((0.0, 0.5)[strength],), noise, steps=5)
        assert torch.allclose(whole[strength, mask], alone[0, 0], atol=1e-5)


def test_verdicts_and_turns_follow_from_the_figures(tools, found):
    rows = {row.name: row for row in tools.masks.verdicts(found)}
    compared = rows["error over the sweep, area over binary"]
    assert compared.target == "<= 1" and compared.holds in (True, False, None)
    assert tools.masks.crossing((0.3, 0.5), (-1.0, 1.0)) == pytest.approx(0.4)
    for row in tools.masks.turns(found):
        assert 0 <= row.value <= 0.9


def test_the_report_reads_what_the_benchmark_writes(tools, found, tmp_path):
    from dataclasses import asdict

    from lab.benchmarks.intervals import mean_row

    rows = [asdict(mean_row(f"{name}: {figure}", values)) for (name, figure), values in found.items()]
    table = tools.report.by_mask(rows)
    assert table["area"]["L1 to h_gt"][0] == pytest.approx(sum(found["area", "L1 to h_gt"]) / 3)
    assert any(line.startswith("| area | 0 | ") for line in tools.report.wide(table))
    tools.report.draw(table, "toys", tmp_path / "masks.png")
    assert (tmp_path / "masks.png").stat().st_size > 10_000
