"""What is exported: half the size, the same numbers, and a record of how far runtimes differ."""

import json

import onnx

from openvasa.bundle import read_bundle
from openvasa.engine.export import CLOSE


def test_the_bundle_says_what_it_is(bundle_folder) -> None:
    bundle = read_bundle(bundle_folder)
    config = json.loads((bundle_folder / "config.json").read_text())
    assert bundle.license == "Apache-2.0" and config["notice"] and config["sources"] == ["a seed"]
    assert set(config["parity"]) == set(bundle.graphs)
    assert all(0 <= gap <= CLOSE for gap in config["parity"].values())
    assert {"autoencoder", "denoiser", "audio", "stats", "surface"} == set(bundle.networks)


def test_every_weight_is_stored_once(bundle_folder) -> None:
    weights = (bundle_folder / "denoiser.safetensors").stat().st_size
    graph = (bundle_folder / "denoiser.onnx").read_bytes()
    assert b"denoiser.safetensors" in graph and weights > 20_000
    model = onnx.load_from_string(graph)
    inside = sum(len(tensor.raw_data) for tensor in model.graph.initializer)
    assert inside < 0.4 * weights
