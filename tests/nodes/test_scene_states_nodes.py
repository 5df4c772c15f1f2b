"""Load Scene Model, Scene States and their files on a network with random weights, and on bad input."""

from __future__ import annotations

import importlib

import pytest
import torch

NAME = "tiny.safetensors"
SIZES = {"width": 32, "heads": 2, "encoder": 1, "decoder": 1, "rows": 2, "columns": 3, "detail": 8}


@pytest.fixture(scope="module")
def model(pack, tmp_path_factory):
    """The loader's output for a random file."""
    folder_paths = importlib.import_module("folder_paths")
    folder, scene = tmp_path_factory.mktemp("scene_models"), pack.core("scene")
    torch.manual_seed(0)
    scene.save_scene_network(folder / NAME, scene.SceneNetwork(scene.SceneNetworkSpec(**SIZES)))
    with pytest.MonkeyPatch.context() as patch:
        key = pack.submodule("nodes.host.model_folders").SCENE_MODELS
        patch.setitem(folder_paths.folder_names_and_paths, key, ([str(folder)], {".safetensors"}))
        options = pack.node("InverseCrafterLoadSceneModel").define_schema().inputs[0].options
        assert NAME in options
        yield pack.node("InverseCrafterLoadSceneModel").execute(NAME).args[0]


def clip(frames: int = 3, height: int = 48, width: int = 64) -> torch.Tensor:
    return torch.rand(frames, height, width, 3, generator=torch.Generator().manual_seed(0))


def run(pack, *given):
    return pack.node("InverseCrafterSceneStates").execute(*given).args


def test_a_clip_gives_states_a_picture_and_a_report(pack, model):
    states, preview, report = run(pack, clip(), model)
    assert (states.frames, states.tokens, states.width, states.size) == (3, 6, 32, (48, 64))
    assert states.network.startswith("tiny-") and states.device.type == "cpu"
    assert preview.shape[0] == 3 and preview.shape[-1] == 3 and 0 <= float(preview.min()) <= float(preview.max()) <= 1
    assert report.startswith(f"3 states of 6 tokens x 32 by {states.network}; the last camera is turned by")


@pytest.mark.parametrize(
    ("video", "message"),
    [(clip(0), "0 frames"), (clip(2, 16, 64), "64x16"), (torch.zeros(2, 48, 64, 4), "alpha")],
)
def test_bad_input_is_named(pack, model, video, message):
    with pytest.raises(ValueError, match=message):
        run(pack, video, model)


def test_a_cancel_stops_the_run(pack, model):
    management = importlib.import_module("comfy.model_management")
    management.interrupt_current_processing(True)
    with pytest.raises(management.InterruptProcessingException):
        run(pack, clip(), model)
    assert not management.processing_interrupted()


def test_something_else_is_no_scene_model(pack, host_folders):
    from safetensors.torch import save_file

    load = pack.submodule("nodes.scene.model").load_scene_model
    save_file({"decoder.conv1.weight": torch.zeros(1)}, host_folders / "vae.safetensors")
    with pytest.raises(ValueError, match="a whole VAE"):
        load(str(host_folders / "vae.safetensors"))


def test_saved_states_are_loaded_from_the_output_folder_and_nothing_is_overwritten(pack, model, host_folders):
    states, *_ = run(pack, clip(), model)
    save, load = (pack.node(f"InverseCrafter{name}SceneStates") for name in ("Save", "Load"))
    report = save.execute(states, "InverseCrafter/scene", False).args[0]
    name = report.rpartition(" ")[2]
    assert name == "InverseCrafter/scene_00001_.safetensors"
    back, words = load.execute(f"{name} [output]").args
    assert torch.equal(back.states, states.states) and back.network == states.network
    torch.testing.assert_close(back.camera_to_world, states.camera_to_world, atol=1e-5, rtol=1e-5)
    assert words in report
    assert save.execute(states, "InverseCrafter/scene", True).args[0].endswith("scene_00002_.safetensors")
    sizes = [path.stat().st_size for path in sorted((host_folders / "output" / "InverseCrafter").iterdir())]
    assert sizes[1] < 0.7 * sizes[0]


def test_files_of_the_input_folder_are_offered_and_a_missing_one_is_named(pack, host_folders):
    load = pack.node("InverseCrafterLoadSceneStates")
    options = lambda: load.define_schema().inputs[0].options  # noqa: E731
    assert options() == ["none"]
    (host_folders / "input" / "b").mkdir()
    for name in ("b/one.safetensors", "clip.txt"):
        (host_folders / "input" / name).write_bytes(b"x")
    assert options() == ["b/one.safetensors"]
    assert load.validate_inputs("b/one.safetensors") is True
    assert "no 'gone.safetensors'" in load.validate_inputs("gone.safetensors")
    assert "outside of input" in load.validate_inputs("../gone.safetensors")
    before = load.fingerprint_inputs("b/one.safetensors")
    assert before > 0 == load.fingerprint_inputs("gone.safetensors")
    with pytest.raises(ValueError, match="not a readable safetensors"):
        load.execute("b/one.safetensors")
