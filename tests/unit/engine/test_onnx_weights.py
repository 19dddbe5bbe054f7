"""Constants in fp16 and outside the graph are the same numbers."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import save

from openvasa.engine.onnx_weights import halve, share


def _model(value: np.ndarray) -> onnx.ModelProto:
    made = helper.make_tensor_value_info
    graph = helper.make_graph(
        [helper.make_node("Add", ["x", "w"], ["y"])], "g",
        [made("x", TensorProto.FLOAT, value.shape)], [made("y", TensorProto.FLOAT, value.shape)],
        [numpy_helper.from_array(value, "w")],
    )  # fmt: skip
    return helper.make_model(graph)


def test_halving_loses_nothing() -> None:
    exact = np.linspace(-1, 1, 1000, dtype=np.float16).astype(np.float32)
    model = halve(_model(exact))
    onnx.checker.check_model(model)
    assert model.graph.initializer[0].data_type == TensorProto.FLOAT16
    assert np.array_equal(numpy_helper.to_array(model.graph.initializer[0]), exact)
    inexact = halve(_model(exact + np.float32(1e-6)))
    assert inexact.graph.initializer[0].data_type == TensorProto.FLOAT
    assert halve(_model(exact[:10])).graph.initializer[0].data_type == TensorProto.FLOAT


@pytest.mark.parametrize("turned", [False, True])
def test_shared_weights_are_read_from_the_weight_file(tmp_path, turned: bool) -> None:
    value = np.random.default_rng(0).standard_normal((30, 40)).astype(np.float16)
    content = save({"a": np.zeros(3, np.float16), "b": value.T.copy() if turned else value})
    (tmp_path / "net.safetensors").write_bytes(content)
    model = share(halve(_model(value.astype(np.float32))), content, "net.safetensors")
    assert len(model.SerializeToString()) < 600
    onnx.save(model, tmp_path / "g.onnx")
    session = onnxruntime.InferenceSession(
        str(tmp_path / "g.onnx"), providers=["CPUExecutionProvider"]
    )
    out = session.run(None, {"x": np.zeros((30, 40), np.float32)})[0]
    assert np.array_equal(out, value.astype(np.float32))


def test_weights_of_another_network_stay_inside(tmp_path) -> None:
    value = np.ones((30, 40), np.float32)
    model = share(halve(_model(value)), save({"a": np.zeros(3, np.float16)}), "net.safetensors")
    assert not model.graph.initializer[0].external_data
