"""The nodes, called as ComfyUI calls them: by class, from declared inputs to declared outputs."""

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from openvasa.provenance.pixel_mark import read_frames
from tiny_model import tiny_bundle, tiny_face, tone

NODES = Path(__file__).parents[3] / "integrations" / "comfyui" / "__init__.py"


class Bar:
    """As `comfy.utils.ProgressBar`."""

    done = 0

    def __init__(self, total: int) -> None:
        self.total = total

    def update(self, step: int) -> None:
        self.update_absolute(Bar.done + step)

    def update_absolute(self, value: int, total: int | None = None) -> None:
        Bar.done = value


@pytest.fixture
def nodes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    if not NODES.is_file():
        pytest.skip("the nodes are not beside the tests")
    output, temporary = tmp_path / "output", tmp_path / "temp"
    output.mkdir()
    paths = SimpleNamespace(
        get_output_directory=lambda: str(output),
        get_temp_directory=lambda: str(temporary),
        get_save_image_path=lambda prefix, folder, width, height: (folder, prefix, 1, "", prefix),
    )
    monkeypatch.setitem(sys.modules, "folder_paths", paths)  # type: ignore[arg-type]
    monkeypatch.setitem(sys.modules, "comfy", ModuleType("comfy"))
    monkeypatch.setitem(sys.modules, "comfy.utils", SimpleNamespace(ProgressBar=Bar))  # type: ignore[arg-type]
    sys.modules["comfy"].utils = sys.modules["comfy.utils"]  # type: ignore[attr-defined]
    # What a stranger's face is found by is not under test.
    monkeypatch.setattr("openvasa.engine.animator.find_face", lambda photo, face: tiny_face())
    spec = importlib.util.spec_from_file_location("custom_node_of_any_name", NODES)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _execute(kind: type, **given: Any) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """As ComfyUI's executor: defaults for fields, sockets by name, outputs by type."""
    inputs = {}
    for name, (wanted, *more) in kind.INPUT_TYPES()["required"].items():
        default = wanted[0] if isinstance(wanted, list) else dict(*more).get("default")
        inputs[name] = given.pop(name, default)
        assert inputs[name] is not None, f"{name} is not connected"
    assert not given
    made = getattr(kind(), kind.FUNCTION)(**inputs)
    result, shown = (made["result"], made["ui"]) if isinstance(made, dict) else (made, {})
    assert len(result) == len(kind.RETURN_TYPES) == len(kind.RETURN_NAMES)
    return result, shown


@pytest.fixture
def avatar(nodes: ModuleType) -> Any:
    kind = nodes.NODE_CLASS_MAPPINGS["OpenVasaPortrait"]
    picture = torch.rand(1, 96, 128, 3)
    return _execute(kind, image=picture, model=str(tiny_bundle()))[0][0]


@pytest.fixture
def sound() -> dict[str, Any]:
    wave = torch.from_numpy(np.repeat(tone(0.4), 3))
    return {"waveform": wave.expand(1, 2, -1), "sample_rate": 48_000}


def test_every_node_has_a_name(nodes: ModuleType) -> None:
    assert set(nodes.NODE_CLASS_MAPPINGS) == set(nodes.NODE_DISPLAY_NAME_MAPPINGS)
    for kind in nodes.NODE_CLASS_MAPPINGS.values():
        assert kind.CATEGORY == "openvasa" and callable(getattr(kind, kind.FUNCTION))


def test_frames_are_pictures_with_marks(nodes: ModuleType, avatar: Any, sound: Any) -> None:
    kind = nodes.NODE_CLASS_MAPPINGS["OpenVasaFrames"]
    (images, mask, heard, fps), _ = _execute(
        kind, avatar=avatar, audio=sound, steps=1, size=256, aspect="1:1"
    )
    assert images.shape == (10, 256, 256, 3) and mask.shape == (10, 256, 256)
    assert images.dtype == torch.float32 and 0 <= images.min() and images.max() <= 1
    assert not mask.any() and heard is sound and fps == 25.0 and Bar.done == 10
    frames = [np.rint(255 * image.numpy()).astype(np.uint8) for image in images]
    assert read_frames(frames, 25.0).payload is not None


def test_a_transparent_background_gives_a_mask(nodes: ModuleType, avatar: Any, sound: Any) -> None:
    matte = np.ones((512, 512), np.float32)
    matte[:40] = 0
    held = (avatar[0], replace(avatar[1], matte=matte))
    kind = nodes.NODE_CLASS_MAPPINGS["OpenVasaFrames"]
    (_, mask, _, _), _ = _execute(
        kind, avatar=held, audio=sound, steps=1, size=128, background="transparent"
    )
    assert mask[:, 0].min() == 1 and mask[:, 64].max() == 0


def test_a_video_is_signed_and_shown(nodes: ModuleType, avatar: Any, sound: Any) -> None:
    kind = nodes.NODE_CLASS_MAPPINGS["OpenVasaVideo"]
    (path,), shown = _execute(kind, avatar=avatar, audio=sound, steps=1, size=128, prefix="a")
    assert kind.OUTPUT_NODE and Path(path).name == "a_00001.mp4" and Path(path).is_file()
    assert shown["images"][0]["filename"] == "a_00001.mp4"
    assert b"c2pa" in Path(path).read_bytes()
