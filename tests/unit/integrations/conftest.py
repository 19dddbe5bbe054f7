"""A server that listens, and a portrait on it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(scope="package")
def url() -> Iterator[str]:
    from live_server import listening
    from server_client import StudioAnimator, settings_with
    from tiny_model import tiny_bundle

    with listening(StudioAnimator.load(tiny_bundle()), settings_with(sessions=4)) as url:
        yield url


@pytest.fixture(scope="package")
def avatar(url: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    from openvasa.client import create_avatar
    from server_client import picture

    file = tmp_path_factory.mktemp("portrait") / "noise.png"
    file.write_bytes(picture())
    return create_avatar(url, file, "Nobody is shown.")
