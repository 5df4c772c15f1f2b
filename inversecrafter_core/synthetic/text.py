"""A text encoder without weights: a fixed random vector a word, for the pack's small embedded model.

The small DiT was trained on captions of about forty words (:mod:`.caption`); a real text encoder would dwarf it. Each word of
the prompt becomes a 4096-wide token (Wan's text width) drawn from a generator seeded by the word itself, so any word has a
vector, but only the words of the vocabulary mean something to the model. Cross-attention does not see order, so each token
carries a faded, rotated trace of the two words before it: "red" of "red box" differs from "red" of "white and red". Prompts
are filled up with a null token to :data:`TOKENS`; the empty prompt is the null token alone, and as attention ignores copies
that is the same as all nulls.
"""

from __future__ import annotations

import functools
import hashlib
import re

import numpy as np
import torch

from .caption import VOCABULARY

WIDTH = 4096
TOKENS = 48
NULL = ""
_TRACE = (1.0, 0.7, 0.4)


def split_words(prompt: str) -> list[str]:
    """Lower-case words of letters and digits; punctuation separates and is dropped."""
    return re.findall(r"[^\W_]+", prompt.lower())


@functools.lru_cache(maxsize=4096)
def word_vector(word: str) -> torch.Tensor:
    """``[4096]`` float32 of unit variance, the same on every machine: PCG64 seeded with the word's SHA-256."""
    seed = int.from_bytes(hashlib.sha256(word.encode()).digest()[:8], "little")
    return torch.from_numpy(np.random.default_rng(seed).standard_normal(WIDTH, dtype=np.float32))


def encode_prompt(prompt: str) -> tuple[torch.Tensor, list[str]]:
    """Encode a prompt.

    Returns:
        tokens ``[1, L, 4096]`` float32 of about unit variance (``L`` = 1 for an empty prompt, otherwise the number of words,
        but at least :data:`TOKENS`), and the words outside the vocabulary, each once, in order.
    """
    words = split_words(prompt)
    null = word_vector(NULL)
    if not words:
        return null[None, None].clone(), []
    vectors = torch.stack([word_vector(word) for word in words])
    tokens = torch.zeros_like(vectors)
    for back, weight in enumerate(_TRACE):
        tokens[back:] += weight * vectors[: len(words) - back].roll(back * WIDTH // 4, dims=1)
    tokens = tokens / tokens.std(dim=1, keepdim=True)
    filling = null.expand(max(0, TOKENS - len(words)), WIDTH)
    unknown = list(dict.fromkeys(word for word in words if word not in VOCABULARY))
    return torch.cat([tokens, filling])[None], unknown
