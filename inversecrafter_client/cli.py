"""The command line: ``run`` a workflow, run a ``batch``, ``list`` workflows and their inputs, ``cancel`` jobs."""

from __future__ import annotations

import argparse
import contextlib
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from .batch import Options, Start, Summary, run_batch
from .client import LOCAL, Client
from .errors import ClientError, InvalidOverride, JobLost, ResultExists, UnknownOverride, nearest
from .events import Progress, StatusChange
from .files import numbered_name
from .jobs import Job
from .workflows import ON_SERVER, Workflow, is_link, names

ATTEMPTS = 3
INTERRUPTED = 130
"""Exit status after Ctrl-C, as shells have it."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; return 0, 1 after an error, 130 after Ctrl-C."""
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    given = list(sys.argv[1:] if arguments is None else arguments)
    parser = _parser()
    try:
        chosen, rest = parser.parse_known_args(given)
        if rest and chosen.command != "run":
            parser.error(f"unknown options: {' '.join(rest)}")
        return int(chosen.act(chosen, rest) if chosen.command == "run" else chosen.act(chosen))
    except ClientError as problem:
        _say(f"{problem}", sys.stderr)
        return 1
    except KeyboardInterrupt:
        _say("stopped", sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # `... list | head`
        sys.stdout = None
        return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="inversecrafter_client", description=__doc__.partition("\n")[0], allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser("run", help="run one workflow and save its result", allow_abbrev=False, add_help=False)
    run.add_argument("workflow", nargs="?", help="a name that `list` shows, or a file in API form")
    run.set_defaults(act=_run)
    batch = commands.add_parser(
        "batch", help="deliver every job of a table, each once; run it again to go on", allow_abbrev=False
    )
    batch.add_argument("manifest", type=Path, help="a .csv with a header, or a .jsonl")
    batch.add_argument("--server", action="append", help=f"address of a ComfyUI, once for each; {LOCAL} by default")
    batch.add_argument(
        "--start", metavar="COMMAND", help="start servers for the batch: main.py --port {port} --cuda-device {number}"
    )
    batch.add_argument("--count", type=int, default=1, help="how many servers to start, 1 by default")
    batch.add_argument("--workflow", help="of rows that name none")
    batch.add_argument("--rename", action="store_true", help="where a result's name is taken, take name-2, name-3, …")
    batch.add_argument("--timeout", type=float, default=60, help="seconds without an answer, 60 by default")
    batch.add_argument(
        "--patience", type=float, default=600, help="seconds without any server before giving up, 600 by default"
    )
    batch.add_argument(
        "--ray", nargs="?", const="local", metavar="ADDRESS", help="run on a Ray cluster: its address, or a new one"
    )
    batch.set_defaults(act=_batch)
    listed = commands.add_parser("list", help="show the workflows, or the inputs of one")
    listed.add_argument("workflow", nargs="?")
    listed.set_defaults(act=_list)
    cancel = commands.add_parser("cancel", help="cancel jobs; without one show those that run and wait")
    cancel.add_argument("job", nargs="*", help="ids, or 'all'")
    cancel.add_argument("--server", default=LOCAL)
    cancel.set_defaults(act=_cancel)
    return parser


def _run(chosen: argparse.Namespace, rest: list[str]) -> int:
    if not chosen.workflow:
        _run_parser("WORKFLOW").print_help()
        return 0 if {"-h", "--help"} & set(rest) else 2
    workflow = Workflow.named(chosen.workflow)
    values = _run_options(workflow, rest)
    out, rename, chosen_result = Path(values.pop("out")), values.pop("rename"), values.pop("result")
    node, left = workflow.result_node(chosen_result), workflow.other_results(chosen_result)
    server, others = values.pop("server"), [text.partition("=") for text in values.pop("set") or []]
    for name, value in [*values.items(), *((place, value) for place, _, value in others)]:
        if value is not None:
            workflow.set(name, value)
    if out.exists() and not rename:
        raise ResultExists(str(out), "exists", "Remove it, choose another name, or add --rename.")
    if left and chosen_result is None:
        _say(f"{workflow.name} has other results, which are not made: add --result {' or --result '.join(left)}.", sys.stderr)
    with Client(server) as client:
        for saved in _saved(client, workflow.only(node), node, out, rename):
            _say(str(saved))
    return 0


def _saved(client: Client, workflow: Workflow, node: str, out: Path, rename: bool) -> list[Path]:
    """Return the files of a workflow's result, made again where the job was done before and the server's file is gone."""
    job = _ended(client, workflow)
    made = job.require_outputs(node)
    gone = next((one.name for one in made if not one.exists()), None)
    if gone is not None:
        _say(f"job {job.id}: the server has {gone} no longer. It is made again.", sys.stderr)
        client.renew(job.id)
        made = _ended(client, workflow).require_outputs(node)
    first = made[0].to_file(out, rename=rename)
    others = [
        one.to_file(numbered_name(first, number, len(made), Path(one.name).suffix), rename=True)
        for number, one in enumerate(made[1:], 2)
    ]
    return [first, *others]


def _ended(client: Client, workflow: Workflow) -> Job:
    """Return the job that made a workflow's result, sent again where the server was restarted in the middle of it."""
    for _ in range(ATTEMPTS - 1):
        try:
            return _watched(client.submit(workflow, once=True))
        except JobLost as problem:
            _say(f"{problem.name}: {problem.found}. It is sent again.", sys.stderr)
    return _watched(client.submit(workflow, once=True))


def _run_parser(title: str) -> argparse.ArgumentParser:
    """Return the options that every run has."""
    about = "Run a workflow and save its result. Each named input of the workflow is an option: name it and ask --help."
    parser = argparse.ArgumentParser(prog=f"inversecrafter_client run {title}", description=about, allow_abbrev=False)
    parser.add_argument("--out", required=True, help="where the result goes; never overwritten")
    parser.add_argument("--server", default=LOCAL, help=f"address of a ComfyUI, {LOCAL} by default")
    parser.add_argument("--rename", action="store_true", help="where the name is taken, take name-2, name-3, …")
    parser.add_argument("--result", help="which result, where a workflow has several")
    parser.add_argument("--set", action="append", metavar="NODE.INPUT=VALUE", help="any other input, by a node's title or id")
    return parser


def _run_options(workflow: Workflow, rest: list[str]) -> dict[str, Any]:
    """Return the options of a run: those of every run, and one for each named input of the workflow."""
    parser = _run_parser(workflow.name)
    for name, one in workflow.inputs.items():
        kind = f"a file; {ON_SERVER}NAME for one on the server" if one.upload else _shown(workflow, name)
        text = f"{one.about} ({kind})".replace("%", "%%")
        parser.add_argument(f"--{name.replace('_', '-')}", dest=name, metavar="FILE" if one.upload else "VALUE", help=text)
    if {"width", "height"} <= set(workflow.inputs):
        parser.add_argument("--size", metavar="WIDTHxHEIGHT", help="width and height at once")
    values, unknown = parser.parse_known_args(rest)
    if unknown:
        name = unknown[0].lstrip("-").partition("=")[0]
        raise UnknownOverride(unknown[0], f"no input of {workflow.name}", nearest(name, [*workflow.inputs, "size"]))
    return vars(values)


def _watched(job: Job) -> Job:
    """Show a job's progress until it has ended, and return its result; Ctrl-C cancels it on the server."""
    try:
        with tqdm(desc=job.status, unit="step", leave=False, disable=None) as bar:
            for event in job.events():
                if isinstance(event, StatusChange):
                    place = f", {event.queue_position} before it" if event.queue_position else ""
                    bar.set_description(f"{event.status}{place}")
                elif isinstance(event, Progress) and event.steps:
                    bar.set_description(event.message or "running")
                    bar.total, bar.n = event.steps, event.step
                    bar.refresh()
    except KeyboardInterrupt:
        with contextlib.suppress(ClientError):
            job.cancel()
        raise
    return job.result()


def _batch(chosen: argparse.Namespace) -> int:
    keys = ("workflow", "rename", "timeout", "patience", "ray")
    options = Options(**{key: getattr(chosen, key) for key in keys})
    with tqdm(desc="batch", unit="job", disable=None) as bar:

        def show(summary: Summary, count: int) -> None:
            bar.total, bar.n = count, len(summary.made) + len(summary.kept) + len(summary.failed)
            bar.refresh()

        summary = run_batch(chosen.manifest, _servers(chosen), options, show)
    for path, problem in summary.failed.items():
        _say(f"{path.name}: {problem}", sys.stderr)
    for path, others in summary.beside.items():
        _say(f"{path.name}: {len(others)} more files beside it, to {others[-1].name}", sys.stderr)
    for line in summary.left:
        _say(line, sys.stderr)
    _say(f"{len(summary.made)} made, {len(summary.kept)} were there, {len(summary.failed)} failed")
    return 1 if summary.failed else 0


def _servers(chosen: argparse.Namespace) -> list[str | Start]:
    """Return the servers of a batch: those that run, and those to start."""
    servers: list[str | Start] = list(chosen.server or [])
    if chosen.start and chosen.count < 1:
        raise InvalidOverride("--count", str(chosen.count), "Give at least 1, or leave --start out.")
    for number in range(chosen.count if chosen.start else 0):
        log = chosen.manifest.resolve().with_name(f"{chosen.manifest.name}.server_{number}.log")
        servers.append(Start(chosen.start, number, log))
    return servers or [LOCAL]


def _list(chosen: argparse.Namespace) -> int:
    if chosen.workflow is None:
        for name in names():
            _say(f"{name:32} {', '.join(Workflow.named(name).inputs)}")
        return 0
    workflow = Workflow.named(chosen.workflow)
    for name, one in workflow.inputs.items():
        _say(f"{name:16} {'a file' if one.upload else _shown(workflow, name):32} {one.about}")
    return 0


def _shown(workflow: Workflow, name: str) -> str:
    value = workflow.get(name)
    return "linked" if is_link(value) else repr(value)


def _cancel(chosen: argparse.Namespace) -> int:
    with Client(chosen.server) as client:
        jobs = client.list_jobs()
        if not chosen.job:
            for job in jobs:
                _say(f"{job.id} {job.status}")
            return 0
        wanted = [job.id for job in reversed(jobs)] if chosen.job == ["all"] else chosen.job
        unknown = set(wanted) - {job.id for job in jobs}
        for job_id in wanted:
            client.cancel(job_id)
            _say(f"{job_id} {'neither runs nor waits' if job_id in unknown else 'cancelled'}")
        return 1 if unknown else 0


def _say(text: str, stream: Any = None) -> None:
    (stream or sys.stdout).write(text + "\n")
