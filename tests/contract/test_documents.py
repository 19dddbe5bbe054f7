"""The documents tell the truth: their commands parse, their Python names exist, links resolve."""

from __future__ import annotations

import ast
import re
import shlex
import subprocess
import tomllib
from pathlib import Path

import pytest

import openvasa
from openvasa import cli

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def test_readme_commands_parse() -> None:
    lines = [line for block in _blocks("sh") for line in block.splitlines()]
    commands = [shlex.split(line, comments=True) for line in lines]
    ours = [words for words in commands if words and words[0].endswith("openvasa")]
    assert ours
    for _, verb, *words in ours:
        cli.create_parser(verb).parse_args(cli._joined(words))


def test_readme_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for target in re.findall(r"^make ([a-z]+)", "\n".join(_blocks("sh")), re.MULTILINE):
        assert re.search(rf"^{target}:", makefile, re.MULTILINE), target


def test_readme_python_uses_public_names() -> None:
    blocks = _blocks("python")
    assert blocks
    for block in blocks:
        for node in ast.walk(ast.parse(block)):
            if isinstance(node, ast.ImportFrom) and node.module == "openvasa":
                assert {name.name for name in node.names} <= set(openvasa.__all__)


def test_readme_lists_every_flag_of_animate() -> None:
    for flag in re.findall(r"--[a-z]+", cli.create_parser("animate").format_usage()):
        assert f"`{flag}" in README, f"README's table of flags lacks {flag}"


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_local_links_resolve(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for link in re.findall(r"\]\((?!https?:|#)([^)#\s]+)", text):
        assert (document.parent / link).exists(), f"{document.name} links to {link}"


def test_no_machine_paths() -> None:
    """No tracked file speaks of a folder that only one machine has."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("not a git checkout")
    pattern = re.compile(r"(?<![\w.])/(?:work|root|home/\w+|Users/\w+|mnt|opt)/")
    wrong = []
    for name in filter(None, listed.stdout.split("\0")):
        file = ROOT / name
        if not file.is_file() or file.suffix in (".onnx", ".safetensors", ".tflite", ".npz"):
            continue
        try:
            text = file.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture or a recording
        wrong += [f"{name}: {found.group()}" for found in pattern.finditer(text)]
    assert not wrong, "\n".join(wrong)


def test_core_dependencies_are_those_of_the_contract() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    names = {re.match(r"[\w-]+", entry).group() for entry in project["dependencies"]}
    assert names == {
        "numpy",
        "pillow",
        "av",
        "onnxruntime",
        "safetensors",
        "ai-edge-litert",
        "numba",
        "tqdm",
        "c2pa-python",
        "cryptography",
    }
