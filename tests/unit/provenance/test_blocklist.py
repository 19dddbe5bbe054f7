"""Who is refused: the person on the list, and nobody else."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from openvasa.provenance.blocklist import SIDE, Blocklist, align, read_blocklist
from openvasa.types import AlignedFace, Array, CropBox, Image, InputError
from tiny_model import tiny_face


def _embed(image: Image) -> Array:
    assert image.shape == (SIDE, SIDE, 3)
    small = image.reshape(8, 14, 8, 14, 3).mean((1, 3)).ravel()
    return (small - small.mean()).astype(np.float32)


def _listed(face: AlignedFace) -> Blocklist:
    vector = _embed(align(face))
    return Blocklist((vector / np.linalg.norm(vector))[None], _embed)


def _other(face: AlignedFace) -> AlignedFace:
    photo = np.roll(255 - face.photo, face.photo.shape[1] // 3, 1)
    return AlignedFace(
        photo=photo, box=face.box, landmarks=face.landmarks, faces=1, score=1.0
    )  # fmt: skip


def test_the_person_on_the_list_is_refused() -> None:
    blocklist = _listed(tiny_face())
    assert blocklist.likeness(tiny_face()) == pytest.approx(1)
    with pytest.raises(InputError, match="must not be animated"):
        blocklist.refuse(tiny_face())
    blocklist.refuse(_other(tiny_face()))


def test_size_and_place_of_the_face_do_not_matter() -> None:
    face = tiny_face()
    wide = np.pad(np.kron(face.photo, np.ones((3, 3, 1), np.uint8)), ((40, 0), (70, 0), (0, 0)))
    box = CropBox(3 * face.box.cx + 70, 3 * face.box.cy + 40, 3 * face.box.side)
    moved = AlignedFace(photo=wide, box=box, landmarks=face.landmarks, faces=1, score=1.0)
    assert _listed(face).likeness(moved) > 0.98


def test_lists_that_cannot_be_used(tmp_path: Path) -> None:
    good, bad, network = (tmp_path / name for name in ("good.npz", "bad.npz", "net.onnx"))
    np.savez(good, embeddings=np.eye(3))
    np.savez(bad, vectors=np.eye(3))
    network.write_bytes(b"no network")
    for file, net, about in [
        (good, None, "give both"),
        (None, network, "give both"),
        (bad, network, "array named embeddings"),
        (tmp_path / "none.npz", network, "array named embeddings"),
        (good, network, "not an ONNX network"),
    ]:
        with pytest.raises(InputError, match=about):
            read_blocklist(file, net)
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no embeddings"):
        read_blocklist(tmp_path / "empty", network)


def test_a_list_of_another_network() -> None:
    with pytest.raises(InputError, match="192 values and the blocklist holds 4"):
        Blocklist(np.eye(4, dtype=np.float32), _embed).refuse(tiny_face())
