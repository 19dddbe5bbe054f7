"""Whole performances: ranges, determinism, controls, eyes, head."""

import numpy as np
import pytest

from openvasa.data import eyes, headmotion, performances, prosody, timing, visemes
from openvasa.data.performances import idle, perform
from openvasa.types import EMOTIONS, EXPRESSION_NAMES, FPS, SAMPLE_RATE, InputError

E = {name: i for i, name in enumerate(EXPRESSION_NAMES)}
PHRASE = "m aɪ m ʌ ð ɚ b ɔ t ə b oʊ l ʌ v p l ʌ m z".split()
Speech = tuple[np.ndarray, list[str], list[float], list[float]]


def speech(seconds: float = 20.0, seed: int = 0) -> Speech:
    """A buzzing voice over repeated phrases with pauses between them; sibilants hiss."""
    rng = np.random.default_rng(seed)
    phones, start, end, now = [], [], [], 0.6
    while now < seconds - 3:
        for phone in PHRASE:
            length = rng.uniform(0.05, 0.13)
            phones.append(phone)
            start.append(now)
            end.append(now + length)
            now += length
        now += 0.5
    time = np.arange(int(seconds * SAMPLE_RATE)) / SAMPLE_RATE
    buzz = 2 * ((time * 140) % 1) - 1
    audio = np.zeros_like(time)
    for phone, a, b in zip(phones, start, end, strict=True):
        part = slice(int(a * SAMPLE_RATE), int(b * SAMPLE_RATE))
        loud = rng.uniform(0.1, 0.3) if visemes.parse_phones([phone], [0], [1])[0].key else 0
        audio[part] = 0.1 * rng.normal(size=len(audio[part])) if phone == "z" else loud * buzz[part]
    return audio.astype(np.float32), phones, start, end


@pytest.fixture(scope="module")
def spoken() -> Speech:
    return speech()


def test_shapes_ranges_and_repeatability(spoken: Speech) -> None:
    first, again, other = (perform(*spoken, seed) for seed in (1, 1, 2))
    frames = 20 * FPS
    assert first.expression.shape == (frames, 45)
    assert first.pose.shape == (frames, 6)
    assert first.gaze.shape == (frames, 2)
    assert first.expression.dtype == first.pose.dtype == first.gaze.dtype == np.float32
    assert first.expression[:, :43].min() >= 0
    assert first.expression[:, :43].max() <= 1
    assert np.array_equal(first.expression, again.expression)
    assert np.array_equal(first.pose, again.pose)
    assert not np.allclose(first.pose, other.pose)


@pytest.mark.parametrize("emotion", [None, *EMOTIONS])
def test_labials_close_and_silence_rests_in_every_mood(spoken: Speech, emotion: str) -> None:
    done = perform(*spoken, 3, emotion=(emotion, 1.0) if emotion else None).expression
    middle = (np.arange(len(done)) + 0.5) / FPS
    gap = done[:, E["jawOpen"]] - done[:, E["mouthClose"]]
    _, phones, start, end = spoken
    for phone, a, b in zip(phones, start, end, strict=True):
        if phone in "pbm":
            near = (middle > a - 0.02) & (middle < b + 0.02)
            assert gap[near].min() < 0.005
            assert done[near, E["jawOpen"]].min() < 0.09
    quiet = middle > end[-1] + 0.12
    assert np.abs(gap[quiet]).max() < 1e-6
    assert done[quiet, E["mouthUpperUpLeft"]].max() < 1e-6


def test_emotions_show(spoken: Speech) -> None:
    marks = {
        "happy": "mouthSmileLeft", "sad": "browInnerUp", "angry": "browDownLeft",
        "surprised": "browOuterUpLeft", "fearful": "eyeWideLeft", "disgusted": "noseSneerLeft",
    }  # fmt: skip
    plain = perform(*spoken, 5).expression
    for name, mark in marks.items():
        weak, strong = (perform(*spoken, 5, emotion=(name, s)) for s in (0.4, 1.0))
        means = [x[:, E[mark]].mean() for x in (plain, weak.expression, strong.expression)]
        assert means[0] + 0.1 < means[1] < means[2] - 0.1
        assert strong.emotion[EMOTIONS.index(name)] == 1


def test_bad_emotion_is_explained(spoken: Speech) -> None:
    with pytest.raises(InputError, match="choose one of happy"):
        perform(*spoken, 0, emotion=("bored", 1.0))
    with pytest.raises(InputError, match="0 to 1"):
        perform(*spoken, 0, emotion=("happy", 2.0))


def test_eyes_hold_the_asked_direction_while_the_head_moves(spoken: Speech) -> None:
    done = perform(*spoken, 7, gaze=(15.0, -8.0))
    assert np.allclose(np.median(done.gaze, axis=0), (15, -8), atol=0.7)
    seen = np.degrees(done.expression[:, -2:] + done.pose[:, :2])
    free = np.all(np.abs(np.degrees(done.expression[:, -2:])) < (29.9, 21.9), axis=1)
    free &= done.expression[:, E["eyeBlinkLeft"]] < 0.2  # shut eyes look down
    assert free.mean() > 0.8
    off = np.abs(seen[free] - done.gaze[free])
    assert np.median(off) < 0.01 and off.max() < 2.5
    assert np.degrees(done.pose[:, 0]).mean() > 1  # the head helps


def test_distance_scales_the_face(spoken: Speech) -> None:
    near, far = (perform(*spoken, 4, distance=d).pose[:, 5].mean() for d in (0.8, 1.25))
    assert near - far == pytest.approx(np.log(1.25 / 0.8), abs=1e-4)


