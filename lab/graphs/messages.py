"""The translations of the error messages, checked against the templates in the pack's source.

    python -m lab.graphs.messages           print what is missing, left over or wrong; end with 1 where there is something
    python -m lab.graphs.messages --list    print every template, with the places that raise it

An ``InputError`` says ``name: found. fix``. Each of the three is a template: the English text with holes ``{0}``, ``{1}`` where
values stand. ``inverseCrafterErrors`` in ``locales/<language>/main.json`` has the translation of each, with the same holes.
"""

from __future__ import annotations

import argparse
import ast
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from .locales import HAN_OR_KANA, KANA, LANGUAGES, ROOT, UNTRANSLATED, Words, translated
from .source import HOLE, WORD, Source

PACKAGES = ("inversecrafter_core", "nodes")
SECTION = "inverseCrafterErrors"
MESSAGE = "{0}: {1}. {2}"
NUMBERED = r"\{\d+\}"
KEY = r"[.\[/]|\0, \w+$|_"
"""Marks of a name for a place in a file, which stays as it is."""
NESTED_KEY = r"[\w\0]+(, \w+)?([.\[]\S*)?"
"""The same for a text that fills a hole, and may be a sentence."""

SINGLE = ("none", "nothing")
"""Single words that fill holes; all others there are values."""


def templates(root: Path = ROOT) -> dict[str, list[str]]:
    """Return the places of every template that needs a translation: of names, of errors and of what fills holes.

    The names of inputs have theirs in ``nodeDefs.json``.
    """
    source, inputs = Source([root / package for package in PACKAGES], root), {*UNTRANSLATED}
    inputs |= {key.split(".")[2] for key in translated(LANGUAGES[0], root) if ".inputs." in key}
    found: dict[str, list[str]] = {MESSAGE: ["inversecrafter_core/errors.py"]}
    for call, place in source.calls["InputError", False]:
        name, *rest = (source.texts(each, place) for each in call.args)
        names = {piece for text in name for piece in text.split(" and ") if not re.search(KEY, piece)}
        for text in names | {text for texts in rest for text in texts}:
            if re.search(WORD, text) and text not in inputs:
                found.setdefault(numbered(text), []).append(f"{place.module.name}:{call.lineno}")
    for text in source.parts:
        if text in SINGLE or (" " in text and not re.fullmatch(NESTED_KEY, text)):
            found.setdefault(numbered(text), []).append("a part of others")
    return found


def unread(root: Path = ROOT) -> list[str]:
    """Return the errors whose advice cannot be read from the source: it is another error's, or computed."""
    source = Source([root / package for package in PACKAGES], root)
    advice = [(place.module.name, call.args[2], place) for call, place in source.calls["InputError", False]]
    return [
        f"{name}: {ast.unparse(node)}"
        for name, node, place in advice
        if not all(re.search(WORD, text) for text in source.texts(node, place))
    ]


def numbered(text: str) -> str:
    """Return a text with its holes as ``{0}``, ``{1}`` and so on."""
    first, *rest = text.split(HOLE)
    return first + "".join(f"{{{index}}}{part}" for index, part in enumerate(rest))


def table(language: str, root: Path = ROOT) -> Words:
    """Return the translations of a language by template."""
    words: Words = json.loads((root / "locales" / language / "main.json").read_text(encoding="utf-8"))[SECTION]
    return words


def faults(texts: Mapping[str, list[str]], words: Mapping[str, str], language: str) -> list[str]:
    """Return a sentence for every template without a translation, every translation of nothing, and every wrong one."""
    found = [f"{language}: {text!r} is not translated ({', '.join(at)})" for text, at in texts.items() if text not in words]
    found += [f"{language}: {text!r} is no template of an error" for text in words if text not in texts]
    for text, word in words.items():
        if sorted({*re.findall(NUMBERED, text)}) != sorted(re.findall(NUMBERED, word)):
            found.append(f"{language}: {text!r} has other holes than {word!r}")
        foreign = language == "zh" and re.search(KANA, word)
        if foreign or (text != MESSAGE and not re.search(HAN_OR_KANA, word)):
            found.append(f"{language}: {text!r} has a translation of another language: {word!r}")
    return found


def main() -> int:
    """Print the faults or the templates; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--list", action="store_true", help="print every template and where it stands")
    options = parser.parse_args()
    texts = templates()
    if options.list:
        print("\n".join(f"{text}    {', '.join(places)}" for text, places in texts.items()))
        return 0
    found = [fault for language in LANGUAGES for fault in faults(texts, table(language), language)]
    print("\n".join(found) or f"every error is translated: {len(texts)} templates")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
