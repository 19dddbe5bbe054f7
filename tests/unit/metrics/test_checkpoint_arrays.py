"""Plain checkpoints are read; whatever would run code is refused."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import numpy as np
import pytest

from openvasa.metrics.checkpoint_arrays import read_arrays
from openvasa.types import InputError


class Evil:
    def __reduce__(self):
        return os.system, ("true",)


@pytest.mark.parametrize("protocol", [3, 4, 5])
def test_nested_arrays_are_read(tmp_path: Path, protocol: int) -> None:
    kernel = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
    tree = {"params": {"a": {"kernel": kernel, "bias": kernel[0, 0]}, "b": {"kernel": kernel}}}
    file = tmp_path / "c.ckpt"
    file.write_bytes(pickle.dumps(tree, protocol=min(protocol, 4)))
    found = read_arrays(file)
    assert sorted(found) == ["params/a/bias", "params/a/kernel", "params/b/kernel"]
    np.testing.assert_array_equal(found["params/a/kernel"], kernel)
    np.testing.assert_array_equal(found["params/a/bias"], kernel[0, 0])


@pytest.mark.parametrize("content", [{"a": Evil()}, {"a": 3}, [1, 2], {}])
def test_anything_else_is_refused(tmp_path: Path, content: object) -> None:
    file = tmp_path / "c.ckpt"
    file.write_bytes(pickle.dumps(content, protocol=4))
    with pytest.raises(InputError, match="give the file"):
        read_arrays(file)


def test_no_file_and_no_pickle(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no file"):
        read_arrays(tmp_path / "none")
    (tmp_path / "text").write_text("hello")
    with pytest.raises(InputError, match="plain checkpoint"):
        read_arrays(tmp_path / "text")
