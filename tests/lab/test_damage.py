"""Depth errors are what they are asked to be."""

from __future__ import annotations

import pytest
import torch

from lab.data.scenes.damage import CONSTANT, Damage, outlines, smooth_noise

SHAPE = (9, 64, 96)


def block():
    depth = torch.full(SHAPE, 4.0)
    depth[:, 20:44, 30:60] = 2.0
    return depth


def test_noise_has_the_asked_deviation_is_smooth_and_partly_the_same_in_all_frames():
    noise = smooth_noise(SHAPE, 3)
    assert float(noise.std()) == pytest.approx(1, abs=0.15)
    assert (noise[:, :, 1:] - noise[:, :, :-1]).std() < 0.25
    pairs = torch.corrcoef(noise.flatten(1))
    assert float(pairs[~torch.eye(len(noise), dtype=torch.bool)].mean()) == pytest.approx(CONSTANT, abs=0.15)
    assert float((Damage(noise=0.1)(block(), 3) / block()).log().std()) == pytest.approx(0.1, abs=0.02)


def test_one_seed_is_one_damage():
    assert torch.equal(Damage(noise=0.1)(block(), 3), Damage(noise=0.1)(block(), 3))
    assert not torch.equal(Damage(noise=0.1)(block(), 3), Damage(noise=0.1)(block(), 4))


def test_no_damage_and_wrong_scale():
    assert torch.equal(Damage()(block(), 0), block())
    assert torch.allclose(Damage(scale=1.25)(block(), 0), 1.25 * block())


def test_bleeding_makes_slopes_of_outlines_and_touches_nothing_else():
    bled = Damage(bleed=2.0)(block(), 0)
    assert outlines(block()).any() and outlines(bled).mean() > outlines(block()).mean()
    changed = (bled - block()).abs() > 1e-3
    assert not changed[:, :8].any() and not changed[:, 30:34, 44:46].any()
    assert changed[:, 30, 28:32].all() and bled.min() >= 2 - 1e-4 and bled.max() <= 4 + 1e-4
