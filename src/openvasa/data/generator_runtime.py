"""The generator as a function from styles to 512 x 512 portraits, on the fastest engine here.

The picture is the low band of the generator's last wavelet level: the 1024 x 1024 picture averaged
over 2 x 2 pixels, which need not be drawn. The engines agree to within a few levels of 255, not
bit for bit, so a recipe names its engine.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from openvasa.data.generator import Block, Generator, StyledConv, inverse_haar
from openvasa.types import Array, Image

ENGINES = ("openvino", "torch")
Draw = Callable[[Array], Image]


def drawing(generator: Generator, engine: str) -> Draw:
    """Styles f32 [L, 512] or [512] -> a portrait u8 [512, 512, 3].

    Args:
        generator: On the device that torch is to use.
        engine: `openvino` (one thread of a CPU, three times as fast there) or `torch`.
    """
    if engine == "openvino":
        return _openvino(generator)

    def draw(styles: Array) -> Image:
        return draw_batch(generator, styles[None])[0]

    return draw


@torch.inference_mode()
def draw_batch(generator: Generator, styles: Array) -> Image:
    """Styles f32 [N, L, 512] or [N, 512] -> portraits u8 [N, 512, 512, 3], by torch."""
    w = torch.from_numpy(_layers(styles, generator.n_styles)).to(generator.mean.device)
    picture = _LowBand(generator)(w)
    return (picture * 255 + 0.5).byte().permute(0, 2, 3, 1).cpu().numpy()


def _openvino(generator: Generator) -> Draw:
    import openvino

    example = torch.zeros(1, generator.n_styles, 512)
    with torch.no_grad():
        graph = openvino.convert_model(_Folded(generator).eval(), example_input=example)
    settings = {
        "INFERENCE_PRECISION_HINT": "f32",
        "INFERENCE_NUM_THREADS": 1,
        "ENABLE_CPU_PINNING": False,  # else every process of a machine takes its first core
    }
    request = openvino.Core().compile_model(graph, "CPU", settings).create_infer_request()

    def draw(styles: Array) -> Image:
        picture = request.infer([_layers(styles[None], generator.n_styles)])[0][0]
        return (picture.transpose(1, 2, 0) * 255 + 0.5).astype(np.uint8)

    return draw


def _layers(styles: Array, count: int) -> Array:
    """One style per layer, f32 [N, L, 512]."""
    if styles.ndim == 2:
        styles = np.repeat(styles[:, None], count, axis=1)
    return np.ascontiguousarray(styles, np.float32)


class _LowBand(nn.Module):
    """[N, L, 512] -> RGB [N, 3, 512, 512] in [0, 1]."""

    def __init__(self, generator: Generator) -> None:
        super().__init__()
        self.network = generator.synthesis_network

    def forward(self, w: Tensor) -> Tensor:
        network = self.network
        x = network.stem(w[:, 0])
        for i, block in enumerate(network.blocks):
            assert isinstance(block, Block)
            styles = w[:, 3 * i + 1 : 3 * i + 4]
            x = inverse_haar(x * block.style(styles[:, 0])[:, :, None, None])
            x = self.convolve(block.second, self.convolve(block.first, x, styles[:, 1]),
                              styles[:, 2])  # fmt: skip
        x = x * network.color_style(w[:, -1])[:, :, None, None]
        color = functional.conv2d(x, network.color.weight[:3], network.color.bias[:3])  # type: ignore[index]
        return (color * 0.25 + 0.5).clamp(0, 1)

    def convolve(self, layer: StyledConv, x: Tensor, w: Tensor) -> Tensor:
        """One styled convolution, as it is."""
        return layer(x, w)


class _Folded(_LowBand):
    """The same for one picture at a time: styles scale small kernels instead of big features."""

    def convolve(self, layer: StyledConv, x: Tensor, w: Tensor) -> Tensor:
        """The style commutes with the convolution of each channel: it is put into the next one."""
        kernel = layer.pointwise.weight * layer.style(w)[0][None, :, None, None]
        x = functional.conv2d(layer.depthwise(x), kernel, layer.pointwise.bias)
        return functional.leaky_relu(x + layer.noise, 0.2)
