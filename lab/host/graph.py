"""Patching a workflow in the host's API form by the classes of its nodes.

The demo runs the *shipped* workflow, not a copy: it finds nodes by class, sets their widgets, and taps their outputs.
"""

from __future__ import annotations

from typing import Any

from inversecrafter_client import Workflow
from inversecrafter_client.workflows import Graph as Prompt


def find(prompt: Prompt, class_type: str) -> str:
    """Id of the only node of a class; KeyError names the class when there is none or more than one."""
    found = [key for key, node in prompt.items() if node["class_type"] == class_type]
    if len(found) != 1:
        raise KeyError(f"{len(found)} nodes of class {class_type} in the workflow, one expected")
    return found[0]


def set_widgets(prompt: Prompt, class_type: str, **widgets: Any) -> None:
    """Set widgets of the only node of a class; KeyError for an unknown name, which the host would ignore silently."""
    for name, value in widgets.items():
        Workflow(prompt).set_input(find(prompt, class_type), name, value)


def feeding(prompt: Prompt, key: str, name: str) -> str:
    """Id of the node that an input is linked to."""
    origin: str = prompt[key]["inputs"][name][0]
    return origin


def add(prompt: Prompt, class_type: str, **inputs: Any) -> str:
    """Add a node and return its id."""
    key = str(max(map(int, prompt)) + 1)
    prompt[key] = {"class_type": class_type, "inputs": inputs}
    return key


def only_outputs(prompt: Prompt, keep: list[str]) -> Prompt:
    """Return the part of a prompt that the nodes ``keep`` need, and nothing else."""
    return Workflow.from_json(prompt).only(*keep).json
