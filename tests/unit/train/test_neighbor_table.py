"""What is packed into bytes comes back; the command writes what the baseline reads."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from openvasa.metrics.neighbor import HEARD, choose, load_table
from openvasa.train import neighbor_table
from openvasa.train.neighbor_table import main, pack
from openvasa.types import Array, InputError

Clip = tuple[Array, Array, Array]


def _clip(frames: int, seed: int) -> Clip:
    rng = np.random.default_rng(seed)
    heard = rng.standard_normal((frames, 30)) @ rng.standard_normal((30, 640))
    pose, told = rng.normal(0, 0.1, (frames, 6)), rng.uniform(0, 1, (frames, 45))
    return heard.astype(np.float32), pose.astype(np.float32), told.astype(np.float32)


@pytest.fixture
def clips() -> list[Clip]:
    return [_clip(40, 0), _clip(25, 1)]


def test_values_come_back_within_a_byte(
    clips: list[Clip], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(neighbor_table, "shipped_encoder", lambda: (None, "mine"))
    monkeypatch.setattr(neighbor_table, "_clips", lambda store, encoder: clips)
    out = tmp_path / "new" / "n.safetensors"
    assert main([str(tmp_path), "--out", str(out)]) == 0
    assert [file.name for file in out.parent.iterdir()] == [out.name]
    table = load_table(out, "mine")
    assert table.ends.tolist() == [40, 65] and table.heard.shape == (65, HEARD)
    seen = np.concatenate([np.concatenate(clip[1:], 1) for clip in clips])
    np.testing.assert_allclose(table.seen, seen, atol=np.ptp(seen, 0).max() / 255)
    assert table.heard.var(0).sum() == pytest.approx(1, rel=0.05)
    heard = (clips[1][0] - table.center) @ table.axes  # the sound of a recording finds it again
    assert choose(table, heard).tolist() == list(range(40, 65))


def test_without_clips_there_is_nothing_to_play(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="training clips"):
        pack([])
    assert main([str(tmp_path / "nowhere"), "--out", str(tmp_path / "n.safetensors")]) == 2
    assert not list(tmp_path.iterdir())
