"""The table says what the networks say."""

from inspect import signature

import pytest

from openvasa.engine.graphs import graph_table
from openvasa.latent.config import PRESETS as LATENT
from openvasa.latent.graphs import DecoderGraph, EmbedGraph, MoveGraph, PortraitGraph
from openvasa.motion.config import PRESETS as MOTION


@pytest.mark.parametrize("module", [PortraitGraph, MoveGraph, DecoderGraph, EmbedGraph])
def test_inputs_are_those_of_the_latent_room(module) -> None:
    table = graph_table(LATENT["compact"], MOTION["compact"])
    name = module.__name__.removesuffix("Graph").lower()
    assert list(table[name].inputs) == list(signature(module.forward).parameters)[1:]


def test_no_file_uses_a_name_twice() -> None:
    for graph in graph_table(LATENT["paper"], MOTION["paper"]).values():
        names = [*graph.inputs, *graph.stored_outputs]
        assert len(names) == len(set(names))


def test_shapes_follow_the_sizes() -> None:
    table = graph_table(LATENT["compact"], MOTION["compact"])
    assert table["portrait"].outputs["appearance"] == (1, 9, 16, 32, 32)
    assert table["move"].outputs["at"] == (1, 16, 32, 32, 3)
    assert table["denoiser"].inputs["audio"][1:] == (27, 128)
