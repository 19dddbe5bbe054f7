"""Drawing: the low band is the averaged picture, folding styles changes nothing."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from openvasa.data.generator import Generator  # noqa: E402
from openvasa.data.generator_runtime import _Folded, draw_batch, drawing  # noqa: E402


@pytest.fixture(scope="module")
def generator() -> Generator:
    torch.manual_seed(0)
    made = Generator((16, 16, 8), depth=2)
    for module in made.synthesis_network.modules():
        if hasattr(module, "noise"):
            module.noise.normal_(std=0.1)
    torch.nn.init.normal_(made.synthesis_network.stem.constant)
    return made.eval().requires_grad_(False)


def _styles(generator: Generator) -> np.ndarray:
    w = generator.mapping(generator.noise([3, 4]))[:, None].repeat(1, generator.n_styles, 1)
    return (w + 0.1 * torch.randn(w.shape, generator=torch.Generator().manual_seed(1))).numpy()


def test_the_low_band_is_the_picture_averaged_over_four_pixels(generator: Generator) -> None:
    styles = _styles(generator)
    whole = generator.synthesis_network(torch.from_numpy(styles)) * 0.5 + 0.5
    mean = torch.nn.functional.avg_pool2d(whole, 2).clamp(0, 1).permute(0, 2, 3, 1).numpy()
    assert np.abs(draw_batch(generator, styles) / 255 - mean).max() < 0.5 / 255 + 1e-5


def test_folded_styles_draw_the_same(generator: Generator) -> None:
    styles = _styles(generator)[:1]
    folded = (_Folded(generator)(torch.from_numpy(styles)) * 255 + 0.5).byte()
    plain = draw_batch(generator, styles)[0]
    assert np.abs(folded[0].permute(1, 2, 0).numpy().astype(int) - plain).max() <= 1


def test_engines_agree_and_one_style_serves_all_layers(generator: Generator) -> None:
    style = _styles(generator)[0, 0]
    a, b = drawing(generator, "torch")(style), drawing(generator, "openvino")(style)
    assert a.shape == (16, 16, 3) and np.abs(a.astype(int) - b).max() <= 1
    same = drawing(generator, "torch")(np.repeat(style[None], generator.n_styles, 0))
    np.testing.assert_array_equal(a, same)
