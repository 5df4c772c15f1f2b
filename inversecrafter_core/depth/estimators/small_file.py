"""The file of the small depth network: safetensors with the metadata ``format = "inversecrafter.depth"`` and ``version``.

Tensors are the network's state dict in fp16 under its own names; ``widths`` in the metadata are its channels, e.g.
``"32,64,112,160"``. Batch counters are omitted, since only training uses them.
"""

from __future__ import annotations

from pathlib import Path

from safetensors.torch import save_file

from ...errors import InputError
from ...files import first_mismatch, read_marked
from .small_network import SmallDepthNet

FORMAT = "inversecrafter.depth"
VERSION = "1"
NAME = "depth model"
EXPECTED = (
    f"Expected a small depth network as safetensors with the metadata format={FORMAT}, such as "
    "inversecrafter_small_depth.safetensors; other networks are loaded from a transformers folder or an .onnx file."
)
COUNTER = "num_batches_tracked"


def save_small_network(path: str | Path, network: SmallDepthNet, **notes: str) -> None:
    """Write the network in fp16; ``notes`` (licence, recipe, commit) are more metadata strings."""
    state = {name: value.detach().half().contiguous() for name, value in network.state_dict().items() if COUNTER not in name}
    widths = ",".join(map(str, network.widths))
    save_file(state, str(path), {"format": FORMAT, "version": VERSION, "widths": widths, **notes})


def load_small_network(path: str | Path) -> SmallDepthNet:
    """Read a file into a float32 network in evaluation mode, on the CPU.

    Raises:
        InputError: the file is missing, unreadable, something else, or does not fit the network it describes.
    """
    path = Path(path)
    state, metadata = read_marked(path, NAME, FORMAT, VERSION, EXPECTED)
    network = SmallDepthNet(_widths(path.name, metadata))
    wrong = first_mismatch(state, {key: value for key, value in network.state_dict().items() if COUNTER not in key})
    if wrong is not None:
        raise InputError(NAME, f"{path.name}: tensor '{wrong}' is missing, unknown or of another shape", EXPECTED)
    network.load_state_dict({key: value.float() for key, value in state.items()}, strict=False)
    return network.train(False)


def _widths(name: str, metadata: dict[str, str]) -> tuple[int, ...]:
    parts = metadata.get("widths", "").split(",")
    if len(parts) != 4 or not all(part.isdigit() and 0 < int(part) <= 2048 for part in parts):
        raise InputError(NAME, f"{name} has widths '{metadata.get('widths', '')}'", f"It must be four numbers. {EXPECTED}")
    return tuple(int(part) for part in parts)
