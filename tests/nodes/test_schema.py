"""Every node: a valid V3 schema for the oldest supported host, words for every socket, a docs page worth reading."""

from __future__ import annotations

import ast
import inspect
import json
import re
from pathlib import Path

import pytest

from lab.graphs.compose import EXAMPLES, GRAPHS
from lab.graphs.read import workflow_of

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "web" / "docs"
TOO_NEW = {"search_aliases", "advanced", "essentials_category", "has_intermediate_output", "DynamicCombo", "on_load"}
"""Words the floor version, 0.3.75, answers with a TypeError or never calls."""
PAGE_CHARACTERS, PAGE_LINES = 500, 45
ROOMS = ("depth", "warp", "scene", "guide", "edit", "restore", "evaluate")
CHANGED = {
    "CameraPath": {"preset", "frames"},
    "CameraTo3D": {"frame"},
    "PrepareFootage": {"width", "height", "frames"},
    "LoadCameraPath": {"file", "frames"},
    "PhotoClip": {"frames"},
    "BetweenEnds": {"frames"},
    "WarpFromEnds": {"frames"},
    "EstimateDepth": {"stabilise"},
    "TextEncode": {"prompt"},
    "TrackMask": {"x", "y", "width", "height", "grow"},
    "LoadMaskEncoder": {"mask_encoder_name"},
    "EncodeMeasurement": {"mask", "mask_strength"},
    "GuidanceSettings": {"solver"},
    "InpaintConditioning": {"condition_on"},
    "KSampler": {"seed", "steps", "cfg"},
    "StochasticConditioning": {"release", "start_percent", "keep_first_frame"},
    "KeepKnownPixels": {"seam"},
    "NextPass": {"frames"},
    "ApplySceneLatents": {"scene_adapter_name"},
    "LoadSceneModel": {"scene_model_name"},
    "LoadSceneStates": {"file"},
}
"""Widgets whose defaults a graph may change: the clip's own, the task's, and what the small models need."""
MOST_INPUTS, LONGEST_TOOLTIP = 15, 160
ONE_WORD = {
    "MASK": "holes",
    "INVERSECRAFTER_GEOMETRY": "geometry",
    "INVERSECRAFTER_CAMERA_PATH": "camera_path",
    "INVERSECRAFTER_MEASUREMENT": "measurement",
    "INVERSECRAFTER_OPERATOR": "operator",
    "INVERSECRAFTER_GUIDANCE_SETTINGS": "settings",
    "INVERSECRAFTER_SCENE_STATES": "scene_states",
}
"""Types that travel under one name on every socket."""
CITED = ("benchmark", "lpips 0", "psnr 2", "seed 5", "lab.")
FILES = {"file", "model", "mask_encoder_name", "scene_adapter_name", "scene_model_name", "scheduler", "sampler_name"}
"""Combos whose options are files, or the host's."""
DESIGNED = {
    "LoadDepthModel", "EstimateDepth", "GeometryFromDepth", "GeometryFromMoGe", "GeometryFromDA3", "CameraPath", "WarpVideo",
    "FillHoles", "LoadMaskEncoder", "EncodeMeasurement", "GuidanceSettings", "ApplyGuidance", "Sampler", "KSampler",
    "InpaintConditioning", "TextEncode", "Metrics",
}  # fmt: skip


@pytest.fixture(scope="module")
def schemas(pack):
    return {node_id: node.GET_SCHEMA() for node_id, node in pack.nodes.items()}


def test_the_pack_loads_as_the_host_loads_it(pack):
    assert pack.module.WEB_DIRECTORY == "./web"
    assert pack.core("errors").InputError.__module__.startswith(pack.module.__name__)


def test_every_designed_node_exists(schemas):
    assert {f"InverseCrafter{name}" for name in DESIGNED} <= set(schemas)


def test_every_schema_is_valid_and_named_after_the_pack(schemas):
    for node_id, schema in schemas.items():
        schema.validate()
        assert node_id.startswith("InverseCrafter")
        assert (schema.display_name or "").endswith(" (InverseCrafter)"), node_id
        assert schema.category in {f"InverseCrafter/{room}" for room in ROOMS}, node_id
        assert len(schema.description or "") > 20, f"{node_id} has no description"


