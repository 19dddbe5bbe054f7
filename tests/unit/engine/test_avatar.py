"""A portrait made ready can be kept."""

from dataclasses import fields, replace

import numpy as np
import pytest

from openvasa.engine.avatar import Avatar
from openvasa.types import CropBox, InputError


def test_saved_and_loaded_is_the_same(avatar, tmp_path) -> None:
    avatar.save(tmp_path / "ada.avatar.safetensors")
    again = Avatar.load(tmp_path / "ada.avatar.safetensors")
    for item in fields(Avatar):
        ours, kept = getattr(avatar, item.name), getattr(again, item.name)
        assert np.array_equal(ours, kept), item.name
        assert type(ours) is type(kept)
    assert [file.name for file in tmp_path.iterdir()] == ["ada.avatar.safetensors"]


def test_other_files_are_refused(tmp_path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 100)
    for name in ("a", "missing"):
        with pytest.raises(InputError, match="avatar"):
            Avatar.load(tmp_path / name)


def test_an_avatar_of_another_model_is_refused(animator, avatar) -> None:
    with pytest.raises(InputError, match="another model"):
        animator.stream(replace(avatar, model="other"))


@pytest.mark.parametrize(("side", "size"), [(100.0, 512), (701.0, 700), (5000.0, 1024)])
def test_the_crop_is_about_as_sharp_as_the_photo(avatar, side: float, size: int) -> None:
    assert replace(avatar, box=CropBox(0.0, 0.0, side)).native_size == size
