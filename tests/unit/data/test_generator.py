"""The generator: its pieces against plain formulas, the IR reader, and parity with OpenVINO."""

import os
import xml.etree.ElementTree as ElementTree
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from torch.nn import functional  # noqa: E402

from openvasa.data.generator import Generator, StyledConv, inverse_haar  # noqa: E402
from openvasa.data.generator_ir import generator_tensors  # noqa: E402
from openvasa.types import InputError  # noqa: E402

IR_FOLDER = os.environ.get("OPENVASA_GENERATOR_IR", "")


def random_generator() -> Generator:
    torch.manual_seed(0)
    generator = Generator((16, 16, 8), depth=2)
    for module in generator.synthesis_network.modules():
        if hasattr(module, "noise"):
            module.noise.normal_(std=0.1)
    torch.nn.init.normal_(generator.synthesis_network.stem.constant)
    return generator.eval().requires_grad_(False)


def test_inverse_haar_equals_transposed_convolutions() -> None:
    bands = torch.randn(2, 12, 4, 5)
    signs = {0: (1, 1), 1: (-1, 1), 2: (1, -1), 3: (-1, -1)}  # (vertical, horizontal)
    expected = torch.zeros(2, 3, 8, 10)
    for band, (v, h) in signs.items():
        kernel = 0.5 * torch.tensor([[1.0, h], [v, v * h]]).expand(3, 1, 2, 2)
        part = bands[:, :3] if band == 0 else bands[:, 3:].reshape(2, 3, 3, 4, 5)[:, :, band - 1]
        expected += functional.conv_transpose2d(part, kernel, stride=2, groups=3)
    assert torch.allclose(inverse_haar(bands), expected, atol=1e-6)


def test_inverse_haar_keeps_energy() -> None:
    bands = torch.randn(1, 8, 4, 4)
    assert torch.isclose(inverse_haar(bands).square().sum(), bands.square().sum())


def test_styled_convolution_scales_channels_before_convolving() -> None:
    conv = StyledConv(4, 6, 8).requires_grad_(False)
    x, w = torch.randn(2, 4, 8, 8), torch.randn(2, 512)
    scaled = x * conv.style(w)[:, :, None, None]
    weight = conv.pointwise.weight * conv.depthwise.weight[:, 0][None]  # [6, 4, 3, 3]
    expected = functional.conv2d(scaled, weight, conv.pointwise.bias, padding=1)
    assert torch.allclose(conv(x, w), functional.leaky_relu(expected, 0.2), atol=1e-5)


def test_picture_is_batched_and_in_range() -> None:
    generator = random_generator()
    w = generator.mapping(generator.noise([1, 2]))
    both = generator.synthesis(w)
    assert both.shape == (2, 3, 32, 32)
    assert both.min() >= 0 and both.max() <= 1
    assert torch.allclose(both[1:], generator.synthesis(w[1:]), atol=1e-6)


def test_one_style_per_layer() -> None:
    generator = random_generator()
    w = generator.mapping(generator.noise([1]))
    layers = w[:, None].repeat(1, generator.n_styles, 1)
    assert torch.allclose(generator.synthesis(layers), generator.synthesis(w))
    for layer in range(generator.n_styles):
        changed = layers.clone()
        changed[:, layer] += 1
        assert not torch.equal(generator.synthesis(changed), generator.synthesis(layers))


def test_truncation_ends_at_the_mean_person() -> None:
    generator = random_generator()
    generator.mean.normal_()
    assert torch.allclose(generator.mapping(generator.noise([3]), 0.0)[0], generator.mean)


def test_noise_depends_on_the_seed_alone() -> None:
    assert torch.equal(Generator.noise([7, 8])[1], Generator.noise([8])[0])


def test_save_and_load_in_half_precision(tmp_path: Path) -> None:
    generator = random_generator()
    generator.save(tmp_path / "generator.safetensors")
    again = Generator.load(tmp_path / "generator.safetensors")
    w = generator.noise([5])
    assert again.n_styles == generator.n_styles
    assert torch.allclose(again.synthesis(w), generator.synthesis(w), atol=0.01)


def test_missing_files_say_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="from_ir"):
        Generator.load(tmp_path / "generator.safetensors")
    with pytest.raises(InputError, match="MappingNetwork"):
        Generator.from_ir(tmp_path)


