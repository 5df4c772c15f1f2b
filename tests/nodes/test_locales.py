"""Every text of every node in every language: translated, up to date, as the page can show it."""

from __future__ import annotations

import dataclasses
import json

import pytest

from lab.graphs.locales import DIGESTS, LANGUAGES, ROOT, English, changed, english, faults, translated

KEY = "InverseCrafterWarpVideo.inputs.dilation.tooltip"
ADVICE = "run python -m lab.graphs.locales, and see Translating in CONTRIBUTING.md"


@pytest.fixture(scope="module")
def texts(pack) -> dict[str, English]:
    return english({node_id: node.GET_SCHEMA() for node_id, node in pack.nodes.items()})


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_text_of_every_node_is_translated(texts, language):
    found = faults(texts, translated(language), language)
    assert not found, "\n".join([ADVICE, *found])


def test_no_english_changed_since_it_was_translated(texts):
    found = changed(texts, json.loads(DIGESTS.read_text(encoding="utf-8")))
    assert not found, "\n".join([ADVICE, *found])


def test_every_category_is_translated(pack):
    rooms = {node.GET_SCHEMA().category.partition("/")[2] for node in pack.nodes.values()}
    for language in LANGUAGES:
        words = json.loads((ROOT / "locales" / language / "main.json").read_text(encoding="utf-8"))
        assert set(words["nodeCategories"]) == rooms


@pytest.mark.parametrize(
    ("word", "fault"),
    [
        (None, "is missing"),
        ("Pixels by which every hole grows, to hide frayed outlines.", "is the English"),
        ("穴を広げる", "is Japanese"),
        ("扩大 {x} 像素", "markup"),
        ("扩" * 161, "longer than 160"),
        ("abc", "has no word of the language"),
    ],
)
def test_a_bad_text_is_a_fault(texts, word, fault):
    words = translated("zh")
    if word is None:
        del words[KEY]
    else:
        words[KEY] = word
    (found,) = [line for line in faults(texts, words, "zh") if fault in line]
    assert KEY in found


def test_a_lost_number_or_option_a_stray_key_and_a_new_english_are_faults(texts):
    words = translated("zh")
    words["InverseCrafterWarpVideo.inputs.gone.tooltip"] = "没有"
    words["InverseCrafterFillHoles.inputs.method.tooltip"] = "方法"
    words["InverseCrafterTextEncode.inputs.clip.tooltip"] = "真正的模型"
    found = faults(texts, words, "zh")
    assert any("gone.tooltip belongs to nothing" in line for line in found)
    assert any("loses 'telea'" in line for line in found)
    today = dict(texts) | {KEY: dataclasses.replace(texts[KEY], text="Another tooltip.")}
    assert len(changed(today, json.loads(DIGESTS.read_text(encoding="utf-8")))) == 1


@pytest.mark.parametrize(
    "page", sorted((ROOT / "web" / "docs").glob("*/*.md")), ids=lambda page: f"{page.parent.name}-{page.stem}"
)
def test_a_translated_help_page_has_its_twin_and_names_every_input(pack, page):
    assert {other.stem for other in page.parent.glob("*.md")} == set(LANGUAGES)
    text, schema = page.read_text(encoding="utf-8"), pack.node(page.parent.name).GET_SCHEMA()
    assert text.startswith(f"# {translated(page.stem)[f'{page.parent.name}.display_name'].removesuffix(' (InverseCrafter)')}\n")
    assert not [entry.id for entry in schema.inputs if f"`{entry.id}`" not in text]
    (picture,) = [line.partition("](")[2].rstrip(")") for line in text.splitlines() if line.startswith("![")]
    assert (page.parents[1] / picture).is_file(), "the page looks for pictures in docs/, not beside the translation"
