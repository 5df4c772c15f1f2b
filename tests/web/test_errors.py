"""The pack's error messages in the page's language: every template is translated, found again in its text, and only there."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

import pytest

from inversecrafter_core.errors import InputError
from lab.graphs.locales import LANGUAGES, ROOT, translated
from lab.graphs.messages import MESSAGE, NUMBERED, PACKAGES, faults, table, templates, unread

ADVICE = "run python -m lab.graphs.messages, and see Translating in CONTRIBUTING.md"
FIX, FOUND = "Choose another model.", "not connected"
TRANSLATE = """
import { errorTranslator } from "./errors.js";
const nameOf = (input, node) => given.nodes[node]?.[input] ?? given.nodes.other[input];
const translate = errorTranslator(given.table, nameOf);
answer(given.messages.map((message) => translate(message, given.node) ?? null));
"""
PAGE = """
import { api, send } from "./fake_page.js";
import { translateErrors } from "./locales.js";
const seen = [], words = { zh: given.words };
let language = "zh";
const refuse = () => new Response(JSON.stringify({ error: "refused", node_errors: given.refusals }), { status: 400 });
Object.assign(api, { dispatchCustomEvent: send, fetchApi: async () => refuse() });
api.addEventListener("execution_error", ({ detail }) => seen.push(detail.exception_message));
translateErrors(() => words[language]);
const post = async () => {
  for (const detail of given.events) api.dispatchCustomEvent("execution_error", { ...detail });
  const response = await api.fetchApi("/prompt", { method: "POST" });
  return [response.status, Object.values((await response.json()).node_errors).map((node) => node.errors[0].details)];
};
const refused = [await post()];
language = "en";
answer({ seen, refused: [...refused, await post()], others: (await (await api.fetchApi("/prompt")).json()).error });
"""


@pytest.fixture(scope="module")
def texts() -> dict[str, list[str]]:
    return templates()


def filled(template: str, values: list[str]) -> str:
    return re.sub(NUMBERED, lambda hole: values[int(hole.group()[1:-1])], template)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_error_of_the_source_is_translated_with_its_holes(texts, language):
    found = faults(texts, table(language), language)
    assert not found, "\n".join([ADVICE, *found])


def test_a_missing_a_stray_and_a_wrong_translation_are_faults(texts):
    words = dict(table("zh"))
    del words["not connected"]
    words |= {"gone": "没有了", "{0} frames": "{1} 帧", "no frames": "フレーム", "no image": "no image"}
    found = "\n".join(faults(texts, words, "zh"))
    assert found.count("\n") == 4
    for fault in ("'not connected' is not translated", "'gone' is no template", "other holes", "フレーム", "'no image' has a"):
        assert fault in found


def test_the_templates_of_messages_that_are_put_together_elsewhere_are_known(texts):
    assert "The VAE of {0} takes {1}k+{2} frames: trim to {3} or extend to {4}." in texts  # the property of another class
    assert "SeedVR2 restores in one step, so there is nothing to guide" in texts  # the entry of a dictionary that is passed
    assert "a whole VAE" in texts  # the result of a function that fills a hole
    assert "{0} of the picture {1}" in texts
    assert "is inside in every frame" in texts  # as the callers of a function pass it
    assert "no file at {0}" in texts


def test_every_advice_is_read_but_that_of_an_error_which_is_passed_on():
    assert unread() == ["inversecrafter_core/camera/interchange/formats/own.py: error.fix"]


def test_no_other_error_is_raised_for_users():
    others = {
        f"{file.stem}: {error}"
        for package in PACKAGES
        for file in (ROOT / package).rglob("*.py")
        for error in re.findall(r"raise ([A-Z]\w+)\(", file.read_text(encoding="utf-8"))
        if error != "InputError"
    }
    assert others == {"baselines: ValueError"}  # a programmer's mistake


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_template_is_found_again_in_its_message(texts, javascript, language):
    words, values = table(language), [str(71 + index) for index in range(9)]
    keys = [text for text in texts if text != MESSAGE and text in words]
    messages = [
        f"video: {filled(key, values)}. {FIX}" if key[-1] != "." else f"video: {FOUND}. {filled(key, values)}" for key in keys
    ]
    given = {"table": words, "nodes": {"other": {"video": "V"}}, "messages": messages, "node": ""}
    expected = [
        filled(
            words[MESSAGE], ["V", *(filled(words[part], values) for part in ((key, FIX) if key[-1] != "." else (FOUND, key)))]
        )
        for key in keys
    ]
    got = javascript(TRANSLATE, given)
    assert not [(key, one, other) for key, one, other in zip(keys, got, expected, strict=True) if one != other]


SAMPLES: list[tuple[InputError, str]] = [
    (
        InputError("video and depth images", "size 64x48, but geometry has 32x24", "Resize both to one size."),
        "视频 和 深度图：尺寸为 64x48，而几何为 32x24。请把两者调整到同一尺寸。",
    ),
    (
        InputError(
            "holes and video", "different frame counts (video has 17, holes has 5)", "Trim or re-time them to one count."
        ),
        "空洞 和 视频：帧数不同（视频 为 17, 空洞 为 5）。请剪裁或重新定时到相同的帧数。",
    ),
    (
        InputError("keyframes[3].ease", "'a. b: c'", "Choose one of: linear, smooth."),
        "keyframes[3].ease：'a. b: c'。请选择其中之一：linear, smooth。",
    ),
    (
        InputError("camera", "'holes' for a file of one camera (a.json)", "Leave it empty."),
        "相机名称：'holes'，而文件只有一个相机（a.json）。请留空。",
    ),
    (
        InputError(
            "scene adapter file", "a.bin is a LoRA (5 tensors, e.g. 'b')", "Download or copy it again. Choose another model."
        ),
        "场景适配器文件：a.bin 是 LoRA 文件（5 个张量，例如 'b'）。请重新下载或复制。请换一个模型。",
    ),
    (InputError("preview", "'nope'", "Choose one of: mean, channels."), "预览：'nope'。请选择其中之一：mean, channels。"),
]


@pytest.mark.parametrize(("error", "expected"), SAMPLES, ids=lambda value: getattr(value, "name", ""))
def test_names_are_those_of_the_node_and_values_stay(javascript, error: InputError, expected: str):
    names: dict[str, dict[str, str]] = {"other": {}}
    for key, word in translated("zh").items():
        node, _, rest = key.partition(".")
        if rest.startswith("inputs.") and rest.endswith(".name"):
            for each in (node, "other"):
                names.setdefault(each, {}).setdefault(rest.split(".")[1], word)
    given = {"table": table("zh"), "nodes": names, "messages": [str(error)], "node": "InverseCrafterLoadCameraPath"}
    assert javascript(TRANSLATE, given) == [expected]


def test_a_text_of_none_of_ours_is_left(javascript: Callable):
    messages = [
        "",
        "CUDA out of memory. Tried to allocate 2 GiB.",
        "video: something else. And more.",
        "not connected",
        "a. " * 999,
    ]
    given = {"table": table("ja"), "nodes": {"other": {}}, "messages": messages, "node": ""}
    assert javascript(TRANSLATE, given) == [None] * 5


def test_the_page_shows_our_errors_in_its_language_and_no_other(javascript):
    words = json.loads((ROOT / "locales" / "zh" / "main.json").read_text("utf-8"))
    words["nodeDefs"] = json.loads((ROOT / "locales" / "zh" / "nodeDefs.json").read_text("utf-8"))
    ours = {"exception_type": "custom_nodes.pack.inversecrafter_core.errors.InputError", "node_type": "KSampler"}
    message = f"{InputError('video', '5 frames', 'Choose another model.')}\n"
    node = "InverseCrafterCameraPath"
    refusal = {"type": "custom_validation_failed", "details": "preset - 'x'. Choose one of a, b.", "message": "refused"}
    given = {
        "words": words,
        "events": [ours | {"exception_message": message}, {"exception_type": "ValueError", "exception_message": message}],
        "refusals": {"1": {"class_type": node, "errors": [refusal]}, "2": {"class_type": "Other", "errors": [refusal]}},
    }
    answer = javascript(PAGE, given)
    assert answer["seen"] == ["视频：5 帧。请换一个模型。\n", message, message, message]
    translated_details = "预设 - 'x'。请选择其中之一：a, b。"
    assert answer["refused"] == [[400, [translated_details, refusal["details"]]], [400, [refusal["details"]] * 2]]
    assert answer["others"] == "refused"
