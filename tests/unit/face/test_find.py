"""Which face, which way up, and the sentences when there is none."""

import numpy as np
import pytest
from PIL import Image as PilImage

from openvasa.face import find, find_face
from openvasa.face.align import crop_box, to_pixels
from openvasa.face.detect import Detection
from openvasa.face.landmarks import find_mesh
from openvasa.types import InputError


def resized(image, scale):
    size = round(image.shape[1] * scale), round(image.shape[0] * scale)
    return np.asarray(PilImage.fromarray(image).resize(size, PilImage.Resampling.LANCZOS))


@pytest.mark.parametrize("value", [0, 128, None])
def test_no_face_says_what_to_do(value):
    noise = np.random.default_rng(0).integers(0, 256, (200, 300, 3)).astype(np.uint8)
    photo = noise if value is None else np.full_like(noise, value)
    with pytest.raises(InputError, match="No face was found in the photo; use a photo where"):
        find_face(photo)


def test_portrait_gives_an_aligned_face(portrait):
    face = find_face(portrait)
    assert face.faces == 1
    assert face.score > 0.5
    assert face.photo.shape == portrait.shape
    assert face.landmarks.shape == (478, 3)
    assert face.landmarks.dtype == np.float32
    assert np.abs(face.landmarks[:, :2]).max() < 0.75
    assert face.landmarks[1, 2] < face.landmarks[234, 2]  # the nose is nearer than the ear
    assert face.landmarks[33, 0] < face.landmarks[263, 0]
    assert face.landmarks[10, 1] < face.landmarks[152, 1]
    assert crop_box(to_pixels(face.landmarks, face.box)) == pytest.approx(face.box, abs=0.05)


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_photo_on_its_side_is_turned_upright(portrait, turns):
    face = find_face(np.ascontiguousarray(np.rot90(portrait, turns)))
    assert np.array_equal(face.photo, portrait)


def test_a_tilted_head_stays_tilted(portrait):
    tilted = np.asarray(PilImage.fromarray(portrait).rotate(-30, PilImage.Resampling.BICUBIC))
    face = find_face(tilted)
    assert face.photo.shape == tilted.shape
    across = face.landmarks[263] - face.landmarks[33]
    assert np.degrees(np.arctan2(across[1], across[0])) == pytest.approx(30, abs=8)


def test_the_largest_face_is_first_and_others_can_be_chosen(portrait):
    small = resized(portrait, 0.5)
    photo = np.full((portrait.shape[0], portrait.shape[1] * 2, 3), 128, np.uint8)
    photo[: small.shape[0], : small.shape[1]] = small
    photo[:, portrait.shape[1] :] = portrait
    first, second = find_face(photo), find_face(photo, which=2)
    assert first.faces == second.faces == 2
    assert first.box.cx > portrait.shape[1] > second.box.cx
    assert second.box.side == pytest.approx(first.box.side / 2, rel=0.05)
    with pytest.raises(InputError, match="There is no face 3: the photo shows 2 faces"):
        find_face(photo, which=3)
    with pytest.raises(InputError, match="counted from 1"):
        find_face(photo, which=0)


def test_a_face_that_is_too_small_says_its_size(portrait):
    height = find.find_faces(portrait)[0].mesh.height
    with pytest.raises(InputError, match="pixels high; use a photo"):
        find_face(resized(portrait, 55 / height))


def test_a_profile_is_refused(portrait, monkeypatch):
    monkeypatch.setattr(find, "MOST_TURNED", -1.0)
    with pytest.raises(InputError, match="degrees away; use a photo"):
        find_face(portrait)


def test_the_mesh_does_not_depend_on_the_detectors_jitter(portrait, portrait_face):
    steady = find_mesh(portrait, portrait_face)
    width = portrait_face.box[2] - portrait_face.box[0]
    shifted = Detection(
        box=portrait_face.box + np.float32(0.04 * width),
        keypoints=portrait_face.keypoints,
        score=portrait_face.score,
    )
    moved = find_mesh(portrait, shifted)
    difference = np.linalg.norm(moved.surface[:, :2] - steady.surface[:, :2], axis=1).mean()
    assert difference < 0.01 * steady.height
    assert abs(steady.yaw) < 0.6
