"""The mask benchmark with stand-ins for VAE and video model: its figures follow from the masks."""

from __future__ import annotations

import json

import pytest
import torch

from inversecrafter_core.latent_grid import WAN
from inversecrafter_core.masks import area

FRAMES, HEIGHT, WIDTH = 9, 32, 48


@pytest.fixture(scope="module")
def masks(pack):
    from lab.benchmarks.masks import compare

    return compare


class ToyCoder:
    """Each latent cell is the mean colour of its block over its group of frames: three channels, no reach."""

    grid = WAN

    def encode(self, clip: torch.Tensor) -> torch.Tensor:
        return torch.cat([area(colour) for colour in clip.unbind(-1)], 1) * 2 - 1

    def decode(self, latents: torch.Tensor) -> torch.Tensor:
        frames = torch.cat([latents[:, :, :1], latents[:, :, 1:].repeat_interleave(4, 2)], 2)
        return (frames.repeat_interleave(8, 3).repeat_interleave(8, 4) / 2 + 0.5)[0].movedim(0, -1)

    def normalise(self, latents: torch.Tensor) -> torch.Tensor:
        return latents


def toy_model(x: torch.Tensor, times: torch.Tensor, tokens: torch.Tensor) -> torch.Tensor:
    """Predict 0 everywhere: ``v = x / sigma``."""
    return x / (times[:, -1] / 1000).view(-1, 1, 1, 1, 1)


def setup(strengths, steps=8):
    from lab.models.guided import Setup, SmallWan

    return Setup.of(steps, strengths, SmallWan(toy_model, ToyCoder()))


def toy_case(seed):
    """Coloured blocks that stand still; the right half is hidden from frame 1 on."""
    from lab.data.scenes.new_views import Warp
    from lab.models.guided import Case

    blocks = torch.rand(1, HEIGHT // 8, WIDTH // 8, 3, generator=torch.Generator().manual_seed(seed))
    truth = blocks.repeat_interleave(8, 1).repeat_interleave(8, 2).expand(FRAMES, -1, -1, -1).contiguous()
    visible = torch.ones(FRAMES, HEIGHT, WIDTH)
    visible[1:, :, WIDTH // 2 + 4 :] = 0
    return Case.of(ToyCoder(), truth, Warp.of(truth, visible), "a room", seed)


@pytest.fixture(scope="module")
def found(masks):
    from lab.benchmarks.samples import Samples

    samples = Samples()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("lab.models.guided.lpips", lambda: None)
        for seed in (0, 1, 2):
            samples.add(masks.judged(setup(masks.STRENGTHS), toy_case(seed), None))
    return samples


def test_a_mask_that_trusts_the_known_part_alone_is_at_no_distance_but_in_holes(masks, found):
    assert max(found[masks.Key("h_gt")]["L1 to h_gt"]) == 0 and min(found[masks.Key("binary")]["L1 to h_gt"]) > 0.01
    binary = found[masks.Key("binary", strength=0.0)]
    assert min(binary["error in holes"]) > min(binary["error"])


def test_a_stronger_prior_leaves_less_error_under_every_mask(masks, found):
    for mask in {key.method for key in found}:
        errors = [sum(found[masks.Key(mask, strength=strength)]["error"]) for strength in masks.STRENGTHS]
        assert errors == sorted(errors, reverse=True), mask


def test_the_encodings_of_a_mask_are_counted(masks, found):
    counts = {key.method: found[key]["encodings"] for key in found if key.strength is None}
    assert counts["area"] == [0, 0, 0] and counts["temporal_infill"] == [1, 1, 1] and "learned" not in counts


def test_one_batch_gives_the_latents_of_single_runs(masks):
    case = toy_case(3)
    both = list(masks.masks_of(setup((0.0,)), case, None)[0].values())[:2]
    whole = masks.guided(setup((0.0, 0.5), 5), case, both)
    for strength, mask in ((0, 1), (1, 0)):
        alone = masks.guided(setup(((0.0, 0.5)[strength],), 5), case, [both[mask]])
        assert torch.allclose(whole[strength, mask], alone[0, 0], atol=1e-5)


def test_verdicts_and_the_page_follow_from_the_figures(masks, found, tmp_path, monkeypatch):
    from lab.benchmarks.report import write

    monkeypatch.setattr(masks, "PICTURE", tmp_path / "masks.png")
    rows = masks.table(found)
    (compared,) = [row for row in rows if row.figure == masks.SWEEP and row.against == "binary"]
    assert compared.target == "<= 1" and compared.method == "area"
    lines = masks.page(json.loads(write(0, rows)))
    (area,) = [line for line in lines if line.startswith("| area | 0.000 ")]
    assert area.count("|") == lines[lines.index("<summary>every mask</summary>") + 2].count("|")
    assert (tmp_path / "masks.png").stat().st_size > 10_000
