"""The verb needs a portrait and a recording."""

import pytest

from openvasa import cli


def test_missing_files_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["bench", "no.jpg", "no.wav"]) == 2
    assert "no.jpg" in capsys.readouterr().err
