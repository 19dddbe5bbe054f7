"""A server of the tiny model, asked in this process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from openvasa.engine.animator import Animator
from server_client import StudioAnimator, serving, settings_with
from tiny_model import tiny_bundle


@pytest.fixture(scope="session")
def animator() -> Animator:
    return StudioAnimator.load(tiny_bundle())


@pytest.fixture(scope="module")
def client(animator: Animator) -> Iterator[TestClient]:
    with serving(animator, settings_with()) as client:
        yield client
