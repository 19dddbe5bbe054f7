"""The verb needs a portrait and a recording."""

import pytest

from openvasa import cli
from openvasa.commands.bench import _names


def test_missing_files_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["bench", "no.jpg", "no.wav"]) == 2
    assert "no.jpg" in capsys.readouterr().err


def test_backends_are_a_list(capsys: pytest.CaptureFixture[str]) -> None:
    assert _names("onnx, torch,onnx") == ("onnx", "torch")
    with pytest.raises(SystemExit, match="2"):
        cli.main(["bench", "--rounds", "0"])
    assert "rounds" in capsys.readouterr().err
