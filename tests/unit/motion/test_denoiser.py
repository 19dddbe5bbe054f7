"""The network: every input matters, nulls hide what they should, ONNX agrees."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch

from openvasa.motion.config import CONDITION_NAMES, PRESETS, MotionConfig, input_shapes
from openvasa.motion.denoiser import (
    MotionDenoiser,
    as_run,
    create_denoiser,
    export_denoiser,
)
from openvasa.types import Array


def make(config: MotionConfig = PRESETS["tiny"]) -> MotionDenoiser:
    torch.manual_seed(0)
    network = create_denoiser(config).eval()
    for parameter in network.parameters():  # zero-initialized layers would hide everything
        if not parameter.any():
            torch.nn.init.normal_(parameter, std=0.2)
    return network


def inputs(batch: int = 2, config: MotionConfig = PRESETS["tiny"]) -> dict[str, Array]:
    rng = np.random.default_rng(1)
    arrays = {
        name: rng.standard_normal(shape).astype(np.float32)
        for name, shape in input_shapes(config, batch).items()
    }
    arrays["time"] = np.linspace(0.2, 0.9, batch, dtype=np.float32)
    arrays["keep"] = np.ones((batch, 5), np.float32)
    return arrays


def test_every_input_changes_the_output() -> None:
    run = as_run(make())
    plain = run("denoiser", inputs())["x0"]
    assert plain.shape == (2, 7, 54)
    for name in inputs():
        changed = inputs()
        changed[name] = changed[name] * np.float32(0.5)
        difference = np.abs(run("denoiser", changed)["x0"] - plain).max()
        assert difference > 1e-4, f"{name} is ignored"


@pytest.mark.parametrize("flag", range(5))
def test_a_null_hides_its_condition_and_nothing_else(flag: int) -> None:
    run = as_run(make())
    values = {
        "previous": "previous_motion",
        "audio": "audio",
        "gaze": "gaze",
        "distance": "distance",
        "emotion": "emotion",
    }
    hidden = inputs()
    hidden["keep"][:, flag] = 0.0
    plain = run("denoiser", hidden)["x0"]
    assert np.abs(plain - run("denoiser", inputs())["x0"]).max() > 1e-4
    for index, name in enumerate(CONDITION_NAMES):
        changed = dict(hidden)
        changed[values[name]] = hidden[values[name]] + 1.0
        same = np.array_equal(run("denoiser", changed)["x0"], plain)
        assert same == (index == flag), name


def test_without_the_previous_window_its_audio_is_hidden_too() -> None:
    run = as_run(make())
    first = inputs()
    first["keep"][:, 0] = 0.0
    other = dict(first)
    other["audio"] = first["audio"].copy()
    other["audio"][:, :20] += 1.0
    assert np.array_equal(run("denoiser", first)["x0"], run("denoiser", other)["x0"])


def test_untrained_network_continues_the_pose_it_saw_last() -> None:
    run = as_run(create_denoiser(PRESETS["tiny"]).eval())
    given = inputs()
    given["previous_motion"][:, -2:, :6] = 1.0
    np.testing.assert_allclose(run("denoiser", given)["x0"][..., :6], 1.0, atol=0.08)
    given["keep"][:, 0] = 0.0
    assert not run("denoiser", given)["x0"].any()


def test_samples_of_a_batch_do_not_meet() -> None:
    run = as_run(make())
    together = run("denoiser", inputs(3))["x0"]
    for index in range(3):
        alone = {name: value[index : index + 1] for name, value in inputs(3).items()}
        np.testing.assert_allclose(run("denoiser", alone)["x0"][0], together[index], atol=1e-5)


def test_export_agrees_at_any_batch_size(tmp_path: Path) -> None:
    network = make()
    path = tmp_path / "denoiser.onnx"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own deprecations
        export_denoiser(network, PRESETS["tiny"], path)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    assert [item.name for item in session.get_inputs()] == list(input_shapes(PRESETS["tiny"], 1))
    for batch in (1, 3, 5):
        given = inputs(batch)
        given["audio"][0, -2:] = 0.0  # the recording's end
        given["keep"][0] = 0.0
        (found,) = session.run(["x0"], given)
        np.testing.assert_allclose(found, as_run(network)("denoiser", given)["x0"], atol=1e-4)


def test_paper_preset_learns_one_step() -> None:
    config = PRESETS["paper"]
    network = create_denoiser(config)
    millions = sum(parameter.numel() for parameter in network.parameters()) / 1e6
    assert 25 < millions < 50
    given = {name: torch.from_numpy(value) for name, value in inputs(1, config).items()}
    network(**given).square().mean().backward()
    assert network.out.weight.grad is not None