class IrWriter:
    """Writes the op sequence of the published graphs for any `Generator`."""

    def __init__(self) -> None:
        self.net = ElementTree.Element("net")
        self.layers = ElementTree.SubElement(self.net, "layers")
        self.edges = ElementTree.SubElement(self.net, "edges")
        self.blob = b""

    def op(self, kind: str, *inputs: int) -> int:
        number = len(self.layers)
        ElementTree.SubElement(self.layers, "layer", id=str(number), type=kind)
        for port, source in enumerate(inputs):
            names = {"from-layer": str(source), "to-layer": str(number), "to-port": str(port)}
            ElementTree.SubElement(self.edges, "edge", names)
        return number

    def const(self, value: object, shape: Sequence[int]) -> int:
        array = np.asarray(value, np.float32).reshape(shape)
        number = self.op("Const")
        text = ", ".join(str(n) for n in shape)
        names = {"element_type": "f32", "shape": text, "offset": str(len(self.blob))}
        ElementTree.SubElement(self.layers[number], "data", names)
        self.blob += array.tobytes()
        return number

    def style(self, linear: torch.nn.Linear, scale: float | None) -> int:
        divide = 1.0 if scale is None else scale
        weight = self.const(linear.weight / divide, linear.weight.shape)
        x = self.op("MatMul", 0, weight)
        x = self.op("Add", x, self.const(linear.bias / divide, (1, len(linear.bias))))
        x = self.op("Reshape", x)
        return x if scale is None else self.op("Multiply", x, self.const(scale, (1, 1, 1, 1)))

    def conv(self, x: int, style: int, *weights: torch.Tensor) -> int:
        x = self.op("Multiply", style, x)
        for weight in weights:
            grouped = weight.shape[1] == 1
            shape = (len(weight), 1, 1, 3, 3) if grouped else tuple(weight.shape)
            kind = "GroupConvolution" if grouped else "Convolution"
            x = self.op(kind, x, self.const(weight, shape))
        return x

    def finish(self, x: int, noise: torch.Tensor, bias: torch.Tensor) -> int:
        x = self.op("Add", x, self.const(noise, tuple(noise.shape)))
        return self.op("PReLU", self.op("Add", x, self.const(bias, (1, len(bias), 1, 1))))

    def write(self, folder: Path, name: str) -> None:
        ElementTree.ElementTree(self.net).write(folder / f"{name}.xml")
        (folder / f"{name}.bin").write_bytes(self.blob)


def write_ir(generator: Generator, folder: Path) -> None:
    ir = IrWriter()
    x = ir.op("Parameter")
    for layer in generator.mapping_layers:
        x = ir.op("MatMul", x, ir.const(layer.weight, (512, 512)))
        x = ir.op("Add", x, ir.const(layer.bias, (512,)))
    ir.write(folder, "MappingNetwork")
    ir, net = IrWriter(), generator.synthesis_network
    ir.op("Parameter")
    stem = net.stem
    first = ir.style(stem.style, 0.25)
    x = ir.op("Tile", ir.op("Broadcast", ir.const(stem.constant, stem.constant.shape)))
    x = ir.finish(ir.conv(x, first, stem.conv.weight), stem.noise, stem.conv.bias)
    for block in net.blocks:
        x = ir.op("VariadicSplit", ir.op("Multiply", ir.style(block.style, None), x))
        for conv in (block.first, block.second):
            weights = conv.depthwise.weight, conv.pointwise.weight
            x = ir.conv(x, ir.style(conv.style, 0.5), *weights)
            x = ir.finish(x, conv.noise, conv.pointwise.bias)
    x = ir.conv(x, ir.style(net.color_style, 0.125), net.color.weight)
    ir.op("Add", x, ir.const(net.color.bias, (1, 12, 1, 1)))
    ir.write(folder, "SynthesisNetwork")


def test_graph_is_read_back(tmp_path: Path) -> None:
    generator = random_generator()
    write_ir(generator, tmp_path)
    found, expected = generator_tensors(tmp_path), generator.state_dict()
    assert found.keys() | {"mean"} == expected.keys()
    for name, value in found.items():
        assert torch.allclose(value, expected[name], atol=1e-6), name


def test_foreign_graph_is_refused(tmp_path: Path) -> None:
    write_ir(random_generator(), tmp_path)
    ir = IrWriter()
    ir.op("Tile", ir.const(np.zeros(16), (1, 1, 4, 4)))
    ir.write(tmp_path, "SynthesisNetwork")
    with pytest.raises(InputError, match="SynthesisNetwork"):
        Generator.from_ir(tmp_path)


@pytest.mark.skipif(not IR_FOLDER, reason="OPENVASA_GENERATOR_IR names no folder")
def test_parity_with_openvino() -> None:
    openvino = pytest.importorskip("openvino")
    generator, core = Generator.from_ir(Path(IR_FOLDER)), openvino.Core()
    exact = {"INFERENCE_PRECISION_HINT": "f32"}
    mapping, synthesis = (
        core.compile_model(Path(IR_FOLDER) / f"{name}.xml", "CPU", exact)
        for name in ("MappingNetwork", "SynthesisNetwork")
    )
    for seed in range(4):
        z = generator.noise([seed])
        expected = synthesis([mapping([z.numpy()])[0]])[0]
        found = generator.synthesis(generator.mapping(z)).numpy()
        assert np.abs(found - np.clip(expected / 2 + 0.5, 0, 1)).max() < 2 / 255
