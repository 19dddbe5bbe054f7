"""A picture becomes a frame in one function, which marks it; nothing goes around that."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import openvasa
from marked_pictures import picture
from openvasa.engine.render import Renderer, no_timer
from openvasa.provenance.frame_marks import FrameMarks
from openvasa.provenance.pixel_mark import read_image

SRC = Path(openvasa.__file__).parent
ID = 0xA1B2C3D4E5F6


def _functions() -> Iterator[tuple[str, ast.FunctionDef]]:
    """Every function of the package as file:name, with its body."""
    for file in sorted(SRC.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef):
                yield f"{file.relative_to(SRC).as_posix()}:{node.name}", node


def _calls(node: ast.AST) -> set[str]:
    called = (inner.func for inner in ast.walk(node) if isinstance(inner, ast.Call))
    return {f.id if isinstance(f, ast.Name) else getattr(f, "attr", "") for f in called}


@pytest.mark.parametrize("label", [False, True])
@pytest.mark.parametrize("shape", [(160, 160), (256, 256), (512, 512), (720, 1280)])
def test_the_one_way_out_marks_each_single_frame(shape: tuple[int, int], label: bool) -> None:
    renderer = object.__new__(Renderer)
    renderer.marks, renderer._timer = FrameMarks(ID, label=label), no_timer
    image = picture(*shape)
    frame = renderer._release(image, 7)
    assert frame.index == 7 and not np.array_equal(frame.image, image)
    assert read_image(frame.image).payload == ID


def test_there_is_one_way_out() -> None:
    """Only `_release` makes a `Frame`, and nobody replaces it or the marks' own call."""
    makers = [name for name, node in _functions() if "Frame" in _calls(node)]
    assert makers == ["engine/render.py:_release"]
    named = [name for name, _ in _functions() if name.endswith(":_release")]
    assert named == makers


def test_who_draws_a_face_releases_it() -> None:
    """`_animate` is what makes the picture of a moved face; measuring alone sees it unmarked."""
    callers = [
        name
        for name, node in _functions()
        if any(isinstance(at, ast.Attribute) and at.attr == "_animate" for at in ast.walk(node))
    ]
    bodies = dict(_functions())
    loose = [name for name in callers if "_release" not in _calls(bodies[name])]
    measuring = [
        "commands/evaluate_latent_frames.py:before_marks"
    ]  # of a command, not of the engine
    assert len(callers) > len(loose)
    assert loose == measuring, f"{loose} let a picture out without its marks"


def test_only_measuring_sees_a_frame_before_its_marks() -> None:
    users = {name.split(":")[0] for name, node in _functions() if "before_marks" in _calls(node)}
    assert users and all(user.startswith("commands/evaluate_latent_") for user in users)
