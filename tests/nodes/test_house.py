"""The rules of the house, checked: which room may know which, what ships, what files may say."""

from __future__ import annotations

import ast
import functools
import graphlib
import json
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CORE = ROOT / "inversecrafter_core"
HOST_MODULES = {
    "av",
    "latent_preview",
    "comfy",
    "comfy_api",
    "comfy_extras",
    "comfy_execution",
    "folder_paths",
    "nodes",
    "node_helpers",
    "server",
    "execution",
}
MAY_IMPORT = {
    "preview": {"sampling", "masks", "depth", "camera", "warp"},
    "clips": {"warp", "flow", "camera", "depth"},
    "editing": {"evaluation", "flow"},
    "sampling": {"inverse", "masks", "warp", "camera"},
    "inverse": {"masks", "warp", "camera"},
    "masks": {"warp", "camera", "flow"},
    "warp": {"camera"},
    "scene": {"camera"},
    "depth": {"camera", "flow"},
    "flow": set(),
    "camera": set(),
    "footage": set(),
    "evaluation": {"flow", "camera", "warp"},
}
BELOW_DATA = {"world", "host"}
BELOW_REPORTS = {"models", "data", "metrics", *BELOW_DATA}
LAB_WITH_CLIENT = {"host", "demo", "benchmarks", "graphs"}
"""Rooms of the lab that drive a server, by the client that ships."""
LAB_MAY_IMPORT = {
    "demo": {"graphs", *BELOW_REPORTS},
    "benchmarks": BELOW_REPORTS,
    "training": BELOW_REPORTS,
    "graphs": {"host"},
    "models": {"data", "metrics", *BELOW_DATA},
    "metrics": {"data", *BELOW_DATA},
    "data": BELOW_DATA,
    "world": set(),
    "host": set(),
}
IMPORT_NAMES = {"opencv-python": "cv2", "scikit-image": "skimage"}
LIBRARY = ("inversecrafter_core", "nodes", "inversecrafter_client")
ALL = (*LIBRARY, "lab")
LONGEST_FILE, LONGEST_FUNCTION, MOST_PARAMETERS, MOST_FILES = 400, 60, 8, 12


def python_files(*folders: str) -> list[Path]:
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def absolute_imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            found.add((node.module or "").split(".")[0])
    return found


def rooms_imported(path: Path) -> set[str]:
    """Rooms of the core that a file of the core imports, resolved from its relative imports."""
    package, found = list(path.relative_to(CORE).parts[:-1]), set()
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level + 1] + (node.module.split(".") if node.module else [])
            found |= {base[0]} if base else {alias.name for alias in node.names}
    return found & set(MAY_IMPORT)


