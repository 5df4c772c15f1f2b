"""Long clips in passes: what each pass knows, and that joined passes are the clip, frame by frame."""

from __future__ import annotations

import pytest
import torch

from inversecrafter_core.errors import InputError
from inversecrafter_core.inverse import Measurement, join_pass, next_pass
from inversecrafter_core.latent_grid import GRIDS, WAN, LatentGrid

MINIMAX = next(grid for grid in GRIDS if grid.family == "MiniMax H3")


def measured(latent_frames: int, grid: LatentGrid = WAN, reference: int = 0) -> Measurement:
    """A measurement whose ``w`` counts latent frames from 0, of which half is known."""
    w = torch.arange(latent_frames, dtype=torch.float32).view(1, 1, -1, 1, 1).expand(1, grid.channels, -1, 2, 4).clone()
    size = (grid.frames(latent_frames), 2 * grid.cell, 4 * grid.cell)
    return Measurement(w, torch.full_like(w, 0.5), size, grid).with_frames_around(reference)


def numbers(latent: torch.Tensor) -> list[int]:
    return latent[0, 0, :, 0, 0].round().int().tolist()


def chained(measurement: Measurement, frames: int, overlap: int, sample=lambda part: part.w + 100) -> tuple[list, torch.Tensor]:
    """All passes over a clip, each sampled by ``sample``: their measurements, and the joined latents."""
    parts, previous = [], None
    total = measurement.w[:, :, measurement.clip].shape[2]
    while previous is None or previous.shape[2] < total:
        parts.append(next_pass(measurement, frames, overlap, previous))
        previous = join_pass(parts[-1], sample(parts[-1]), previous)
    return parts, previous


@pytest.mark.parametrize("grid", GRIDS, ids=lambda grid: grid.family)
@pytest.mark.parametrize("overlap", [1, 2])
def test_joined_passes_are_the_clip_on_every_grid(grid, overlap):
    measurement = measured(len(grid.lead) + 12 * len(grid.cycle), grid)
    frames = grid.frames(len(grid.lead) + 4 * len(grid.cycle))
    parts, joined = chained(measurement, frames, overlap, sample=lambda part: part.w)
    assert len(parts) > 2 and torch.equal(joined, measurement.w)
    for part in parts:
        assert part.video_size[0] == frames == grid.frames(part.w.shape[2])
        sizes = [len(group) for group in grid.groups(measurement.video_size[0])][part.start : part.start + part.w.shape[2]]
        assert sizes[1:] == [len(group) for group in grid.groups(frames)][1:], "each frame of a pass is as long as in the clip"


def test_the_next_pass_knows_the_end_of_the_one_before_and_the_rest_is_the_long_measurement():
    measurement = measured(9)
    first = next_pass(measurement, 17, 2)
    assert first.start == 0 and numbers(first.w) == [0, 1, 2, 3, 4] and bool((first.h == 0.5).all())
    second = next_pass(measurement, 17, 2, first.w + 100)
    assert second.start == 3
    assert numbers(second.w) == [103, 104, 5, 6, 7], "two latent frames as the first pass made them, three as measured"
    assert second.h[0, 0, :, 0, 0].tolist() == [1, 1, 0.5, 0.5, 0.5]


def test_the_last_pass_is_as_long_as_the_others_and_knows_more():
    parts, joined = chained(measured(9), 17, 2)
    assert [part.start for part in parts] == [0, 3, 4]
    assert numbers(parts[-1].w) == [104, 105, 106, 107, 8], "four are made already"
    assert numbers(joined) == [100, 101, 102, 103, 104, 105, 106, 107, 108], (
        "each frame as the pass made it that reached it first"
    )


def test_reference_frames_stand_before_every_pass_and_are_cut_when_joined():
    parts, joined = chained(measured(9, reference=1), 17, 2)
    assert all(part.reference_frames == 1 and part.w.shape[2] == 6 and not part.h[:, :, 0].any() for part in parts)
    assert numbers(joined) == list(range(100, 109))


def test_a_batch_of_clips_continues_each_with_its_own():
    measurement = measured(9)
    batch = torch.cat([measurement.w[:, :, :5] + 100, measurement.w[:, :, :5] + 200])
    part = next_pass(measurement, 17, 1, batch)
    assert part.w.shape[0] == 2 and part.w[:, 0, 0, 0, 0].tolist() == [104, 204]
    assert join_pass(part, part.w, batch).shape == (2, 16, 9, 2, 4)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"frames": 18}, "frames: 18 frames.*trim to 17 or extend to 21"),
        ({"frames": 33}, "frames: passes of 33 frames for a clip of 33. Sample the clip in one pass"),
        ({"overlap": 0}, "overlap: 0 of the 5 latent frames"),
        ({"overlap": 5}, "overlap: 5 of the 5 latent frames of a pass. Choose 1 to 4"),
        ({"previous": torch.zeros(1, 16, 9, 2, 4)}, "previous: 9 latent frames of a clip of 9. The clip is complete"),
        ({"previous": torch.zeros(1, 16, 5, 4, 4)}, "previous: latents of shape .*same clip"),
        ({"previous": torch.zeros(1, 16, 2, 2, 4)}, "previous: 2 latent frames, of which .* joined"),
    ],
)
def test_bad_passes_are_refused(options, says):
    with pytest.raises(InputError, match=says):
        next_pass(measured(9), **({"frames": 17, "overlap": 2} | options))


def test_an_overlap_that_leaves_no_whole_cycle_is_refused():
    grid, measurement = MINIMAX, measured(12, MINIMAX)
    first = measurement.w[:, :, :7]
    assert next_pass(measurement, grid.frames(7), 2, first).start == 5
    with pytest.raises(InputError, match=r"would add none.*smaller overlap"):
        next_pass(measurement, grid.frames(7), 3, first)


def test_latents_of_another_pass_are_refused():
    measurement = measured(9)
    first = next_pass(measurement, 17, 2)
    second = next_pass(measurement, 17, 2, first.w)
    with pytest.raises(InputError, match=r"latent: shape .* sampled with this measurement"):
        join_pass(first, measurement.w)
    with pytest.raises(InputError, match="previous: 0 latent frames before a pass over latent frames 3 to 7"):
        join_pass(second, second.w)
    with pytest.raises(InputError, match="to the first pass none"):
        join_pass(first, first.w, first.w[:, :, :2])
