"""No frame leaves the package unmarked, and no file leaves a command unsigned."""

from __future__ import annotations

import ast
import sys
import wave
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

import openvasa
from openvasa import Animator, cli
from openvasa.media.image import save_png
from openvasa.media.video import read_video
from openvasa.provenance.credentials import read_credentials
from openvasa.provenance.frame_marks import FrameMarks
from openvasa.provenance.pixel_mark import read_frames
from openvasa.types import Image
from tiny_model import tiny_bundle, tiny_face, tone

SRC = Path(openvasa.__file__).parent
ID = 0xFEDCBA987654
# Verbs that write no talking face: measures, stores, models and verdicts. What `serve` sends and
# signs is in test_server.py.
OTHER_VERBS = {
    "bench", "evaluate", "export", "motion", "prepare-data", "serve", "train", "verify",
}  # fmt: skip


@pytest.fixture(scope="module")
def animator() -> Animator:
    return Animator.load(tiny_bundle())


@pytest.fixture(scope="module")
def avatar(animator: Animator) -> openvasa.Avatar:
    return animator._encode(tiny_face(192))


def _read(frames: Iterator[Image]) -> int | None:
    return read_frames(frames, 25.0).payload


def test_every_way_out_of_the_engine_is_marked(animator, avatar, tmp_path: Path) -> None:
    sound, marks = tone(1.0), FrameMarks(ID)
    options = {"marks": marks, "size": 256, "steps": 2}
    clip = animator.animate(avatar, sound, **options)
    assert _read(frame.image for frame in clip.frames()) == ID
    clip.save(tmp_path / "a.mp4")
    assert _read(read_video(tmp_path / "a.mp4")) == ID
    with animator.stream(avatar, **options) as session:
        made = [*session.push(sound), *session.flush()]
    assert _read(frame.image for frame in made) == ID
    default = animator.animate(avatar, sound, size=256, steps=2)
    assert _read(frame.image for frame in default.frames()) == default.origin.content_id


def test_saving_from_python_signs(animator, avatar, tmp_path: Path) -> None:
    clip = animator.animate(avatar, tone(0.2), size=128, steps=2)
    clip.save(tmp_path / "a.mp4")
    found = read_credentials(tmp_path / "a.mp4")
    assert found.synthetic and found.content_id == clip.origin.content_id
    assert found.model is not None and found.model["name"] == animator.bundle.name


def test_frames_are_made_in_one_place() -> None:
    """Whoever makes a `Frame` elsewhere would leave the marks out."""
    makers = []
    for file in sorted(SRC.rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                makers += [file.name] if node.func.id == "Frame" else []
    assert makers == ["render.py"]


def test_every_verb_that_writes_a_face_releases_it_signed() -> None:
    for verb, about in cli.VERBS.items():
        if verb not in OTHER_VERBS:
            source = (SRC / "commands" / f"{about.home.rsplit('.', 1)[1]}.py").read_text()
            assert "add_flags(parser)" in source and "provenance.release" in source, verb


def test_animate_s_file_has_all_layers(
    animator, avatar, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Fake:
        bundle = animator.bundle
        load = classmethod(lambda cls, model: cls())
        prepare = staticmethod(lambda photo, face=None: avatar)
        animate = staticmethod(animator.animate)

    monkeypatch.setitem(sys.modules, "openvasa.engine.animator", SimpleNamespace(Animator=Fake))
    portrait, output = tmp_path / "ada.png", tmp_path / "a.mp4"
    save_png(portrait, avatar.photo)
    sound = tmp_path / "a.wav"
    pcm = (tone(1.0) * 32767).astype("<i2")
    with wave.open(str(sound), "wb") as out:
        out.setparams((1, 2, 16_000, len(pcm), "NONE", ""))
        out.writeframes(pcm.tobytes())
    words = ["animate", str(portrait), str(sound), "-o", str(output), "--steps", "1"]
    assert cli.main([*words, "--size", "256", "--consent", "Nobody is shown."]) == 0
    found = read_credentials(output)
    frames = list(read_video(output))
    assert found.synthetic and found.ingredients == ("portrait 1",)
    assert found.consent is not None and found.consent["text"] == "Nobody is shown."
    assert _read(iter(frames)) == found.content_id
    plate = frames[0][-24:, 8:70].astype(int)  # the label: white letters on a dark plate
    assert np.ptp(plate) > 120
