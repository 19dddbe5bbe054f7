"""The regression that a motion network starts with."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from torch import Tensor

from openvasa.motion.config import PRESETS, input_shapes
from openvasa.motion.denoiser import MotionDenoiser, create_denoiser
from openvasa.train.speech_start import fit_speech
from openvasa.types import POSE_DIM

CONFIG = PRESETS["tiny"]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def batch(seed: int, mixing: np.ndarray) -> dict[str, Tensor]:
    """Windows whose dynamics are a mixture of the sound one frame before and one after."""
    rng = np.random.default_rng(seed)
    arrays = {
        name: rng.standard_normal(shape).astype("f4")
        for name, shape in input_shapes(CONFIG, 64).items()
    }
    arrays["time"], arrays["keep"] = np.ones(64, "f4"), np.ones((64, 5), "f4")
    heard, prefix = arrays["audio"], CONFIG.prefix
    after = np.pad(heard, ((0, 0), (0, 1), (0, 0)))[:, prefix + 1 :]
    target = arrays["noisy"].copy()
    target[..., POSE_DIM:] = heard[:, prefix - 1 : -1] @ mixing - 0.5 * after @ mixing + 0.3
    return {name: torch.from_numpy(value) for name, value in {**arrays, "target": target}.items()}


def error(network: MotionDenoiser, inputs: dict[str, Tensor]) -> float:
    inputs = dict(inputs)
    target = inputs.pop("target")
    with torch.inference_mode():
        return float((network(**inputs) - target)[..., POSE_DIM:].square().mean())


def test_it_tells_at_once_what_the_sound_tells_linearly_and_adds_to_what_is_known() -> None:
    mixing = np.random.default_rng(9).standard_normal((128, 48)).astype("f4") / 11
    torch.manual_seed(0)
    network = create_denoiser(CONFIG).eval()
    torch.nn.init.normal_(network.out.weight, std=0.2)  # it says something already
    fresh = batch(1000, mixing)
    before = error(network, fresh)
    fit_speech(network, (batch(k, mixing) for k in range(40)))
    assert error(network, fresh) < 0.3 * before
    unheard = {**fresh, "keep": fresh["keep"] * torch.tensor([1.0, 0, 1, 1, 1])}
    assert error(network, unheard) > 0.8 * before  # what is not heard tells nothing
