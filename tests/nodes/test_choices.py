"""Choices at the nodes: an unknown value, as a script may send it, is refused and the known ones are named."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from guidance_kit import FRAMES, HEIGHT, WIDTH, Kit

BY_THE_HOST = {
    ("InverseCrafterKSampler", "sampler_name"),
    ("InverseCrafterKSampler", "scheduler"),
    ("InverseCrafterLoadMaskEncoder", "mask_encoder_name"),
    ("InverseCrafterApplySceneLatents", "scene_adapter_name"),
    ("InverseCrafterLoadSceneModel", "scene_model_name"),
}
"""Lists of the host, which answers for them."""
AT_THE_RUN = {("InverseCrafterStochasticConditioning", "context_time")}
"""Checked with the model that samples (test_stochastic_node.py)."""
WITH_FILES = {
    ("InverseCrafterLoadCameraPath", "file"),
    ("InverseCrafterLoadSceneStates", "file"),
    ("InverseCrafterLoadCameraPath", "format"),
    ("InverseCrafterSaveCameraPath", "format"),
}
"""Checked with folders of their own (test_camera_file_nodes.py, test_scene_states_nodes.py)."""
WITH_MODELS = {("InverseCrafterRestoreVideo", widget) for widget in ("method", "start")}
"""Checked with a model and an operator (test_restore_nodes.py)."""
GEOMETRY_WIDGETS = ("lens", "stabilise", "preview")
CHOICES = [
    *[("InverseCrafterCameraPath", widget) for widget in ("preset", "unit", "start", "ease", "relative_to")],
    ("InverseCrafterPrepareFootage", "fit"),
    ("InverseCrafterWarpFromEnds", "camera"),
    ("InverseCrafterWarpVideo", "sampling"),
    ("InverseCrafterFillHoles", "method"),
    *[("InverseCrafterTrackMask", widget) for widget in ("shape", "if_lost")],
    *[("InverseCrafterLoadDepthModel", widget) for widget in ("model", "kind", "precision")],
    *[("InverseCrafterEstimateDepth", widget) for widget in GEOMETRY_WIDGETS],
    *[("InverseCrafterGeometryFromDepth", widget) for widget in ("encoding", *GEOMETRY_WIDGETS)],
    *[("InverseCrafterGeometryFromMoGe", widget) for widget in GEOMETRY_WIDGETS],
    *[("InverseCrafterGeometryFromDA3", widget) for widget in GEOMETRY_WIDGETS],
    *[("InverseCrafterEncodeMeasurement", widget) for widget in ("mask", "preview", "encoding")],
    ("InverseCrafterInpaintConditioning", "condition_on"),
    *[("InverseCrafterDegradeVideo", widget) for widget in ("spatial", "border", "temporal_border")],
    *[("InverseCrafterGuidanceSettings", widget) for widget in ("solver", "noise", "mask_schedule")],
]


@pytest.fixture(scope="module")
def kit(pack, tmp_path_factory):
    with Kit.open(pack, tmp_path_factory.mktemp("weights")) as kit:
        yield kit


@pytest.fixture(scope="module")
def sockets(kit) -> dict[str, Any]:
    """Something for every socket that the nodes above need, by its name."""
    camera = kit.pack.core("camera")
    depth = torch.ones(FRAMES, HEIGHT, WIDTH)
    lens = camera.intrinsics_from_focal(60, HEIGHT, WIDTH)
    clip = torch.rand(FRAMES, HEIGHT, WIDTH, 3)
    return {
        "video": clip,
        "start": clip[:1],
        "end": clip[-1:],
        "holes": torch.zeros(FRAMES, HEIGHT, WIDTH),
        "geometry": camera.Geometry(depth, depth > 0, lens.expand(FRAMES, 3, 3), torch.eye(4).expand(FRAMES, 4, 4)),
        "camera_path": camera.preset_path("static", FRAMES),
        "depth_model": kit.run("InverseCrafterLoadDepthModel", model="vertical-gradient prior (no model)"),
        "depth_images": torch.rand(FRAMES, HEIGHT, WIDTH, 1).expand(-1, -1, -1, 3),
        "moge_geometry": {"depth": depth, "intrinsics": torch.eye(3).repeat(FRAMES, 1, 1)},
        "da3_geometry": {"depth": depth},
        "vae": kit.vae(),
        "positive": kit.positive,
        "negative": kit.negative,
    }


def is_combo(entry: Any) -> bool:
    return entry.io_type == "COMBO"


def test_every_combo_of_every_node_is_tested_here(pack):
    found = {(name, widget.id) for name, node in pack.nodes.items() for widget in node.GET_SCHEMA().inputs if is_combo(widget)}
    assert found == {*CHOICES} | BY_THE_HOST | AT_THE_RUN | WITH_FILES | WITH_MODELS


@pytest.mark.parametrize(("node_id", "widget"), CHOICES)
def test_an_unknown_choice_is_named_with_the_known_ones(kit, sockets, node_id, widget):
    inputs = kit.pack.node(node_id).GET_SCHEMA().inputs
    known = next(entry for entry in inputs if entry.id == widget).options
    connected = {entry.id: sockets[entry.id] for entry in inputs if entry.id in sockets and not is_combo(entry)}
    with pytest.raises(ValueError, match=widget) as error:
        kit.run(node_id, **(connected | {widget: "nope"}))
    message = str(error.value)
    assert message.startswith(f"{widget}: 'nope'") and all(str(option) in message for option in known if option != "auto")
