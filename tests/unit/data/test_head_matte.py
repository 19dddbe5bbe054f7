"""Which matte a renderer goes by."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from openvasa.data.head_matte import Matting
from openvasa.types import InputError


def test_without_a_network_all_is_the_person() -> None:
    assert (Matting()(np.zeros((64, 64, 3), np.uint8)) == 1).all()


def test_a_file_that_is_no_network_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "model.tflite").write_bytes(b"nothing")
    with pytest.raises(InputError, match="segmentation"):
        Matting(tmp_path / "model.tflite")