def imported_names(node: ast.Import | ast.ImportFrom, package: list[str]) -> list[str]:
    """Modules that an import in ``package`` may name, by absolute names; of ``from a import b`` both ``a`` and ``a.b``."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    base = package[: len(package) - node.level + 1] if node.level else []
    source = ".".join([*base, *([node.module] if node.module else [])])
    return [source, *(f"{source}.{alias.name}" for alias in node.names)]


@functools.cache
def folder_imports() -> dict[str, dict[str, str]]:
    """Which folder of nodes, core and lab imports which other one, and one file that does."""
    modules = {".".join(path.relative_to(ROOT).with_suffix("").parts): path for path in python_files(*LIBRARY, "lab")}
    folders = {name.rpartition(".")[0] for name in modules}
    graph: dict[str, dict[str, str]] = {folder: {} for folder in folders}
    for name, path in modules.items():
        package = name.split(".")[:-1]
        for node in ast.walk(tree_of(path)):
            if not isinstance(node, ast.Import | ast.ImportFrom):
                continue
            for target in imported_names(node, package):
                folder = target if target in folders else target.rpartition(".")[0] if target in modules else None
                if folder not in (None, ".".join(package)):
                    graph[".".join(package)].setdefault(folder, name)
    return graph


def tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout, so the list of the project's files is not known")
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def test_the_core_never_imports_the_host():
    for path in python_files("inversecrafter_core"):
        imported = absolute_imports(path)
        assert not imported & HOST_MODULES, f"{path.name} imports {imported & HOST_MODULES}"
        assert "inversecrafter_core" not in imported, f"{path.name} imports the core by its absolute name"


def test_the_client_needs_neither_the_host_nor_the_pack():
    for path in python_files("inversecrafter_client"):
        imported = absolute_imports(path)
        assert not imported & {*HOST_MODULES, *LIBRARY, "lab", "torch", "numpy"}, path.name
        reached = {alias for node in ast.walk(tree_of(path)) if isinstance(node, ast.ImportFrom) for alias in [node.level]}
        assert max(reached) <= len(path.relative_to(ROOT).parts) - 1, f"{path.name} imports from above its package"


def test_the_rooms_of_the_core_import_one_way():
    assert {path.name for path in CORE.iterdir() if (path / "__init__.py").is_file()} == set(MAY_IMPORT)
    for path in python_files("inversecrafter_core"):
        parts = path.relative_to(CORE).parts
        if len(parts) == 1:
            continue
        wrong = rooms_imported(path) - MAY_IMPORT[parts[0]] - {parts[0]}
        assert not wrong, f"{'/'.join(parts)} imports {wrong}"


def test_the_rooms_of_the_lab_import_one_way():
    room_of = lambda folder: folder.split(".")[1] if folder.count(".") else ""  # noqa: E731
    assert {path.name for path in (ROOT / "lab").iterdir() if (path / "__init__.py").is_file()} == set(LAB_MAY_IMPORT)
    for folder, imports in folder_imports().items():
        if not folder.startswith("lab."):
            continue
        reached = {room_of(other): by for other, by in imports.items() if other.startswith("lab.")}
        wrong = {by for room, by in reached.items() if room not in LAB_MAY_IMPORT[room_of(folder)] | {room_of(folder)}}
        assert not wrong, f"{folder} imports backward, by {wrong}"


def test_the_lab_imports_the_client_where_it_drives_a_server():
    for folder, imports in folder_imports().items():
        if folder.startswith("lab.") and any(other.startswith("inversecrafter_client") for other in imports):
            assert folder.split(".")[1] in LAB_WITH_CLIENT, folder


def test_no_folder_imports_in_a_circle():
    """A folder and what lies in it are one room."""
    apart = lambda one, two: not f"{one}.".startswith(f"{two}.") and not f"{two}.".startswith(f"{one}.")  # noqa: E731
    graph = {folder: {other for other in imports if apart(folder, other)} for folder, imports in folder_imports().items()}
    tuple(graphlib.TopologicalSorter(graph).static_order())  # names the circle when there is one


def test_no_folder_is_crowded():
    for folder in {path.parent for path in python_files(*LIBRARY, "lab")}:
        files = [path for path in folder.glob("*.py") if path.name != "__init__.py"]
        assert len(files) <= MOST_FILES, f"{folder.relative_to(ROOT)} has {len(files)} files: make rooms"


def test_functions_take_few_parameters():
    for path in python_files(*LIBRARY, "lab"):
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.FunctionDef) and node.name != "execute":
                taken = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
                taken = [argument for argument in taken if argument.arg not in {"self", "cls"}]
                assert len(taken) <= MOST_PARAMETERS, f"{path}: {node.name} takes {len(taken)} parameters"


def test_how_much_of_the_source_is_the_product(capsys):
    lines = {name: sum(len(path.read_text(encoding="utf-8").splitlines()) for path in python_files(name)) for name in ALL}
    share = sum(lines[name] for name in LIBRARY) / sum(lines.values())
    with capsys.disabled():
        sys.stdout.write(f"\n{lines}, the product {share:.0%} of {sum(lines.values())} lines; two thirds are wanted\n")
    assert share > 0.44


def test_nodes_reach_the_core_relatively_and_nobody_imports_the_nodes():
    for path in python_files("nodes"):
        assert not absolute_imports(path) & {"inversecrafter_core", "nodes"}, path.name
    for path in python_files("lab", "inversecrafter_core", "inversecrafter_client"):
        relative_to_nodes = re.search(r"^\s*(from|import) (\.+nodes|nodes)\b", path.read_text(encoding="utf-8"), re.MULTILINE)
        assert not relative_to_nodes, f"{path.name} imports the nodes"


def test_the_nodes_are_v3_only():
    for path in [ROOT / "__init__.py", *python_files("nodes")]:
        assert "NODE_CLASS_MAPPINGS" not in path.read_text(encoding="utf-8"), path.name


def test_the_library_logs_and_never_prints():
    for path in python_files(*LIBRARY):
        calls = [node for node in ast.walk(tree_of(path)) if isinstance(node, ast.Call)]
        assert not [call for call in calls if isinstance(call.func, ast.Name) and call.func.id in {"print", "eval", "exec"}], (
            path
        )


def test_no_import_hides_in_a_try_block():
    for path in python_files(*LIBRARY):
        for block in [node for node in ast.walk(tree_of(path)) if isinstance(node, ast.Try)]:
            assert not [node for node in block.body if isinstance(node, ast.Import | ast.ImportFrom)], f"{path}:{block.lineno}"


def test_no_pickles_are_read():
    for path in python_files(*LIBRARY):
        text = path.read_text(encoding="utf-8")
        assert "torch.load(" not in text and "import pickle" not in text and "allow_pickle=True" not in text, path


def test_files_and_functions_stay_readable():
    for path in python_files(*LIBRARY, "lab", "tests"):
        assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_FILE, path
    for path in python_files(*LIBRARY, "lab"):
        for node in ast.walk(tree_of(path)):
            if isinstance(node, ast.FunctionDef) and not node.name.endswith(("define_schema", "_inputs")):  # lists of sockets
                assert node.end_lineno - node.lineno < LONGEST_FUNCTION, f"{path}: {node.name} is too long"


def test_imports_stand_at_the_top():
    late = "noqa: " + "E402"
    assert not [path for path in python_files(*LIBRARY, "lab", "tests") if late in path.read_text(encoding="utf-8")]


def test_every_module_says_what_it_is_for():
    for path in python_files(*LIBRARY, "lab"):
        assert ast.get_docstring(tree_of(path)), f"{path} has no docstring"


def test_requirements_equal_the_project_file():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["dependencies"]
    lines = (ROOT / "requirements.txt").read_text().splitlines()
    assert sorted(line.strip() for line in lines if line.strip() and not line.startswith("#")) == sorted(declared)
    assert not [entry for entry in declared if re.search(r"[=<>~!]", entry)], "pin nothing that the host pins"


def test_what_the_library_imports_is_what_the_project_file_declares():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    optional = {name for group in project["optional-dependencies"].values() for name in group}
    declared = {IMPORT_NAMES.get(name, name) for name in project["dependencies"]}
    imported = set().union(*(absolute_imports(path) for path in python_files(*LIBRARY)))
    foreign = imported - set(sys.stdlib_module_names) - HOST_MODULES
    assert declared <= foreign, f"declared and never imported: {declared - foreign}"
    assert foreign <= declared | optional, f"imported and not declared: {foreign - declared - optional}"


def test_the_project_file_has_what_the_registry_asks_for():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project, comfy = settings["project"], settings["tool"]["comfy"]
    assert re.fullmatch(r"[a-z][a-z0-9-]{2,99}", project["name"]) and "comfyui" not in project["name"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", project["version"])
    assert (ROOT / project["license"]["file"]).read_text().lstrip().startswith("Apache License")
    assert (ROOT / project["readme"]).is_file()
    assert len(project["description"]) > 20
    assert {"Repository", "Documentation", "Bug Tracker"} <= set(project["urls"])
    assert comfy["PublisherId"] and comfy["DisplayName"] and comfy["requires-comfyui"] == ">=0.3.75"
    for picture in ("Icon", "Banner"):
        assert comfy[picture].startswith("https://") and (ROOT / "web" / comfy[picture].rpartition("/")[2]).is_file()


def test_the_host_reads_the_project_file(pack):
    from comfy_config.config_parser import extract_node_configuration

    read = extract_node_configuration(str(ROOT))
    assert read.project.name == "inversecrafter"
    assert read.project.supported_os and read.project.supported_accelerators
    assert read.project.supported_comfyui_version == ">=0.3.75"


def test_every_workflow_has_its_picture_its_api_form_its_pack_and_a_note():
    shipped = sorted((ROOT / "workflows").glob("*.json"))
    assert shipped
    for path in shipped:
        api = path.name.replace("start_here", "recapture")  # which it is, as one node
        assert path.with_suffix(".jpg").is_file() and (ROOT / "workflows" / "api" / api).is_file(), path.stem
        graph = json.loads(path.read_text(encoding="utf-8"))
        inside = [node for one in graph.get("definitions", {}).get("subgraphs", []) for node in one["nodes"]]
        nodes = graph["nodes"] + inside
        ours = [node for node in nodes if node["type"].startswith("InverseCrafter")]
        assert ours and all(node["properties"].get("cnr_id") == "inversecrafter" for node in ours), path.stem
        notes = " ".join(str(node.get("widgets_values")) for node in nodes if node["type"].endswith("Note"))
        folders = {folder for folder in ("checkpoints", "diffusion_models", "vae") if f"models/{folder}" in notes}
        assert folders >= {"diffusion_models", "vae"} or folders == {"checkpoints"}, path.stem
        assert "https://" in notes, path.stem


def test_only_the_grid_and_the_hosts_room_know_sizes_of_latent_frames_and_cells():
    """Nothing else divides frames or pixels by 4, 8, 16 or 32: a latent grid says how many."""
    found = []
    for path in python_files(*LIBRARY):
        if path.name == "latent_grid.py" or path.parent == ROOT / "nodes" / "host":
            continue
        for node in ast.walk(tree_of(path)):
            divides = isinstance(node, ast.BinOp) and isinstance(node.op, ast.FloorDiv | ast.Mod)
            if divides and isinstance(node.right, ast.Constant) and node.right.value in (4, 8, 16, 32):
                found.append(f"{path.relative_to(ROOT)}:{node.lineno}: {ast.unparse(node)}")
    assert not found, found


def test_no_file_names_a_machine():
    private = re.compile(r"/work/|/root/|/home/[a-z]|/tmp/|/Users/[a-z]|[A-Z]:\\\\Users")
    for path in tracked():
        if path.suffix in {".safetensors", ".png", ".jpg", ".mp4", ".webp"} or path == Path(__file__).resolve():
            continue
        found = private.search(path.read_text(encoding="utf-8", errors="replace"))
        assert not found, f"{path.relative_to(ROOT)} says {found.group()!r}"


def test_the_embedded_weights_are_offered_by_the_stock_loaders(pack):
    import folder_paths

    for folder in ("vae", "diffusion_models"):
        ours = sorted(path.name for path in (ROOT / "weights" / folder).glob("*.safetensors"))
        assert set(ours) <= set(folder_paths.get_filename_list(folder))
        assert str(ROOT / "weights" / folder) in folder_paths.get_folder_paths(folder)


def test_the_mask_encoder_folder_lists_safetensors_only(pack):
    import folder_paths

    _, extensions = folder_paths.folder_names_and_paths["inversecrafter_mask_encoders"]
    assert extensions == {".safetensors"}
