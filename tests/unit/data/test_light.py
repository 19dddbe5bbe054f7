"""The file of the light bases: what ships can be read, other files are refused."""

import numpy as np
import pytest
from safetensors.numpy import save_file

from openvasa.data.light import load_light, save_light
from openvasa.latent.light import LightBases
from openvasa.types import EXPRESSION_DIM, InputError
from openvasa.weights import load_model


def test_what_ships_is_in_the_model() -> None:
    light, surface = load_light(), load_model().tensors("surface")
    assert np.array_equal(light.bases, surface["light_bases"].astype(np.float32))
    assert np.array_equal(light.at, surface["light_at"].astype(np.float32))


def test_written_files_are_read(tmp_path) -> None:
    given = LightBases(np.ones((468, 2), np.float32), np.full((EXPRESSION_DIM, 4, 4), 0.5))
    save_light(tmp_path / "light.safetensors", given)
    assert np.array_equal(load_light(tmp_path / "light.safetensors").bases, given.bases)
    assert [file.name for file in tmp_path.iterdir()] == ["light.safetensors"]


def test_other_files_are_refused(tmp_path) -> None:
    with pytest.raises(InputError, match="train light"):
        load_light(tmp_path / "none")
    save_file({"mean": np.ones(3, np.float32)}, tmp_path / "other")
    with pytest.raises(InputError, match="something else"):
        load_light(tmp_path / "other")
