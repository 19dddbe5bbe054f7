"""Schedules, samplers and guidance against what their formulas promise."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from openvasa.motion.conditions import window_conditions
from openvasa.motion.config import PRESETS, GuidanceScales
from openvasa.motion.guidance import asked_scales, guide
from openvasa.motion.sampler import SHIFT, sample
from openvasa.motion.schedule import SCHEDULES, create_schedule, step_times
from openvasa.types import POSE_DIM, Array, Controls, InputError

CONFIG = PRESETS["tiny"]
RNG = np.random.default_rng(0)
X = RNG.standard_normal((7, 54)).astype(np.float32)


class Recorder:
    """A denoiser whose answer tells which conditions it was given."""

    def __init__(self) -> None:
        self.batches: list[int] = []

    def __call__(self, graph: str, inputs: Mapping[str, Array]) -> Mapping[str, Array]:
        assert graph == "denoiser"
        self.batches.append(len(inputs["noisy"]))
        worth = np.asarray([1, 10, 100, 1000, 10000], np.float32)
        return {"x0": 0 * inputs["noisy"] + (inputs["keep"] @ worth)[:, None, None]}


def conditions(controls: Controls | None = None):
    audio = RNG.standard_normal((7, 128)).astype(np.float32)
    past = RNG.standard_normal((20, 128)).astype(np.float32)
    history = RNG.standard_normal((20, 54)).astype(np.float32)
    return window_conditions(CONFIG, history, past, audio, controls or Controls())


@pytest.mark.parametrize("name", sorted(SCHEDULES))
@pytest.mark.parametrize("steps", [1, 4])
def test_sampler_finds_what_a_perfect_denoiser_knows(name: str, steps: int) -> None:
    truth = RNG.standard_normal((7, 54)).astype(np.float32)
    found = sample(lambda x, t: truth, X, create_schedule(name), steps)
    np.testing.assert_allclose(found, truth, atol=1e-6)


@pytest.mark.parametrize("name", sorted(SCHEDULES))
def test_sampler_maps_gauss_to_gauss(name: str) -> None:
    """For motion ~ N(0, s^2) the best denoiser is linear and the flow scales noise by s."""
    schedule, spread = create_schedule(name), 0.5

    def denoise(x: Array, t: float) -> Array:
        alpha, sigma = schedule.signal(t), schedule.noise(t)
        return x * alpha * spread**2 / (alpha**2 * spread**2 + sigma**2)

    found = sample(denoise, X, schedule, 400)
    np.testing.assert_allclose(found, spread * X, rtol=0.02)


@pytest.mark.parametrize("name", sorted(SCHEDULES))
def test_twice_the_steps_miss_by_a_quarter_in_poses_and_by_half_elsewhere(name: str) -> None:
    """Motion ~ N(0, s^2), where the flow is known: of second and of first order."""
    schedule, spread = create_schedule(name), 0.5

    def denoise(x: Array, t: float) -> Array:
        alpha, sigma = schedule.signal(t), schedule.noise(t)
        return x * alpha * spread**2 / (alpha**2 * spread**2 + sigma**2)

    missed = [np.abs(sample(denoise, X, schedule, steps) - spread * X) for steps in (40, 80)]
    gain = [before.max() / after.max() for before, after in zip(*map(parts, missed), strict=True)]
    assert gain[0] > 3.3 and gain[1] == pytest.approx(2, abs=0.3)


@pytest.mark.parametrize("steps", [2, 3, 7])
def test_poses_follow_an_even_change_of_velocity_exactly(steps: int) -> None:
    """dx/dt = a + b t; a plain step of length h misses by b h^2 / 2, as the first and last do."""
    a, b = X, X[::-1]
    lengths = -np.diff(step_times(steps, SHIFT))
    found = sample(lambda x, t: x - t * (a + b * t), X, SCHEDULES["rectified"], steps)
    missed = parts(X - a - b / 2 - found)
    for ours, rate, plain in zip(missed, parts(b), (lengths[[0, -1]], lengths), strict=True):
        np.testing.assert_allclose(ours, rate * (plain**2).sum() / 2, atol=1e-5)


def parts(frames: Array) -> tuple[Array, Array]:
    """The pose, and all else."""
    return frames[:, :POSE_DIM], frames[:, POSE_DIM:]


def test_the_sample_is_the_last_prediction() -> None:
    said: list[Array] = []

    def denoise(x: Array, t: float) -> Array:
        said.append(np.tanh(x) * (1 - t) + t)
        return said[-1]

    found = sample(denoise, X, SCHEDULES["rectified"], 4)
    assert len(said) == 4 and found.dtype == np.float32 and np.array_equal(found, said[-1])


@pytest.mark.parametrize("name", sorted(SCHEDULES))
def test_schedules_run_from_motion_to_noise(name: str) -> None:
    schedule = create_schedule(name)
    t = np.linspace(0, 1, 11)
    assert schedule.signal(0.0) == 1 and schedule.noise(0.0) == 0
    assert schedule.noise(1.0) == 1 and abs(schedule.signal(1.0)) < 1e-9
    assert (np.diff(schedule.signal(t)) < 0).all() and (np.diff(schedule.noise(t)) > 0).all()
    with pytest.raises(InputError, match="cosine, rectified|cosine', 'rectified"):
        create_schedule("linear")


def test_guidance_is_equation_two_in_one_call() -> None:
    asked = Controls(gaze=(5, 0), distance=1.2, emotion=("happy", 0.5))
    run = Recorder()
    scales = GuidanceScales(audio=0.5, gaze=2.0, distance=0.0, emotion=1.0, previous=0.0)
    x0 = guide(run, conditions(asked), scales)(X, 0.5)
    full = 11111.0
    expected = (1 + 3.5) * full - 0.5 * (full - 10) - 2 * (full - 100) - 1 * (full - 10000)
    np.testing.assert_allclose(x0, expected, rtol=1e-6)
    assert run.batches == [4]


def test_scale_zero_costs_nothing_and_is_plain() -> None:
    run = Recorder()
    none = GuidanceScales(audio=0.0, gaze=0.0)
    x0 = guide(run, conditions(Controls(gaze=(5, 0))), none)(X, 0.5)
    assert run.batches == [1]
    np.testing.assert_array_equal(x0, np.float32(1111.0))


def test_conditions_left_to_the_model_have_no_branch() -> None:
    run = Recorder()
    guide(run, conditions(Controls()), GuidanceScales(audio=0.0, gaze=0.0, emotion=3.0))(X, 0.5)
    given = replace(conditions(), keep=np.zeros(5, np.float32))
    guide(run, given, GuidanceScales(audio=1.0, previous=1.0))(X, 0.5)
    assert run.batches == [1, 1]


def test_only_what_is_asked_for_is_insisted_on() -> None:
    scales = GuidanceScales(audio=0.5, gaze=1.0, distance=2.0, emotion=3.0)
    assert asked_scales(scales, Controls()) == replace(scales, gaze=0.0, distance=0.0)
    assert asked_scales(scales, Controls(gaze=(0, 0))) == replace(scales, distance=0.0)
    assert asked_scales(scales, Controls(gaze=(5, 0), distance=1.0)) == scales


def test_scales_must_be_finite() -> None:
    with pytest.raises(InputError, match="gaze"):
        GuidanceScales(gaze=float("nan"))
