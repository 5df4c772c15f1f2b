"""The page's texts: each is in the table that is translated, and each of the table is shown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lab.graphs.locales import LANGUAGES, PAGE, page_texts, translated

WEB = Path(__file__).resolve().parents[2] / "web"
PLACEHOLDERS = r"\{(\w+)\}"
LITERAL = r'"((?:[^"\\\n]|\\.)*)"|`([^`]*)`'
SENTENCE = r"^[A-Z][a-z]+ .*|.*[a-z] [a-z]+\.$"


def modules() -> dict[str, str]:
    """Return the text, without comments, of every module that may speak to users, by its path."""
    files = [file for file in sorted(WEB.rglob("*.js")) if file.name not in ("texts.js", "style.js")]
    return {str(file.relative_to(WEB)): re.sub(r"(?m)^\s*(//|/?\*).*$|\s// .*$", "", file.read_text("utf-8")) for file in files}


def test_every_text_of_the_table_is_used_and_every_text_that_is_used_is_in_the_table(javascript):
    texts, source = page_texts(), "\n".join(modules().values())
    assert javascript('import { text } from "./texts.js"; answer(given.map((key) => text(key)));', list(texts))
    quoted = set(re.findall(r'"(\w+)"', source))
    assert not set(texts) - quoted
    used = {*re.findall(r'\b(?:text|InputError)\("(\w+)"', source), *(word for word in quoted if word.endswith("Hint"))}
    assert used and not used - set(texts)


def test_no_sentence_stands_beside_the_table():
    stray = [
        f"{path}: {plain or template}"
        for path, source in modules().items()
        for plain, template in re.findall(LITERAL, source)
        if re.match(SENTENCE, plain or template)
    ]
    assert not stray, stray


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_text_is_the_languages_and_its_values_are_filled_in_else_it_is_the_english(javascript, language):
    words = {key.partition(".")[2]: word for key, word in translated(language).items() if key.startswith(f"{PAGE}.")}
    script = """
    import { text, translateBy } from "./texts.js";
    translateBy((key) => given.words[key]);
    answer(given.keys.map((key) => text(key, given.values)));
    """
    values = {name: "17" for text in page_texts().values() for name in re.findall(PLACEHOLDERS, text)}
    keys = [*words, "x"]
    shown = dict(zip(keys, javascript(script, {"words": words, "keys": keys, "values": values}), strict=True))
    assert shown.pop("x") == "x"
    assert shown == {key: re.sub(PLACEHOLDERS, "17", word) for key, word in words.items()}
