"""Folders of judges: what is missing is told, what is there is opened; networks on known input."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from openvasa.metrics import i3d, inception, judges, lpips, networks, syncnet
from openvasa.types import InputError


def test_every_missing_judge_gets_a_sentence(tmp_path: Path) -> None:
    nothing = judges.Judges().missing()
    assert len(nothing) == len(judges.FILES) - 2  # our own experts ship
    assert judges.Judges().has(*judges.OWN_SYNC, *judges.OWN_CAPP)
    assert all("--judges" in sentence for sentence in nothing)
    (tmp_path / judges.I3D).write_bytes(b"x")
    some = judges.Judges(tmp_path)
    assert some.has(judges.I3D) and not some.has(judges.I3D, judges.LPIPS)
    assert len(some.missing()) == len(nothing) - 1
    assert judges.I3D in some.hashes and judges.OWN_SYNC[0] in some.hashes
    assert some.pose() is None
    own = tmp_path / judges.OWN_SYNC[0]
    own.write_bytes(b"another")
    assert judges.Judges(tmp_path).path(own.name) == own  # the user's file before ours
    with pytest.raises(InputError, match="--judges"):
        judges.Judges(tmp_path / "none")


def test_the_shipped_experts_take_any_batch_and_give_unit_vectors() -> None:
    rng, ours = np.random.default_rng(0), judges.Judges()
    shapes = ((3, 5, 96, 96), (80, 20), (75, 6), (48000,))
    for name, shape in zip((*judges.OWN_SYNC, *judges.OWN_CAPP), shapes, strict=True):
        out = ours.onnx(name)(rng.random((2, *shape), np.float32))
        np.testing.assert_allclose(np.linalg.norm(out, axis=1), 1, atol=1e-3)
        assert not np.allclose(out[0], out[1], atol=1e-4)


def test_the_pose_judge_reads_a_turned_head() -> None:
    yaw = np.radians(20)
    turn = np.array([[np.cos(yaw), 0, np.sin(yaw)], [0, 1, 0], [-np.sin(yaw), 0, np.cos(yaw)]])
    seen: list[np.ndarray] = []

    def network(batch: np.ndarray) -> np.ndarray:
        seen.append(batch)
        return turn.T[None].astype(np.float32)

    image = np.zeros((100, 100, 3), np.uint8)
    image[30:50, 40:60] = 255
    points = np.zeros((478, 2))
    points[:, 0], points[:, 1] = np.linspace(40, 60, 478), np.linspace(30, 50, 478)
    found = judges.PoseJudge(network)(image, points)
    np.testing.assert_allclose(found, [20, 0, 0], atol=1e-4)
    assert seen[0].shape == (1, 3, 224, 224)
    face = seen[0][0, 0] > 0  # the face fills all but the margin
    assert face.mean() == pytest.approx(1 / 1.25**2, abs=0.05)


def test_lpips_of_equal_and_of_different_pictures(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    widths = (64, 128, 256, 512, 512)
    tensors: dict[str, np.ndarray] = {}
    number, inner = 0, 3
    for block, (count, outer) in enumerate(zip(lpips.BLOCKS, widths, strict=True)):
        for _ in range(count):
            weight = rng.standard_normal((outer, inner, 3, 3)) / np.sqrt(4.5 * inner)
            tensors[f"conv{number}.weight"] = weight.astype(np.float16)
            tensors[f"conv{number}.bias"] = np.zeros(outer, np.float16)
            number, inner = number + 1, outer
        tensors[f"head{block}"] = np.full(outer, 1 / outer, np.float16)
    save_file(tensors, str(tmp_path / "lpips.safetensors"))
    distance = lpips.Lpips(tmp_path / "lpips.safetensors")
    image = rng.integers(0, 255, (32, 32, 3), dtype=np.uint8)
    near = np.clip(image.astype(int) + 4, 0, 255).astype(np.uint8)
    assert distance(image, image) == 0
    assert 0 < distance(near, image) < distance(255 - image, image)
    with pytest.raises(ValueError, match="compared"):
        distance(image, image[:16])


def test_i3d_pads_as_tensorflow_does() -> None:
    x = torch.arange(5.0).view(1, 1, 1, 1, 5)
    pooled = i3d._pool(x.expand(1, 1, 1, 5, 5), (1, 1, 2), (1, 1, 2))
    assert pooled[0, 0, 0, 0].tolist() == [1, 3, 4]  # the odd one stands alone at the end
    padded = i3d._same(torch.ones(1, 1, 1, 1, 224), (1, 1, 7), (1, 1, 2), 0.0)
    assert padded.shape[-1] == 224 + 5 and padded[..., 1] == 0 and padded[..., 2] == 1


@pytest.mark.parametrize(
    ("kind", "file"),
    [(lpips.Lpips, "LPIPS"), (inception.Inception, "Inception"), (i3d.I3d, "I3D")],
)
def test_another_file_is_refused(tmp_path: Path, kind: type, file: str) -> None:
    save_file({"a": np.zeros(2, np.float32)}, str(tmp_path / "x.safetensors"))
    with pytest.raises(InputError, match=file):
        kind(tmp_path / "x.safetensors")


def test_preparing_copies_and_converts_whole_or_not_at_all(tmp_path: Path) -> None:
    graph = tmp_path / "a.onnx"
    graph.write_bytes(b"graph")
    out = tmp_path / "judges"
    assert networks.prepare(out, {"pose": graph}) == [out / judges.POSE]
    assert (out / judges.POSE).read_bytes() == b"graph"
    for name in ("lpips", "inception", "i3d", "syncnet"):
        with pytest.raises(InputError, match="give that file|give the file|give default"):
            networks.prepare(out, {name: graph})
    assert [path.name for path in out.iterdir()] == [judges.POSE]
    with pytest.raises(InputError, match="--second-identity"):
        networks.prepare(out, {"second_identity": tmp_path / "none"})


def test_syncnet_s_cepstra_of_a_tone() -> None:
    time = np.arange(16_000) / 16_000
    low, high = (syncnet.mfcc(8000 * np.sin(2 * np.pi * f * time)) for f in (300, 5000))
    assert low.shape == (99, 13)
    # Pre-emphasis makes the higher tone louder; the second cepstrum tells low from high.
    assert high[50, 0] > low[50, 0]
    assert low[50, 1] > 0 > high[50, 1]


def test_syncnet_windows_one_a_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    network = syncnet.SyncNet().eval()
    monkeypatch.setattr(network, "lips", lambda batch: batch.mean((1, 3, 4)))  # 5 frames' levels
    squares = [np.full((224, 224, 3), level, np.uint8) for level in range(8)]
    found = syncnet.picture_vectors(network, squares)
    np.testing.assert_allclose(found, np.lib.stride_tricks.sliding_window_view(np.arange(8), 5))
    sound = np.random.default_rng(0).standard_normal(8 * 640).astype(np.float32)
    assert syncnet.sound_vectors(network, sound).shape == (4, 1024)