def test_node_ids_are_unique(pack):
    ids = [node.GET_SCHEMA().node_id for node in pack.submodule("nodes").NODES]
    assert len(ids) == len(set(ids))


def test_every_input_and_output_says_what_it_is(schemas):
    silent = [
        f"{key}.{entry.id}" for key, schema in schemas.items() for entry in schema.inputs if len(entry.tooltip or "") < 10
    ]
    silent += [
        f"{key} output {place}"
        for key, schema in schemas.items()
        for place, entry in enumerate(schema.outputs)
        if len(entry.tooltip or "") < 10 or not (entry.display_name or entry.id)
    ]
    assert not silent, f"without a tooltip or a name: {silent}"


def test_no_node_asks_for_more_than_a_user_can_survey(schemas):
    crowded = {node_id: len(schema.inputs) for node_id, schema in schemas.items() if len(schema.inputs) > MOST_INPUTS}
    assert not crowded


def test_tooltips_are_short_and_cite_nothing(schemas):
    faults = []
    for node_id, schema in schemas.items():
        for entry in [*schema.inputs, *schema.outputs]:
            tooltip, name = entry.tooltip or "", f"{node_id}.{entry.id or entry.display_name}"
            faults += [f"{name}: {len(tooltip)} characters"] if len(tooltip) > LONGEST_TOOLTIP else []
            faults += [f"{name}: cites '{word}'" for word in CITED if word in tooltip.lower()]
    assert not faults, faults


def test_one_thing_has_one_name_on_every_socket(schemas):
    """A second thing of one kind at a node says whose it is: ``source_geometry`` beside ``geometry``."""
    faults = []
    for node_id, schema in schemas.items():
        names = {entry.id for entry in schema.inputs}
        for entry in [*schema.inputs, *schema.outputs]:
            wanted, found = ONE_WORD.get(entry.io_type), entry.display_name if entry in schema.outputs else entry.id
            second = wanted in names and found in names and found.endswith(f"_{wanted}")
            faults += [f"{node_id}: {entry.io_type} is called {found}"] if wanted and found != wanted and not second else []
        faults += [
            f"{node_id}: a STRING output called {entry.display_name}"
            for entry in schema.outputs
            if entry.io_type == "STRING" and entry.display_name not in {"report", "json"}
        ]
    assert not faults, faults


def test_combos_offer_tokens_and_not_sentences(schemas):
    ours = [
        f"{node_id}.{entry.id}: {option!r}"
        for node_id, schema in schemas.items()
        for entry in schema.inputs
        if entry.io_type == "COMBO" and entry.id not in FILES
        for option in entry.options or []
        if " " in option or "automatic" in option
    ]
    assert not ours, ours


def test_every_mask_socket_says_which_value_is_a_hole(schemas):
    unsaid = [
        f"{key}.{entry.id or entry.display_name}"
        for key, schema in schemas.items()
        for entry in [*schema.inputs, *schema.outputs]
        if entry.io_type == "MASK" and "1 =" not in (entry.tooltip or "")
    ]
    assert not unsaid, f"state '1 = hole' in the tooltip of {unsaid}"


def test_every_node_has_a_docs_page_that_names_its_inputs(schemas):
    faults = []
    for node_id, schema in schemas.items():
        page = DOCS / f"{node_id}.md"
        text = page.read_text(encoding="utf-8") if page.is_file() else ""
        if len(text) < PAGE_CHARACTERS:
            faults.append(f"{node_id}: {'a stub' if text else 'no page'}")
        faults += [f"{node_id}: does not mention {entry.id}" for entry in schema.inputs if entry.id not in text]
    assert not faults, faults


def test_pages_are_short_bear_the_nodes_title_and_name_nothing_that_does_not_ship(schemas):
    faults = []
    for node_id, schema in schemas.items():
        text = (DOCS / f"{node_id}.md").read_text(encoding="utf-8")
        title = schema.display_name.removesuffix(" (InverseCrafter)")
        faults += [] if text.startswith(f"# {title}\n") else [f"{node_id}: its title is not '{title}'"]
        faults += [f"{node_id}: {len(text.splitlines())} lines"] if len(text.splitlines()) > PAGE_LINES else []
        faults += [f"{node_id}: no '## {part}'" for part in ("Inputs", "Tips", "Errors") if f"## {part}" not in text]
        pictures = re.findall(r"\]\(([^):]+\.png)\)", text)
        faults += [f"{node_id}: no picture {name}" for name in pictures if not (DOCS / name).is_file()]
        faults += [f"{node_id}: says '{word}'" for word in ("python -m", "`make ", "lab.", "seed 5") if word in text]
    assert not faults, faults


