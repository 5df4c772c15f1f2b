"""The page in Chinese and Japanese: our nodes and editors have their words; neither graphs nor prompts depend on them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import requests
from page_kit import drop_workflow

from lab.graphs.locales import LANGUAGES, PAGE, ROOT, translated
from lab.host.page import LOADED, PATIENCE_MS, RUN, chromium, close_dialogs, open_page

pytestmark = pytest.mark.skipif(chromium() is None, reason="no Chromium here: install one or set CHROMIUM_PATH")

WORKFLOW = ROOT / "workflows" / "recapture.json"
NODE = "InverseCrafterEncodeMeasurement"
PROMPT = """async () => Object.fromEntries(Object.entries((await app.graphToPrompt()).output)
    .map(([id, node]) => [id, [node.class_type, node.inputs]]))"""
SHOWN = f"""() => {{
    const shown = app.graph.nodes.find((node) => node.type === "{NODE}"), made = LiteGraph.createNode("{NODE}");
    const label = (slot) => slot.label ?? slot.localized_name ?? slot.name;
    return {{
        title: made.title,
        description: made.constructor.nodeData.description,
        inputs: Object.fromEntries(shown.inputs.map((slot) => [slot.name, label(slot)])),
        widgets: Object.fromEntries(shown.widgets.map((widget) => [widget.name, widget.label ?? widget.name])),
        outputs: shown.outputs.map(label),
    }};
}}"""
EDITOR = """() => {
    const node = LiteGraph.createNode("InverseCrafterCameraPath"), editor = node.inverseCrafter.element;
    app.graph.add(node);
    const box = (name) => node.widgets.find((widget) => widget.name === name);
    return {
        status: editor.querySelector(".ic-status").textContent,
        noScene: editor.querySelector(".ic-hint").textContent,
        readHint: node.inverseCrafter.buttons.read.title,
        aimHint: editor.querySelector("[name=aim]").closest("label").title,
        reportHint: box("report").element.placeholder,
        report: box("report").label,
    };
}"""
WRONG_PATH = """(value) => {
    app.graph.clear();
    const path = LiteGraph.createNode("InverseCrafterCameraPath"), shown = LiteGraph.createNode("PreviewAny");
    for (const node of [path, shown]) app.graph.add(node);
    for (const name in value) path.widgets.find((widget) => widget.name === name).value = value[name];
    path.connect(path.outputs.findIndex((output) => output.type === "STRING"), shown, 0);
}"""
DIALOGS_ALONE = "Comfy.RightSidePanel.ShowErrorsTab"
BLUEPRINTS = """() => document.getElementById("vue-app").__vue_app__.config.globalProperties.$pinia._s.get("subgraph")
    .subgraphBlueprints.map((one) => [one.display_name, one.description]).filter(([name]) => name.includes("Recapture"))"""
TOLD = """(message) => {
    const stores = document.getElementById("vue-app").__vue_app__.config.globalProperties.$pinia._s;
    const error = stores.get("executionError")?.lastExecutionError;  // newer pages show it in a report that can be opened
    return document.body.innerText.includes(message) || error?.exception_message.includes(message);
}"""
LOAD = "async (graph) => { app.graph.clear(); await app.loadGraphData(graph); }"


def speak(page, host, language: str) -> None:
    """Open the page in a language, as it opens for whoever has chosen it before."""
    requests.post(f"{host.url}/settings/Comfy.Locale", json=language, timeout=30).raise_for_status()
    page.reload()
    page.wait_for_function(LOADED, timeout=PATIENCE_MS)
    page.wait_for_timeout(1000)


def check_words(shown: dict, language: str) -> None:
    words = {key.partition(".")[2]: word for key, word in translated(language).items() if key.startswith(f"{NODE}.")}
    assert (shown["title"], shown["description"]) == (words["display_name"], words["description"])
    for name, label in {**shown["inputs"], **shown["widgets"]}.items():
        if name != "report":  # a box of ours, drawn from the output
            assert label == words[f"inputs.{name}.name"]
    assert shown["outputs"] == [words[f"outputs.{place}.name"] for place in range(len(shown["outputs"]))]


def check_editor(shown: dict, language: str) -> None:
    words = translated(language)
    page = {key.partition(".")[2]: word for key, word in words.items() if key.startswith(f"{PAGE}.")}
    made = page["madeOfPreset"].format(preset="arc_left")
    assert shown.pop("status") == page["lengthOnly"].format(made=made, frames=81)
    assert shown.pop("report") == words["InverseCrafterCameraPath.outputs.2.name"]
    assert shown == {key: page[key] for key in shown}


def test_nodes_have_their_words_and_graphs_and_prompts_stay_the_same(host):
    with open_page(host.url) as page:
        try:
            drop_workflow(page, WORKFLOW)
            prompt, saved = page.evaluate(PROMPT), page.evaluate("() => app.graph.serialize()")
            assert page.evaluate(SHOWN)["title"].startswith("Encode Measurement")
            for language in LANGUAGES:
                speak(page, host, language)
                page.evaluate(LOAD, saved)  # saved in the language before
                check_words(page.evaluate(SHOWN), language)
                check_editor(page.evaluate(EDITOR), language)
                page.evaluate("() => app.graph.remove(app.graph.nodes.at(-1))")
                assert page.evaluate(PROMPT) == prompt
                saved = page.evaluate("() => app.graph.serialize()")
                assert [node["title"] for node in saved["nodes"] if node["type"] == NODE] == titles(WORKFLOW)
        finally:
            speak(page, host, "en")


def test_errors_and_blueprints_are_in_the_pages_language_and_history_is_english(host):
    with open_page(host.url) as page:
        try:
            requests.post(f"{host.url}/settings/{DIALOGS_ALONE}", json=False, timeout=30).raise_for_status()
            speak(page, host, "zh")
            for value, expected in (
                ({"preset": "nothing"}, "预设 - 'nothing'。请选择其中之一："),
                (
                    {"preset": "pan", "keyframes": '[{"frame": 99, "position": [0, 0, 0]}]'},
                    "keyframes[0].frame：99。请给 0 到 80 的整数。",
                ),
            ):
                page.evaluate(WRONG_PATH, value)
                page.click(RUN)
                page.wait_for_function(TOLD, arg=expected)
                close_dialogs(page)
            assert "99. Give a whole number from 0 to 80." in host.get("/history").text
            names = {name: [words["title"], words["description"]] for name, words in blueprint_words("zh").items()}
            page.wait_for_function(f"(names) => ({BLUEPRINTS})().every(([name]) => !names.includes(name))", arg=list(names))
            assert sorted(page.evaluate(BLUEPRINTS)) == sorted(names[name] for name in names if "Recapture" in name)
        finally:
            requests.post(f"{host.url}/settings/{DIALOGS_ALONE}", json=True, timeout=30).raise_for_status()
            speak(page, host, "en")


def blueprint_words(language: str) -> dict[str, dict[str, str]]:
    """Return the title and the description of every blueprint in a language."""
    return json.loads((ROOT / "locales" / language / "main.json").read_text(encoding="utf-8"))["inverseCrafterBlueprints"]


def titles(file: Path) -> list[str]:
    """Return the titles that a workflow's author has written on the nodes of interest."""
    return [node["title"] for node in json.loads(file.read_text(encoding="utf-8"))["nodes"] if node["type"] == NODE]
