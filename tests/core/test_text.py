"""The hashed prompt encoder."""

import re
from pathlib import Path

import pytest
import torch

from inversecrafter_core.prompt import VOCABULARY, WIDTH, encode_prompt


def test_an_empty_prompt_is_one_zero_token() -> None:
    for text in ("", "  \n", "...!"):
        prompt = encode_prompt(text)
        assert prompt.tokens.shape == (1, 1, WIDTH)
        assert not prompt.tokens.any()
        assert prompt.words == ()


def test_words_and_neighbouring_pairs_are_tokens() -> None:
    prompt = encode_prompt("A red box.")
    assert prompt.words == ("a", "red", "box")
    assert prompt.tokens.shape == (1, 5, WIDTH)
    assert prompt.tokens.dtype == torch.float32
    assert prompt.tokens.std() == pytest.approx(1.0, abs=0.02)


def test_case_and_punctuation_do_not_matter() -> None:
    assert torch.equal(encode_prompt("Red, BOX").tokens, encode_prompt("red box").tokens)


def test_which_colour_belongs_to_which_shape_is_heard() -> None:
    def heard(text: str) -> set[tuple[float, ...]]:
        return {tuple(token[:4].tolist()) for token in encode_prompt(text).tokens[0]}

    assert heard("red box blue sphere") != heard("blue box red sphere")


def test_the_embedding_never_changes() -> None:
    """The shipped model was trained on these very numbers."""
    assert encode_prompt("box").tokens[0, 0, :3].tolist() == pytest.approx(FIRST_OF_BOX, abs=1e-6)


def test_unknown_words_are_listed_once_and_long_prompts_are_cut() -> None:
    assert encode_prompt("red dragon, dragon!").unknown(frozenset({"red"})) == ["dragon"]
    long = encode_prompt("box " * 70)
    assert len(long.words) == 64
    assert long.dropped == 6


FIRST_OF_BOX = [-1.0029377, 0.7097833, 0.4476084]


def test_every_prompt_of_the_node_s_page_is_in_the_models_language() -> None:
    page = Path(__file__).parents[2] / "web" / "docs" / "InverseCrafterTextEncode.md"
    text = " ".join(page.read_text(encoding="utf-8").split())
    prompts = [found for found in re.findall(r"\*([^*]+)\*", text) if found.startswith("a plain")]
    assert prompts
    for prompt in prompts:
        assert encode_prompt(prompt).unknown(VOCABULARY) == []


def test_every_word_of_the_vocabulary_is_read_as_one_word() -> None:
    for word in VOCABULARY:
        assert encode_prompt(word).words == (word,)
