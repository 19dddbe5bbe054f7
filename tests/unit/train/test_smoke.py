"""The whole of training on generated data, to a model on disk."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import pytest

from openvasa.bundle import read_bundle
from openvasa.train.smoke import SmokeRecipe, main, read_recipe
from openvasa.types import InputError

RECIPE = Path(__file__).parents[3] / "recipes" / "smoke.yaml"


def test_smoke_trains_both_stages_and_writes_a_model(tmp_path: Path) -> None:
    assert main(["--out", str(tmp_path)]) == 0
    for run in ("geometry", "picture", "motion"):
        assert (tmp_path / run / "ema.safetensors").is_file()
    bundle = read_bundle(tmp_path / "model")
    assert bundle.name == "smoke"
    assert max(bundle.config["parity"].values()) < 1e-3


def test_the_recipe_is_the_default() -> None:
    assert asdict(read_recipe(RECIPE)) == asdict(SmokeRecipe())


def test_recipes_are_checked(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("peple: 3\n")
    with pytest.raises(InputError, match="peple"):
        read_recipe(tmp_path / "bad.yaml")
    assert main(["--out", str(tmp_path), "--recipe", str(tmp_path / "none.yaml")]) == 2
