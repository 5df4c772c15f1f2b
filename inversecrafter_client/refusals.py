"""Answers in plain words where a server refuses a workflow: models and nodes that it lacks, files, values."""

from __future__ import annotations

from typing import Any

from .errors import InvalidWorkflow
from .workflows import Graph, Workflow

SHOWN = 8
"""Choices that a message lists at most."""


def refusal(url: str, workflow: Workflow, answer: dict[str, Any]) -> InvalidWorkflow:
    """Return the error of a 400 answer: every faulty node with its inputs, and what to do."""
    node_errors: dict[str, Any] = answer.get("node_errors") or {}
    graph, error = workflow.json, answer.get("error") or {}
    if not isinstance(error, dict):
        error = {"message": str(error)}
    found = [_fault(graph, node, fault) for node, entry in node_errors.items() for fault in entry.get("errors", [])]
    if not found:
        found = [f"{error.get('message', 'refused')} {error.get('details', '')}".strip()]
    advice = "Mend the inputs that are named and send it again."
    if any("not in list" in fault.get("message", "") for entry in node_errors.values() for fault in entry.get("errors", [])):
        advice = "Put the missing file into that server's models folder, or choose one that it has; then send it again."
    elif error.get("type") in ("invalid_prompt", "missing_node_type") and "does not exist" in str(error) + str(answer):
        advice = "Install or update the node pack on that server, InverseCrafter among them."
    return InvalidWorkflow(f"{workflow.name} on {url}", "; ".join(found), advice, node_errors)


def _fault(graph: Graph, node: str, fault: dict[str, Any]) -> str:
    """Return one fault: the node by its title, the input, and what is wrong with it."""
    entry = graph.get(node, {})
    title = entry.get("_meta", {}).get("title") or entry.get("class_type", "")
    extra = fault.get("extra_info") or {}
    name, kind = extra.get("input_name", ""), fault.get("type", "")
    where = f"{title} (node {node})" + (f", {name}" if name else "")
    if kind == "value_not_in_list":
        offered = (extra.get("input_config") or [None])[0]
        options = offered if isinstance(offered, list) else (extra.get("input_config") or [None, {}])[1].get("options", [])
        more = f" and {len(options) - SHOWN} more" if len(options) > SHOWN else ""
        has = ", ".join(map(str, options[:SHOWN])) + more if options else "none"
        return f"{where}: the server has no '{extra.get('received_value')}'; it has {has}"
    return f"{where}: {fault.get('message', '')}: {fault.get('details', '')}".rstrip(": ")
