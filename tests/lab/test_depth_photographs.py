"""Photographs of the depth's training: a label is what the teacher says of both a view and its mirror image."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import torch

from inversecrafter_core.depth import RawDepth
from lab.training.depth import photographs


class Teacher:
    """Say that everything is 2 m away, and ``lean`` times as far at the right end of the frame as it was given."""

    def __init__(self, lean: float) -> None:
        self.lean = lean

    def estimate(self, frames):
        slope = torch.linspace(0, 1, frames.shape[2]).expand(frames.shape[:3])
        return RawDepth(2 * self.lean**slope, "metric_depth")


def test_a_view_on_which_the_teacher_leans_to_one_side_is_left_out():
    picture = np.zeros((40, 60, 3), np.uint8)
    assert photographs.agreed_depth(Teacher(2.0), picture) is None
    agreed = photographs.agreed_depth(Teacher(1.1), picture)
    torch.testing.assert_close(agreed, torch.full((40, 60), 2 * 1.1**0.5))


def test_a_package_that_cannot_be_fetched_is_named_and_left_out(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(photographs, "ASSETS", tmp_path)
    monkeypatch.setattr(photographs, "fetch_members", lambda *_: "no route to the registry")
    list(photographs.training_photographs())
    said = capsys.readouterr().out
    assert "@tabler/preview" in said and "no route to the registry" in said


def test_every_listed_photograph_has_a_name_of_its_own_in_its_package():
    entries = tomllib.loads(Path(photographs.__file__).with_suffix(".toml").read_text())["package"]
    for entry in entries:
        names = [Path(name).name for name in entry["photographs"]]
        assert len(set(names)) == len(names) and len(entry["sha256"]) == 64
    folders = {entry["name"].rpartition("@")[0] for entry in entries}
    assert len(folders) == len(entries), "each package unpacks into a folder of its own"
