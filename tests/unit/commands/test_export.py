"""The verb finds its files and sizes, or says which is missing."""

from pathlib import Path

import pytest
from safetensors.torch import save_file

from openvasa import cli
from openvasa.commands.export import _load_autoencoder
from openvasa.latent.autoencoder import FaceAutoencoder
from openvasa.latent.config import PRESETS
from openvasa.types import InputError


def _weights(path: Path, metadata: dict[str, str]) -> Path:
    state = FaceAutoencoder(PRESETS["tiny"]).state_dict()
    save_file({name: value.half() for name, value in state.items()}, path, metadata)
    return path


def test_sizes_come_from_the_weights_or_the_flag(tmp_path: Path) -> None:
    said = _weights(tmp_path / "a.safetensors", {"config": '{"preset": "tiny"}'})
    assert _load_autoencoder(said, None)[0] == PRESETS["tiny"]
    silent = _weights(tmp_path / "b.safetensors", {})
    assert _load_autoencoder(silent, "tiny")[0] == PRESETS["tiny"]
    with pytest.raises(InputError, match="--latent"):
        _load_autoencoder(silent, None)
    with pytest.raises(InputError, match="another network"):
        _load_autoencoder(silent, "compact")


def test_a_missing_file_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--autoencoder", "no.safetensors", "--motion", "m", "--audio", "a", "--head", "h"]
    assert cli.main(["export", *words, "-o", str(tmp_path / "out")]) == 2
    assert "no.safetensors" in capsys.readouterr().err and not list(tmp_path.iterdir())
