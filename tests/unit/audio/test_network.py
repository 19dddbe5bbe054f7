"""The network: the receptive field that the clock promises, and an export that agrees."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from openvasa.audio.clock import CONTEXT_COLUMNS  # noqa: E402
from openvasa.audio.network import (  # noqa: E402
    AudioNetwork,
    example_input,
    export_audio,
    load_audio,
)


@pytest.fixture(scope="module")
def network() -> AudioNetwork:
    torch.manual_seed(0)
    return AudioNetwork().eval()


def test_one_frame_needs_the_promised_context(network: AudioNetwork) -> None:
    assert network(torch.zeros(1, 80, CONTEXT_COLUMNS)).shape == (1, 1, 128)
    assert network(example_input()).shape == (1, 5, 128)


def test_a_block_equals_a_long_run(network: AudioNetwork) -> None:
    mel = torch.randn(1, 80, 76 + 4 * 19, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        whole = network(mel)
        block = network(mel[:, :, 20 : 20 + 92])
    torch.testing.assert_close(block[0], whole[0, 5:10], atol=1e-4, rtol=1e-4)


def test_size_is_compact(network: AudioNetwork) -> None:
    assert sum(p.numel() for p in network.parameters()) < 1_600_000


def test_export_agrees(tmp_path: Path) -> None:
    pytest.importorskip("onnxscript")
    onnxruntime = pytest.importorskip("onnxruntime")
    torch.manual_seed(2)
    weights, graph = export_audio(AudioNetwork(), tmp_path)
    mel = np.random.default_rng(0).normal(size=example_input().shape).astype(np.float32)
    session = onnxruntime.InferenceSession(str(graph), providers=["CPUExecutionProvider"])
    (made,) = session.run(["features"], {"mel": mel})
    with torch.no_grad():
        truth = load_audio(weights)(torch.from_numpy(mel)).numpy()
    np.testing.assert_allclose(made, truth, atol=2e-4)