def test_blinks_are_complete_and_as_frequent_as_people_do() -> None:
    counts = []
    for seed in range(12):
        closed = idle(60 * FPS, seed).expression[:, E["eyeBlinkLeft"]]
        shut = closed > 0.5
        onsets = np.flatnonzero(~shut[:-1] & shut[1:])
        counts.append(len(onsets))
        for onset in onsets:
            assert closed[onset : onset + 5].max() > 0.95
    assert 9 < np.mean(counts) < 26
    assert max(counts) <= 40


def test_blink_closes_faster_than_it_opens() -> None:
    rng = np.random.default_rng(0)
    lid = eyes.blinks(rng, np.zeros((300 * FPS, 2)), [])
    speed = np.diff(lid)
    assert speed.max() > -speed.min()


def test_head_moves_like_a_person_and_not_like_a_jittery_one(spoken: Speech) -> None:
    poses = [perform(*spoken, seed).pose.astype(np.float64) for seed in range(12)]
    steps = np.concatenate([np.degrees(np.diff(p[:, :3], axis=0)) for p in poses])
    assert 0.2 < np.abs(steps).mean() < 0.45
    jerk = np.concatenate([np.degrees(np.diff(p[:, :3], 2, axis=0)) for p in poses])
    assert np.abs(jerk).mean() < 0.5 * np.abs(steps).mean()
    spread = np.std(np.concatenate([np.degrees(p[:, :3]) for p in poses]), axis=0)
    assert np.all((spread > (2.5, 2.0, 1.3)) & (spread < (6.5, 5.0, 3.5)))
    calm = np.concatenate([np.diff(idle(500, s).pose[:, :3], axis=0) for s in range(12)])
    assert np.degrees(np.abs(calm)).mean() < 0.75 * np.abs(steps).mean()


def test_head_nods_near_accents() -> None:
    frames, moments = 1500, np.arange(2, 58, 2.0)
    voice = prosody.Prosody(
        loudness=np.zeros(frames), pitch=np.zeros(frames), voiced=np.ones(frames)
    )
    beats = [prosody.Accent(float(m), 1.0) for m in moments]
    pitch = np.mean([
        headmotion.head_motion(np.random.default_rng(s), voice, beats, [(0, 60)])[:, 1]
        for s in range(30)
    ], axis=0)  # fmt: skip
    around = np.mean([pitch[int(m * FPS) - 20 : int(m * FPS) + 25] for m in moments], axis=0)
    assert abs(int(np.argmin(around)) - 20) <= 3  # within 120 ms of the accent


def test_turning_about_the_neck_shifts_the_head() -> None:
    shift = headmotion._neck_translation(np.array([[0, 0, 0.1], [0.2, 0, 0], [0, -0.1, 0]]))
    assert shift[0, 0] > 0.05  # tilted clockwise: the head goes right
    assert 0 < shift[1, 0] < 0.06  # turned right: a little right
    assert shift[2, 1] > 0  # nodded down: lower
    assert shift[2, 2] > 0  # and nearer


def test_band_noise_has_unit_size_and_its_band() -> None:
    rng = np.random.default_rng(0)
    noise = np.array([headmotion.band_noise(rng, 500, 0.4, 2.0) for _ in range(60)])
    assert noise.std() == pytest.approx(1, abs=0.1)
    power = np.mean(np.abs(np.fft.rfft(noise * np.hanning(500), axis=1)) ** 2, axis=0)
    frequency = np.fft.rfftfreq(500, 1 / FPS)
    assert power[frequency > 4].sum() < 0.01 * power.sum()


def test_pitch_and_loudness_are_measured() -> None:
    time = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    tone = np.where(time < 1, 2 * ((time * 110) % 1) - 1, 0).astype(np.float32)
    hertz = prosody.pitch_hertz(tone, 50)
    assert np.allclose(hertz[2:22], 110, rtol=0.03)
    assert not hertz[28:].any()
    level = prosody.loudness(tone, 50)
    assert level[5] == pytest.approx(0, abs=1)
    assert level[40] == -60


def test_a_label_that_swallows_the_pause_is_trimmed() -> None:
    time = np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE
    tone = np.where((time > 0.2) & (time < 0.6), np.sin(900 * time), 0).astype(np.float32)
    segments = visemes.parse_phones(["t", "a", "o"], [0.2, 0.3, 1.3], [0.3, 1.0, 1.6])
    ends = [s.end for s in prosody.trim_tails(tone, segments)]
    assert ends == pytest.approx([0.3, 0.63, 1.35])
    assert prosody.trim_tails(tone, []) == []


def test_late_labels_are_measured() -> None:
    audio, phones, start, end = speech(60)
    for late in (0.0, 0.05):
        at = [np.asarray(x) + late for x in (start, end)]
        segments = visemes.parse_phones(phones + ["a"], [*at[0], 59], [*at[1], 59.1])
        # A vowel right after each hiss, so that the sibilants are not phrase-final.
        filled = []
        for segment in segments:
            filled.append(segment)
            if segment.key == "s":
                filled.append(visemes.Segment("a", segment.end, segment.end + 0.05, 0))
        lags = timing.sibilant_lags(audio, filled)
        assert len(lags) > 10
        assert np.median(lags) == pytest.approx(late, abs=0.012)
    assert timing.median_lag([0.05] * 5) == 0
    assert timing.median_lag([0.05] * 50) == pytest.approx(0.05)


def test_idle_and_other_sounds_keep_the_mouth_shut() -> None:
    rng = np.random.default_rng(1)
    for _ in range(6):
        audio = performances.quiet_audio(rng, 4)
        done = perform(audio, [], [], [], 0)
        assert done.expression[:, E["jawOpen"]].max() == 0
        assert np.isfinite(done.pose).all()
