"""The client, against a real server on a socket."""

from __future__ import annotations

import asyncio
import io
import itertools
import time
import wave
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path

import numpy as np
import pytest

from live_server import listening
from openvasa.client import LiveClient, LiveError, LiveFrame, create_avatar
from openvasa.types import InputError
from server_client import StudioAnimator, pcm, picture, settings_with
from tiny_model import tiny_bundle, tone

CONSENT, SEATS = "Nobody is shown.", 4


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with listening(StudioAnimator.load(tiny_bundle()), settings_with(sessions=SEATS)) as url:
        yield url


@pytest.fixture(scope="module")
def portrait(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("portrait") / "noise.png"
    file.write_bytes(picture())
    return file


@pytest.fixture(scope="module")
def avatar(url: str, portrait: Path) -> str:
    return create_avatar(url, portrait, CONSENT)


async def _spoken(live: LiveClient, pieces: list[bytes]) -> list[LiveFrame]:
    async with live:
        live.speak(pieces)
        return [frame async for frame in live]


def test_a_recording_becomes_frames_with_their_sound(url: str, avatar: str) -> None:
    sound = pcm(tone(2.0))
    pieces = [sound[start : start + 5000] for start in range(0, len(sound), 5000)]
    frames = asyncio.run(_spoken(LiveClient(url, avatar, pace="free", size=128), pieces))
    assert [frame.index for frame in frames] == list(range(50))
    assert frames[0].rgb().shape == (128, 128, 3) and frames[0].rgb().dtype == np.uint8
    assert b"".join(frame.sound for frame in frames) == sound
    assert [frame.index for frame in frames if frame.ended] == [49]
    assert all(frame.speaking for frame in frames) and frames[25].time == 1.0


def test_sound_longer_than_may_wait_is_spoken_whole(
    url: str, avatar: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("openvasa.server.inbox.MOST", 2 * 16_000)
    pieces = [pcm(tone(0.5))] * 10
    frames = asyncio.run(_spoken(LiveClient(url, avatar, pace="free", size=128), pieces))
    assert len(frames) == 5 * 25


def test_live_it_breathes_speaks_and_is_interrupted(url: str, avatar: str) -> None:
    async def talk() -> None:
        sound = pcm(tone(6.0))
        async with LiveClient(url, avatar, size=128) as live:
            frames = aiter(live)
            assert not (await anext(frames)).speaking
            await live.control(distance=1.2)
            await live.send(sound)
            spoken = []
            async for frame in frames:
                spoken += [frame] if frame.speaking else []
                if len(spoken) == 10:
                    break
            assert b"".join(frame.sound for frame in spoken[1:]) in sound
            shown = live.shown
            await live.interrupt()
            after = [await anext(frames) for _ in range(10)]
            assert shown is not None
            assert {frame.index for frame in after if frame.speaking} <= {shown + 1}
            await live.send(sound[:9600])
            await live.end()
            again = b""
            async for frame in frames:
                again += frame.sound
                if frame.ended:
                    break
            assert sound[:9600].strip(b"\0") == again.strip(b"\0")

    asyncio.run(talk())


def _wait() -> bytes:
    time.sleep(1)
    return bytes(2)


def test_a_microphone_may_wait_while_frames_come(url: str, avatar: str) -> None:
    async def listen() -> int:
        pieces = itertools.chain([pcm(tone(0.5))], iter(_wait, None))
        async with LiveClient(url, avatar, size=128) as live:
            live.speak(pieces)
            async for frame in live:
                if frame.index == 15:
                    return frame.index
        return -1

    assert asyncio.run(listen()) == 15


def test_refusals_say_why(url: str, avatar: str, portrait: Path, tmp_path: Path) -> None:
    async def enter(**wishes: object) -> str:
        with pytest.raises(LiveError) as refused:
            async with LiveClient(url, str(wishes.pop("avatar", avatar)), **wishes):  # type: ignore[arg-type]
                pass
        return refused.value.code

    async def busy() -> str:
        async with AsyncExitStack() as stack:
            for _ in range(SEATS):
                await stack.enter_async_context(LiveClient(url, avatar))
            return await enter()

    assert asyncio.run(enter(avatar="nobody")) == "no_avatar"
    assert asyncio.run(enter(size=7)) == "bad_message"
    assert asyncio.run(busy()) == "busy"
    with pytest.raises(InputError, match="did not take the portrait"):
        create_avatar(url, portrait, "")
    with pytest.raises(InputError, match="no server answers"):
        create_avatar("http://127.0.0.1:1", portrait, CONSENT)
    with pytest.raises(LiveError, match="no server takes"):
        asyncio.run(_spoken(LiveClient("http://127.0.0.1:1", "a"), []))


def test_the_example_is_a_whole_client(
    url: str, portrait: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = Path(__file__).parents[3] / "examples" / "live_client.py"
    if not file.is_file():
        pytest.skip("the examples are not beside the tests")
    names: dict[str, object] = {"__name__": "example"}
    exec(compile(file.read_text(encoding="utf-8"), str(file), "exec"), names)
    names["URL"] = url
    out = io.BytesIO()
    with wave.open(out, "wb") as sound:
        sound.setparams((1, 2, 16_000, 0, "NONE", ""))
        sound.writeframes(pcm(tone(0.4)))
    out.seek(0)
    asyncio.run(names["main"](str(portrait), wave.open(out), tmp_path))  # type: ignore[operator]
    assert len(list(tmp_path.glob("*.jpg"))) == 10
