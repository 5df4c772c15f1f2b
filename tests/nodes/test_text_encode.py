"""Text Encode: hashed words for the embedded models, the CLIP's own encoding when one is connected."""

import logging

import torch

ID = "InverseCrafterTextEncode"


def test_a_prompt_becomes_conditioning_the_sampler_takes(pack):
    conditioning, report = pack.node(ID).execute("a red box").args
    (tokens, extra), *rest = conditioning
    assert not rest and extra == {}
    assert tokens.shape == (1, 5, 4096) and tokens.dtype == torch.float32
    assert report == "3 words read."


def test_an_empty_prompt_is_said_to_be_empty(pack):
    conditioning, report = pack.node(ID).execute("  ").args
    assert conditioning[0][0].shape == (1, 1, 4096)
    assert "Empty prompt" in report


def test_words_the_model_never_saw_are_named_in_report_and_log(pack, caplog):
    with caplog.at_level(logging.WARNING):
        _, report = pack.node(ID).execute("a red dragon").args
    assert "dragon" in report.split("It knows")[0] and "red" not in report.split("It knows")[0]
    assert "dragon" in caplog.text


def test_words_past_the_limit_are_counted(pack):
    assert "6 words beyond the limit of 64" in pack.node(ID).execute("box " * 70).args[1]


def test_a_connected_clip_encodes_instead(pack):
    class Clip:
        def tokenize(self, text):
            return {"text": text}

        def encode_from_tokens_scheduled(self, tokens):
            return [["encoded", tokens]]

    conditioning, report = pack.node(ID).execute("a dragon", Clip()).args
    assert conditioning == [["encoded", {"text": "a dragon"}]]
    assert "CLIP" in report
