"""The translations in ``locales/`` checked against the nodes' schemas and the page's texts.

    python -m lab.graphs.locales            print what is missing, left over or out of date; end with 1 where there is something
    python -m lab.graphs.locales --accept   state that every translation fits today's English

English is the schema itself. ``locales/<language>/nodeDefs.json`` has, for every node, ``display_name``, ``description``,
``inputs.<id>.name`` and ``.tooltip``, ``outputs.<place>.name`` and ``.tooltip``; ``inverseCrafter`` in ``main.json`` has the
texts of ``web/texts.js``, with the names of values in braces; ``inverseCrafterBlueprints`` there has the title of every
blueprint, with the English one behind it, and its description. ``locales.json`` beside this file has a digest of the English
that each text was translated from, so that a changed tooltip shows up here.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
LANGUAGES = ("zh", "ja")
DIGESTS = Path(__file__).with_suffix(".json")
UNTRANSLATED = ("gamma", "cfg", "x", "y", "z")
"""Names of inputs and of numbers that stay as they are in every language."""
LONGEST_TOOLTIP = 160
PAGE = "page"
"""The first part of the keys of the page's texts, where those of nodes have the node's id."""
BLUEPRINT = "blueprint"
"""The same of the blueprints' names and descriptions."""
PLACEHOLDER = r"\{\w+\}"
MARKUP = "{}@|"
"""Characters that mean something to the page's translations."""
SAMPLE = r"\[\{.*\}\]"
"""A JSON sample in an English tooltip; it cannot be translated, for its braces."""
KANA = "[\u3041-\u30fa]"
HAN_OR_KANA = "[\u3041-\u30fa\u4e00-\u9fff]"

Words = dict[str, str]


@dataclass(frozen=True)
class English:
    """One text of a schema, and the words in it that every translation keeps: numbers, paths, options of the widget."""

    text: str
    kept: frozenset[str]


def english(schemas: Mapping[str, Any]) -> dict[str, English]:
    """Return every text of the page and of the schemas (``io.Schema`` by node id) by key, as ``node.inputs.id.tooltip``."""
    found = {f"{PAGE}.{key}": _english(text) for key, text in page_texts().items() if key not in UNTRANSLATED}
    for name, about in blueprints().items():
        found |= {
            f"{BLUEPRINT}.{name}.title": English(name, frozenset({f" ({name})"})),
            f"{BLUEPRINT}.{name}.description": _english(about),
        }
    for node_id, schema in schemas.items():
        found[f"{node_id}.display_name"] = _english(schema.display_name)
        found[f"{node_id}.description"] = _english(schema.description)
        for entry in schema.inputs:
            key = f"{node_id}.inputs.{entry.id}"
            if entry.id not in UNTRANSLATED:
                found[f"{key}.name"] = English(entry.id, frozenset())
            found[f"{key}.tooltip"] = _english(entry.tooltip, getattr(entry, "options", None) or ())
        for place, entry in enumerate(schema.outputs):
            found[f"{node_id}.outputs.{place}.name"] = English(entry.display_name or entry.id, frozenset())
            found[f"{node_id}.outputs.{place}.tooltip"] = _english(entry.tooltip)
    return found


def page_texts(root: Path = ROOT) -> Words:
    """Return the English texts of ``web/texts.js`` by key."""
    table = (root / "web" / "texts.js").read_text(encoding="utf-8").partition("const ENGLISH = {")[2].partition("\n};")[0]
    return {key: json.loads(text) for key, text in re.findall(r'^  (\w+): (".*"),$', table, re.MULTILINE)}


def blueprints(root: Path = ROOT) -> Words:
    """Return the description of every blueprint by its name."""
    graphs = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in sorted((root / "subgraphs").glob("*.json"))}
    return {name: graph["definitions"]["subgraphs"][0]["description"] for name, graph in graphs.items()}


