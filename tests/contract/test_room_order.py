"""Rooms know only the rooms above them, and making a video never needs torch.

types
bundle · weights · media
face · audio · latent · motion · provenance      (rooms on one line do not know each other)
data · metrics
train · engine                      (engine never imports data or train)
server · client
commands
cli
"""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import openvasa

SRC = Path(openvasa.__file__).parent
FLOORS = {
    "__init__": 10,  # names every room's public part, but imports none of it before it is used
    "types": 0,
    "bundle": 1,
    "weights": 2,
    "media": 2,
    "face": 3,
    "audio": 3,
    "latent": 3,
    "motion": 3,
    "provenance": 3,
    "data": 4,
    "metrics": 4,
    "engine": 5,
    "train": 5,
    "server": 6,
    "client": 6,
    "commands": 7,
    "cli": 8,
    "__main__": 9,
}
# What `pip install openvasa` brings; torch and the like come with the extra `train`.
CORE = {
    "numpy", "PIL", "av", "onnxruntime", "safetensors", "ai_edge_litert", "numba", "tqdm", "c2pa",
    "cryptography",
}  # fmt: skip
# Training's own verbs and the rooms that define networks may import torch.
ANIMATE_ENTRY = (
    "openvasa.commands.animate", "openvasa.commands.dub", "openvasa.commands.edit",
    "openvasa.commands.reenact", "openvasa.engine.animator",
)  # fmt: skip


def _modules() -> dict[str, Path]:
    """Dotted name -> file of everything in the package."""
    found = {}
    for file in sorted(SRC.rglob("*.py")):
        parts = ["openvasa", *file.relative_to(SRC).with_suffix("").parts]
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


def _imports(file: Path, modules: dict[str, Path]) -> Iterator[str]:
    """Dotted names that a file imports anywhere in it, submodules resolved."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            inner = [f"{node.module}.{name.name}" for name in node.names]
            yield from [name for name in inner if name in modules] or [node.module]


def _room(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def test_rooms_know_only_the_rooms_above() -> None:
    modules = _modules()
    wrong = []
    for module, file in modules.items():
        here = _room(module)
        assert here in FLOORS, f"a new room '{here}': give it a floor in this test"
        for name in _imports(file, modules):
            if name == "openvasa" or not name.startswith("openvasa."):
                continue
            there = _room(name)
            if there != here and FLOORS[there] >= FLOORS[here]:
                wrong.append(f"{module} imports {name}")
    assert not wrong, "\n".join(wrong)


def test_animating_needs_the_core_alone() -> None:
    modules = _modules()
    waiting = [name for name in ANIMATE_ENTRY if name in modules]
    seen: set[str] = set()
    wrong = []
    while waiting:
        module = waiting.pop()
        if module in seen:
            continue
        seen.add(module)
        assert module in modules, f"{module} is imported, and does not exist"
        # Importing a.b.c runs a and a.b too.
        parents = [module.rsplit(".", depth)[0] for depth in range(1, module.count(".") + 1)]
        names = [*_imports(modules[module], modules), *parents] if module != "openvasa" else []
        for name in names:
            top = name.split(".")[0]
            if top == "openvasa":
                waiting.append(name)
            elif top not in CORE and top not in sys.stdlib_module_names:
                wrong.append(f"{module} imports {name}")
            if _room(name) in ("data", "train", "metrics") and top == "openvasa":
                wrong.append(f"{module} imports {name}")
    assert not wrong, "\n".join(wrong)


def test_torch_is_never_loaded_to_animate() -> None:
    entry = [name for name in ANIMATE_ENTRY if name in _modules()]
    code = f"import sys, {', '.join(entry)}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_no_catch_all_files() -> None:
    banned = {"utils", "util", "common", "helper", "helpers", "misc", "manager", "wrapper"}
    assert not banned & {file.stem for file in SRC.rglob("*.py")}