def test_pages_and_messages_call_nodes_by_their_titles(schemas):
    titles = {schema.display_name.removesuffix(" (InverseCrafter)") for schema in schemas.values()}
    faults = []
    for page in DOCS.glob("*.md"):
        bold = re.findall(r"\*\*([A-Z][a-zA-Z0-9]+(?: [A-Za-z0-9]+)+)\*\*", page.read_text(encoding="utf-8"))
        faults += [f"{page.stem}: {name}" for name in bold if name not in titles]
    assert not faults, faults


def test_no_docs_page_is_left_over(schemas):
    assert {page.stem for page in DOCS.glob("*.md")} <= set(schemas)


def test_execute_takes_exactly_the_inputs_of_the_schema(pack, schemas):
    for node_id, schema in schemas.items():
        taken = inspect.signature(pack.node(node_id).execute).parameters.values()
        named = {entry.name for entry in taken if entry.kind is not entry.VAR_KEYWORD}
        offered = {entry.id for entry in schema.inputs}
        takes_any = any(entry.kind is entry.VAR_KEYWORD for entry in taken)
        assert named <= offered if takes_any else named == offered, node_id


def test_no_node_uses_a_word_the_oldest_host_does_not_know():
    for path in sorted((ROOT / "nodes").rglob("*.py")):
        for found in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            words = (
                {getattr(found, name, None) for name in ("arg", "attr", "name", "id")} if path.name != "compat.py" else set()
            )
            assert not words & TOO_NEW, f"{path.name}:{getattr(found, 'lineno', '?')} uses {words & TOO_NEW}"


def test_every_node_is_in_a_shipped_workflow_or_an_example(schemas):
    files = [*(ROOT / "workflows").glob("*.json"), *(ROOT / "workflows" / "examples").glob("*.json")]
    used = {node["type"] for file in files for node in json.loads(file.read_text(encoding="utf-8"))["nodes"]}
    assert not set(schemas) - used


def test_graphs_leave_the_defaults_alone_but_where_they_mean_to(schemas):
    """Defaults are right for a real Wan; what a graph changes for its own task or for the small models is listed."""
    faults = []
    for name in [*GRAPHS, *EXAMPLES]:
        for node in workflow_of(name).nodes:
            if node.type not in schemas:
                continue
            defaults = {entry.id: getattr(entry, "default", None) for entry in schemas[node.type].inputs}
            faults += [f"{name}, {node.type} has no {widget}" for widget in node.widgets if widget not in defaults]
            faults += [
                f"{name}, {node.type}.{widget} is {value}, the node's default {defaults.get(widget)}"
                for widget, value in node.widgets.items()
                if value != defaults.get(widget) and widget not in CHANGED.get(node.type.removeprefix("InverseCrafter"), ())
            ]
    assert not faults, faults


def test_shipped_workflows_have_the_widgets_of_their_graphs_and_defaults_elsewhere(schemas):
    """Ids count nodes in the order of the graph. A page that hands one workflow's widgets on to the next would show here."""
    faults = []
    for name in [*GRAPHS, *EXAMPLES]:
        nodes = workflow_of(name).nodes
        shipped = json.loads((ROOT / "workflows" / "api" / f"{name}.json").read_text(encoding="utf-8"))
        for place, node in enumerate(nodes, start=1):
            if node.type not in schemas or str(place) not in shipped:
                continue
            inputs = shipped[str(place)]["inputs"]
            defaults = {entry.id: getattr(entry, "default", None) for entry in schemas[node.type].inputs}
            for widget, default in defaults.items():
                wanted = node.widgets.get(widget, default)
                if wanted is not None and widget not in node.links and inputs.get(widget) != wanted:
                    faults.append(f"{name}, {node.type}.{widget}: {inputs.get(widget)}, not {wanted}")
    assert not faults, faults
