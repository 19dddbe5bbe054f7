"""Every graph gives the same on ONNX Runtime and PyTorch; bad models are refused in words."""

import numpy as np
import pytest

from openvasa.bundle import read_bundle
from openvasa.engine import backends
from openvasa.engine.export import example_inputs
from openvasa.engine.graphs import graph_table
from openvasa.types import InputError


@pytest.fixture(scope="module")
def pair(bundle_folder):
    bundle = read_bundle(bundle_folder)
    return [backends.create_backend(name, bundle) for name in ("onnx", "torch")]


@pytest.mark.parametrize("name", ["portrait", "move", "decoder", "embed", "audio", "denoiser"])
def test_backends_agree(pair, bundle_folder, name: str) -> None:
    spec = graph_table(*backends.sizes(read_bundle(bundle_folder)))[name]
    inputs = example_inputs(spec)
    ours, reference = (run(name, inputs) for run in pair)
    assert list(ours) == list(reference) == list(spec.outputs)
    for key, value in reference.items():
        assert value.shape == spec.outputs[key] and ours[key].dtype == np.float32
        assert np.abs(ours[key] - value).max() < 1e-4


def test_the_denoiser_takes_any_batch(pair, bundle_folder) -> None:
    spec = graph_table(*backends.sizes(read_bundle(bundle_folder)))["denoiser"]
    inputs = example_inputs(spec)
    both = pair[0]("denoiser", inputs)["x0"]
    one = pair[0]("denoiser", {key: value[:1] for key, value in inputs.items()})["x0"]
    assert np.allclose(both[:1], one, atol=1e-5)


def test_an_unknown_backend_is_named(bundle_folder) -> None:
    with pytest.raises(InputError, match="onnx, torch"):
        backends.create_backend("cuda", read_bundle(bundle_folder))


def test_cores_respects_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert backends.cores() == 1
    monkeypatch.setenv("OMP_NUM_THREADS", "many")
    assert backends.cores() >= 1
