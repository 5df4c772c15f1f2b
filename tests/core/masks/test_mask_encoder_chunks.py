"""The mask encoder's groups, on stand-ins with the two contracts of the host's ``Encoder3d``: older, and with ``final``."""

from __future__ import annotations

import pytest
import torch

from inversecrafter_core.masks import causal_chunks


class Older(torch.nn.Module):
    """Answers each group with its last frame; frames of one cache entry are those before the group."""

    def __init__(self):
        super().__init__()
        self.conv = torch.nn.Conv3d(1, 1, 1)
        self.sizes: list[int] = []

    def forward(self, x, feat_cache, feat_idx):
        self.sizes.append(x.shape[2])
        feat_cache[feat_idx[0]] = x
        return x[:, :, -1:]


class Newer(Older):
    """Keeps a lone frame back until the next group or the end, in an entry of its own, as temporal halvings do."""

    def forward(self, x, feat_cache, feat_idx, final=False):
        first, held = feat_cache[0] is None, feat_cache[1]
        answer = super().forward(x, feat_cache, feat_idx)
        if first or final or held is not None:
            feat_cache[1] = None
            return answer if held is None else torch.cat([held, answer], 2)
        feat_cache[1] = answer
        return None


def clip(frames):
    return torch.arange(frames, dtype=torch.float32).reshape(1, 1, frames, 1, 1)


@pytest.mark.parametrize("encoder", [Older, Newer])
@pytest.mark.parametrize("frames", [1, 5, 9, 13])
def test_every_group_answers_once_and_in_order(encoder, frames):
    steps = []
    out = causal_chunks(encoder(), clip(frames), lambda *step: steps.append(step))
    assert out.flatten().tolist() == list(range(0, frames, 4))
    assert steps == [(k, out.shape[2]) for k in range(1, out.shape[2] + 1)]


def test_a_host_that_keeps_a_groups_own_frames_gets_two_at_least():
    older, newer = Older(), Newer()
    causal_chunks(older, clip(5), group=1)
    causal_chunks(newer, clip(5), group=1)
    assert older.sizes == [1, 1, 1, 1, 1]
    assert newer.sizes == [1, 2, 2]
