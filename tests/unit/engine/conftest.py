"""One tiny model for all tests of the engine."""

from pathlib import Path

import pytest

from openvasa.engine.animator import Animator
from tiny_model import tiny_bundle, tiny_face


@pytest.fixture(scope="session")
def bundle_folder() -> Path:
    return tiny_bundle()


@pytest.fixture(scope="session")
def animator(bundle_folder):
    return Animator.load(bundle_folder)


@pytest.fixture(scope="session")
def avatar(animator):
    return animator._encode(tiny_face())
