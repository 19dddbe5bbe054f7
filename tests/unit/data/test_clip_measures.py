"""Measures of clips against known answers: gaze, emotion, quality, crops, offsets."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from openvasa.data.clip_measures import clip_box, filled, relative_distance
from openvasa.data.crop_pictures import encode_jpeg, joined, read_frames
from openvasa.data.emotion_reading import distances, emotion_strengths
from openvasa.data.expressions import emotion_pattern
from openvasa.data.gaze_direction import camera_gaze, main_direction
from openvasa.data.head import load_basis
from openvasa.data.lip_prediction import fit_map, load_prediction
from openvasa.data.quality import BlackBars, blockiness, frozen, sharpness, sound_quality
from openvasa.data.sync_offset import sync_offset
from openvasa.face.landmarks import Mesh
from openvasa.types import EMOTIONS
from talking_video import portrait


def test_gaze_adds_head_and_eyes() -> None:
    pose = np.zeros((3, 6), np.float32)
    pose[1, 0], pose[2, 1] = np.radians(12), np.radians(8)
    eyes = np.radians([[5.0, 3.0], [-12.0, 0.0], [0.0, -8.0]]).astype(np.float32)
    found = camera_gaze(pose, eyes)
    np.testing.assert_allclose(found, [[5, 3], [0, 0], [0, 0]], atol=0.2)


def test_the_main_direction_is_where_most_looks_go() -> None:
    rng = np.random.default_rng(0)
    often = rng.normal([8, -4], 1.0, (70, 2))
    away = rng.uniform(-40, 40, (30, 2))
    (yaw, pitch), share = main_direction(np.concatenate([often, away]).astype(np.float32))
    assert abs(yaw - 8) < 0.7 and abs(pitch + 4) < 0.7 and 0.65 < share < 0.85


@pytest.mark.parametrize("name", EMOTIONS)
def test_an_emotion_made_on_the_head_is_read_from_it(name: str) -> None:
    basis = load_basis()
    face = basis.mean + np.tensordot(emotion_pattern((name, 0.7)), basis.expression, 1)
    found = emotion_strengths(distances(face) - distances(basis.mean))
    assert EMOTIONS[int(found.argmax())] == name and found.max() == pytest.approx(0.7, abs=0.15)


def test_rest_is_no_emotion() -> None:
    assert emotion_strengths(np.zeros(12)).max() == 0


def test_distance_is_relative_to_the_clips_own() -> None:
    pose = np.zeros((5, 6), np.float32)
    pose[:, 5] = np.log([1.0, 1.0, 1.0, 1.25, 0.8])
    np.testing.assert_allclose(relative_distance(pose), [1, 1, 1, 0.8, 1.25], rtol=1e-5)


def _mesh(x: float) -> Mesh:
    points = np.zeros((478, 3), np.float32)
    points[:, 0], points[10], points[152] = x, (x, 0, 0), (x, 100, 0)
    points[234, 0], points[454, 0] = x - 40, x + 40
    return Mesh(points=points, presence=1.0)


def test_lost_faces_take_the_nearest_points() -> None:
    points, found = filled([None, _mesh(1), None, None, _mesh(4), None])
    assert found.tolist() == [False, True, False, False, True, False]
    assert points[:, 0, 0].tolist() == [1, 1, 1, 4, 4, 4]


def test_the_crop_holds_the_heads_travel_or_says_it_cannot() -> None:
    still = np.stack([_mesh(200).points] * 20)
    travelling = np.stack([_mesh(200 + 6 * t).points for t in range(20)])
    gone = np.stack([_mesh(200 + 60 * t).points for t in range(20)])
    small, large = clip_box(still), clip_box(travelling)
    assert small is not None and large is not None and clip_box(gone) is None
    assert large.side >= small.side
    assert large.cx - large.side / 2 < 160 and large.cx + large.side / 2 > 354


def test_crops_come_back_as_they_were() -> None:
    pictures = [portrait(64), portrait(64)[:, ::-1]]
    jpeg, offsets = joined([encode_jpeg(p) for p in pictures])
    back = read_frames({"jpeg": jpeg, "offsets": offsets})
    assert np.abs(back.astype(int) - np.stack(pictures)).mean() < 3
    np.testing.assert_array_equal(read_frames({"jpeg": jpeg, "offsets": offsets}, [1])[0], back[1])


def test_blur_is_less_sharp_and_blocks_are_seen() -> None:
    gray = cv2.cvtColor(portrait(96), cv2.COLOR_RGB2GRAY)
    blurs = [sharpness(gray), *(sharpness(cv2.GaussianBlur(gray, (0, 0), s)) for s in (1, 2, 4, 8))]
    assert blurs == sorted(blurs, reverse=True) and blurs[0] > 2 * blurs[-1]
    small = portrait(256)
    low = cv2.resize(small, (32, 32), interpolation=cv2.INTER_AREA)
    blocky = cv2.resize(low, (256, 256), interpolation=cv2.INTER_NEAREST)
    assert blockiness(small) < 1.3 < blockiness(blocky)


def test_stills_are_frozen() -> None:
    rng = np.random.default_rng(0)
    moving = [rng.integers(0, 255, (32, 32, 3)).astype(np.uint8) for _ in range(10)]
    assert frozen(moving) == (0.0, 0)
    share, run = frozen(moving[:5] + [moving[4]] * 5)
    assert share == pytest.approx(5 / 9) and run == 5


def test_black_bars_are_left_out() -> None:
    bars = BlackBars()
    picture = np.full((120, 160, 3), 3, np.uint8)
    picture[20:100] = cv2.resize(portrait(), (160, 80))
    bars.update(picture)
    assert bars.inside is not None
    left, top, right, bottom = bars.inside
    assert (left, right) == (0, 160) and abs(top - 20) <= 1 and abs(bottom - 100) <= 1


def test_sound_is_measured_in_decibels() -> None:
    tone = np.sin(np.arange(640 * 50) * 0.3)
    half = sound_quality((0.5 * 32767 * tone).astype(np.int16))
    assert half["loudness"] == pytest.approx(20 * np.log10(0.5 / np.sqrt(2)), abs=0.1)
    assert half["clipped"] == 0
    hard = sound_quality(np.clip(3 * 32767 * tone, -32768, 32767).astype(np.int16))
    assert hard["clipped"] > 0.5


@pytest.mark.parametrize("late", [-12, -4, 0, 3, 9])
def test_a_known_offset_is_found(late: int) -> None:
    rng = np.random.default_rng(0)
    smooth = np.stack([np.convolve(rng.normal(size=200), np.hanning(9), "same") for _ in range(5)])
    lips = smooth.T[30:130]
    sound = smooth.T[30 - late : 130 - late] + 0.5 * rng.normal(size=(100, 5))
    found = sync_offset(sound, lips)
    assert found.frames == late and found.wrong == (abs(late) > 2)


def test_unrelated_sound_is_never_surely_wrong() -> None:
    rng = np.random.default_rng(0)
    kernel = np.hanning(9)
    wrong = 0
    for _ in range(20):
        one, two = (np.stack([np.convolve(rng.normal(size=100), kernel, "same")
                              for _ in range(5)]).T for _ in range(2))  # fmt: skip
        wrong += sync_offset(one, two).lead > 0.3
    assert wrong <= 1


def test_the_lip_map_is_found_again() -> None:
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(128, 5))
    clips = []
    for _ in range(20):
        features = rng.normal(size=(75, 128)).astype(np.float32)
        curves = (features - features.mean(0)) @ truth
        clips.append((features, curves - curves.mean(0)))
    weights, _ = fit_map(clips)
    assert np.corrcoef(weights.ravel(), truth.ravel())[0, 1] > 0.95


def test_the_map_that_ships_belongs_to_the_encoder_that_ships() -> None:
    """Else sync falls out of every evaluation; `openvasa.data.lip_prediction` fits it anew."""
    assert load_prediction() is not None
