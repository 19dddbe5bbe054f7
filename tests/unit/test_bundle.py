"""A model folder is what was written, byte for byte, or is refused with the file's name."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from openvasa import weights
from openvasa.bundle import Bundle, read_bundle, write_bundle
from openvasa.types import InputError
from openvasa.weights import load_model, shipped_models

WEIGHTS = {
    "denoiser": {
        "a.weight": np.linspace(-2, 2, 12, dtype=np.float32).reshape(3, 4),
        "steps": np.arange(3, dtype=np.int64),
    },
    "audio": {"b": np.ones(5, np.float64)},
}


@pytest.fixture
def bundle(tmp_path: Path) -> Bundle:
    return write_bundle(
        tmp_path / "models" / "tiny",
        name="tiny",
        license="Apache-2.0",
        config={"motion": {"width": 64, "mean": [0.0, 1.5]}},
        tensors=WEIGHTS,
        graphs={"denoiser": b"a graph"},
    )


def test_roundtrip(bundle: Bundle) -> None:
    assert (bundle.name, bundle.license) == ("tiny", "Apache-2.0")
    assert bundle.networks == ("audio", "denoiser")
    assert bundle.section("motion") == {"width": 64, "mean": [0.0, 1.5]}
    assert bundle.graph("denoiser").read_bytes() == b"a graph"
    tensors = bundle.tensors("denoiser")
    assert tensors["a.weight"].dtype == np.float32
    assert np.allclose(tensors["a.weight"], WEIGHTS["denoiser"]["a.weight"], atol=1e-3)
    assert np.array_equal(tensors["steps"], WEIGHTS["denoiser"]["steps"])
    assert bundle.tensors("audio")["b"].dtype == np.float32


def test_writing_replaces_and_leaves_nothing_behind(bundle: Bundle) -> None:
    again = write_bundle(
        bundle.path, name="tiny", license="CC0-1.0", config={}, tensors={}, graphs={}
    )
    assert again.license == "CC0-1.0" and again.networks == ()
    assert [entry.name for entry in bundle.path.parent.iterdir()] == ["tiny"]


def test_a_failed_write_keeps_the_old_model(bundle: Bundle) -> None:
    too_big = {"audio": {"b": np.full(2, 1e6, np.float32)}}
    with pytest.raises(ValueError, match=r"audio\.b.*fp16"):
        write_bundle(
            bundle.path, name="x", license="CC0-1.0", config={}, tensors=too_big, graphs={}
        )
    assert read_bundle(bundle.path).name == "tiny"
    assert [entry.name for entry in bundle.path.parent.iterdir()] == ["tiny"]


def test_reserved_names(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="reserved"):
        write_bundle(
            tmp_path / "a", name="a", license="x", config={"files": {}}, tensors={}, graphs={}
        )


def test_every_damaged_file_is_named(bundle: Bundle) -> None:
    for file in ("audio.safetensors", "denoiser.safetensors", "denoiser.onnx"):
        whole = (bundle.path / file).read_bytes()
        (bundle.path / file).write_bytes(whole[:-1] + bytes([whole[-1] ^ 1]))
        with pytest.raises(InputError, match=f"'{file}'.*sha256"):
            read_bundle(bundle.path)
        (bundle.path / file).unlink()
        with pytest.raises(InputError, match=f"lacks the file '{file}'"):
            read_bundle(bundle.path)
        (bundle.path / file).write_bytes(whole)
    (bundle.path / "more.onnx").touch()
    with pytest.raises(InputError, match="unknown file 'more.onnx'"):
        read_bundle(bundle.path)


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"format": 2}, "format 2"),
        ({"license": None}, "lacks 'license'"),
        ({"files": {"../x.onnx": "0"}}, "cannot have"),
        ({"files": {"x.py": "0"}}, "cannot have"),
        ({"files": []}, "cannot have"),
    ],
)
def test_bad_configs(bundle: Bundle, change: dict[str, object], word: str) -> None:
    file = bundle.path / "config.json"
    config = {**json.loads(file.read_text()), **change}
    file.write_text(json.dumps({key: value for key, value in config.items() if value is not None}))
    with pytest.raises(InputError, match=word):
        read_bundle(bundle.path)


def test_not_a_model(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no model folder"):
        read_bundle(tmp_path / "no")
    with pytest.raises(InputError, match="not a model"):
        read_bundle(tmp_path)
    for text in ("{", "[]"):
        (tmp_path / "config.json").write_text(text)
        with pytest.raises(InputError, match="JSON"):
            read_bundle(tmp_path)


def test_unknown_parts_list_what_exists(bundle: Bundle) -> None:
    with pytest.raises(InputError, match=r"no graph 'audio' \(it has: denoiser\)"):
        bundle.graph("audio")
    with pytest.raises(InputError, match=r"no network 'field' \(it has: audio, denoiser\)"):
        bundle.tensors("field")
    with pytest.raises(InputError, match="no section 'latent'"):
        bundle.section("latent")


def test_models_by_name_and_folder(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    assert load_model(bundle.path).name == "tiny"
    monkeypatch.setattr(weights, "_SHIPPED", bundle.path.parent)
    assert shipped_models() == ("tiny",)
    assert load_model("tiny").path == bundle.path
    with pytest.raises(InputError, match=r"no model 'huge'.*\(tiny\)"):
        load_model("huge")
