"""Every graph and every frame is the same on every runtime; bad models are refused in words."""

import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from openvasa.bundle import read_bundle
from openvasa.engine import backends
from openvasa.engine.animator import Animator
from openvasa.engine.export import example_inputs
from openvasa.engine.graphs import graph_table
from openvasa.engine.render import Renderer
from openvasa.types import InputError
from tiny_model import tiny_face, tone

FOUND = ("onnx", "openvino")  # beside the reference; GPUs are not here


@pytest.fixture(scope="module")
def runs(bundle_folder):
    bundle = read_bundle(bundle_folder)
    return {name: backends.create_backend(name, bundle) for name in ("torch", *FOUND)}


@pytest.mark.parametrize("backend", FOUND)
@pytest.mark.parametrize("name", ["portrait", "move", "decoder", "embed", "audio", "denoiser"])
def test_backends_agree(runs, bundle_folder, name: str, backend: str) -> None:
    spec = graph_table(*backends.sizes(read_bundle(bundle_folder)))[name]
    inputs = example_inputs(spec)
    ours, reference = (runs[key](name, inputs) for key in (backend, "torch"))
    assert list(ours) == list(reference) == list(spec.outputs)
    for key, value in reference.items():
        assert value.shape == spec.outputs[key] and ours[key].dtype == np.float32
        assert np.abs(ours[key] - value).max() < 1e-4


@pytest.mark.parametrize("backend", FOUND)
def test_frames_are_within_40_db_of_the_reference(runs, animator, backend: str) -> None:
    avatar = animator._encode(tiny_face())
    motion = animator.perform(tone(0.4), steps=2)
    ours, reference = (
        Renderer(avatar, runs[key], animator.topology, size=128) for key in (backend, "torch")
    )
    for t in range(len(motion)):
        pair = (each(motion[t : t + 1], t).image.astype(float) for each in (ours, reference))
        assert np.mean(np.square(np.subtract(*pair))) <= 255**2 / 10**4


def test_threads_share_a_backend(runs, bundle_folder) -> None:
    table = graph_table(*backends.sizes(read_bundle(bundle_folder)))
    inputs = example_inputs(table["decoder"])
    with ThreadPoolExecutor(4) as pool:
        for run in runs.values():
            made = list(pool.map(lambda _, run=run: run("decoder", inputs)["gain"], range(12)))
            assert all(np.array_equal(made[0], other) for other in made)


def test_the_denoiser_takes_any_batch(runs, bundle_folder) -> None:
    spec = graph_table(*backends.sizes(read_bundle(bundle_folder)))["denoiser"]
    inputs = example_inputs(spec)
    both = runs["onnx"]("denoiser", inputs)["x0"]
    one = runs["onnx"]("denoiser", {key: value[:1] for key, value in inputs.items()})["x0"]
    assert np.allclose(both[:1], one, atol=1e-5)


def test_what_is_not_there_is_named(bundle_folder, monkeypatch: pytest.MonkeyPatch) -> None:
    bundle = read_bundle(bundle_folder)
    with pytest.raises(InputError, match="onnx, tensorrt, openvino, torch, cuda"):
        backends.create_backend("warp", bundle)
    with pytest.raises(InputError, match="TensorRT"):
        backends.create_backend("tensorrt", bundle)
    monkeypatch.setitem(sys.modules, "openvasa.engine.openvino_backend", None)
    with pytest.raises(InputError, match=r"openvasa\[openvino\]"):
        backends.create_backend("openvino", bundle)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_the_backend_says_so(bundle_folder) -> None:
    with pytest.raises(InputError, match="no GPU"):
        Animator.load(bundle_folder, backend="cuda")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
def test_a_gpu_makes_the_same(bundle_folder, runs) -> None:
    cuda = backends.create_backend("cuda", read_bundle(bundle_folder))
    for name, spec in graph_table(*backends.sizes(read_bundle(bundle_folder))).items():
        inputs = example_inputs(spec)
        for key, value in runs["torch"](name, inputs).items():
            assert np.abs(cuda(name, inputs)[key] - value).max() < 5e-3


def test_cores_respects_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert backends.cores() == 1
    monkeypatch.setenv("OMP_NUM_THREADS", "many")
    assert backends.cores() >= 1


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"cpu.max": "150000 100000"}, 2),
        ({"cpu.max": "max 100000"}, 64),
        ({"cpu/cpu.cfs_quota_us": "50000", "cpu/cpu.cfs_period_us": "100000"}, 1),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, 64),
        ({}, 64),
    ],
)
def test_cores_respects_the_container(files, expected, tmp_path, monkeypatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr("os.sched_getaffinity", lambda _: set(range(64)), raising=False)
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text + "\n")
    assert backends.cores(tmp_path) == expected