def _english(text: str, options: Any = ()) -> English:
    plain = re.sub(SAMPLE, "", text)
    kept = {*re.findall(r"\d+(?:\.\d+)?", plain), *re.findall(r"\w+/\w+", plain), *re.findall(PLACEHOLDER, plain)}
    kept |= {f"{option}" for option in options if re.search(rf"\b{re.escape(f'{option}')}:", plain)}
    return English(text, frozenset(kept))


def translated(language: str, root: Path = ROOT) -> Words:
    """Return the texts of a language under the keys of ``english``."""
    found: Words = {}

    def walk(key: str, value: Any) -> None:
        if isinstance(value, str):
            found[key] = value
            return
        for name, more in value.items():
            walk(f"{key}.{name}" if key else name, more)

    folder = root / "locales" / language
    walk("", json.loads((folder / "nodeDefs.json").read_text(encoding="utf-8")))
    page = json.loads((folder / "main.json").read_text(encoding="utf-8"))
    walk(PAGE, page["inverseCrafter"])
    walk(BLUEPRINT, page["inverseCrafterBlueprints"])
    return found


def faults(texts: Mapping[str, English], words: Mapping[str, str], language: str) -> list[str]:
    """Return a sentence for every text of a language that is missing, left over, or not a translation of the English."""
    found = [f"{language}: {key} is missing: {text.text!r}" for key, text in texts.items() if key not in words]
    found += [f"{language}: {key} belongs to nothing" for key in words if key not in texts]
    for key, text in texts.items():
        if key in words:
            found += [f"{language}: {key} {fault}: {words[key]!r}" for fault in _faults_of(key, text, words[key], language)]
    return found


def _faults_of(key: str, text: English, word: str, language: str) -> list[str]:
    found = [f"loses {kept!r}" for kept in sorted(text.kept) if kept not in word]
    if word == text.text:
        found.append("is the English")
    if not re.search(HAN_OR_KANA, word) and not key.endswith(".name"):
        found.append("has no word of the language")
    if language == "zh" and re.search(KANA, word):
        found.append("is Japanese")
    if set(MARKUP) & set(re.sub(PLACEHOLDER, "", word) if key.startswith(PAGE) else word):
        found.append(f"has one of {MARKUP}, which the page takes for markup")
    if key.endswith(".tooltip") and len(word) > LONGEST_TOOLTIP:
        found.append(f"is longer than {LONGEST_TOOLTIP} characters")
    if key.endswith(".display_name") and not word.endswith(" (InverseCrafter)"):
        found.append("does not end with ' (InverseCrafter)'")
    return found


def digests(texts: Mapping[str, English]) -> Words:
    """Return a short digest of each English text but names, which are identifiers."""
    named = {key: text.text for key, text in texts.items() if not key.endswith(".name")}
    return {key: hashlib.sha256(text.encode()).hexdigest()[:8] for key, text in sorted(named.items())}


def changed(texts: Mapping[str, English], accepted: Mapping[str, str]) -> list[str]:
    """Return a sentence for every text whose English is another one than that which was translated."""
    today = digests(texts)
    return [
        f"{key}: the English is new: {texts[key].text!r}. Translate it, then run python -m lab.graphs.locales --accept"
        for key in today
        if accepted.get(key) != today[key]
    ]


def main() -> int:
    """Print the faults, or accept the translations; return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--accept", action="store_true", help="state that every translation fits today's English")
    options = parser.parse_args()
    from ..host.inprocess import load_pack, use_host

    use_host(cpu=True)
    nodes = sys.modules[f"{load_pack().__name__}.nodes"].NODES
    texts = english({node.GET_SCHEMA().node_id: node.GET_SCHEMA() for node in nodes})
    found = [fault for language in LANGUAGES for fault in faults(texts, translated(language), language)]
    if options.accept and not found:
        DIGESTS.write_text(json.dumps(digests(texts), indent=1) + "\n", encoding="utf-8")
    else:
        found += changed(texts, json.loads(DIGESTS.read_text(encoding="utf-8")))
    print("\n".join(found) or "every text is translated")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())
