"""Prompts for the embedded models: a fixed hashed embedding, without weights.

Every word, and every pair of neighbouring words, is one token: 4096 values drawn from a normal distribution whose seed is
the word's hash. Pairs are included because Wan's cross-attention is invariant to the order of text tokens: without them "red
box, blue sphere" and "blue box, red sphere" would be the same prompt. The width is that of umT5-XXL, so the tokens fit any
Wan, but only a model that was trained on them can use them.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
import torch

WIDTH = 4096
MAX_WORDS = 64
WORD = r"[a-z0-9]+"
_WORDS = (
    "a an and around backward blue box brown camera checkered cyan cylinder dotted down floor forward green grey "
    "ground in is left light marbled moves moving on orange outdoors panel photographic plain purple red right room "
    "sky sphere still striped the tiled under up walls white with yellow"
)
VOCABULARY = frozenset(_WORDS.split())
"""The words that the embedded video model was trained on."""


@dataclass(frozen=True)
class Prompt:
    """An encoded prompt.

    Attributes:
        tokens: ``[1, L, 4096]`` float32, unit variance; an empty prompt is one zero token.
        words: the embedded words, lower case, in order.
        dropped: number of words beyond the limit of 64, which are ignored.
    """

    tokens: torch.Tensor
    words: tuple[str, ...]
    dropped: int = 0

    def unknown(self, vocabulary: frozenset[str]) -> list[str]:
        """Return the words outside ``vocabulary``, each once, in order."""
        return list(dict.fromkeys(word for word in self.words if word not in vocabulary))


def words_of(text: str) -> list[str]:
    """Return the words of ``text``, lower case, in order."""
    return re.findall(WORD, text.lower())


def encode_prompt(text: str) -> Prompt:
    """Embed the words of ``text`` and their neighbouring pairs; case and punctuation are ignored."""
    found = words_of(text)
    words = tuple(found[:MAX_WORDS])
    if not words:
        return Prompt(torch.zeros(1, 1, WIDTH), ())
    names = [*words, *(f"{left} {right}" for left, right in pairwise(words))]
    tokens = torch.from_numpy(np.stack([_embedding(name) for name in names]))
    return Prompt(tokens[None], words, len(found) - len(words))


@lru_cache(maxsize=4096)
def _embedding(name: str) -> np.ndarray:
    """Return the embedding ``[4096]`` of a word or a pair, the same on every machine (a counter-based generator)."""
    seed = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], "little")
    return np.random.Generator(np.random.Philox(seed)).standard_normal(WIDTH).astype(np.float32)
