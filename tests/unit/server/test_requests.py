"""Messages of the live protocol: what is understood and what is refused."""

from __future__ import annotations

import json

import pytest

from openvasa.server.requests import Hello, Interrupt, Steer, read_message, read_wishes
from openvasa.types import Controls, InputError


def test_messages_are_read() -> None:
    hello = read_message('{"type": "hello", "version": 1, "avatar": "a", "rate": 48000}')
    assert isinstance(hello, Hello) and hello.rate == 48_000 and hello.pace == "live"
    steer = read_message('{"type": "controls", "controls": {"gaze": [10, -5], "distance": 0.8}}')
    assert isinstance(steer, Steer)
    assert steer.controls.controls() == Controls(gaze=(10, -5), distance=0.8)
    assert read_message('{"type": "interrupt", "shown": 7}') == Interrupt(type="interrupt", shown=7)


@pytest.mark.parametrize(
    "text",
    [
        "", "hello", "[]", "null", "{}", '{"type": "dance"}', '{"type": "end", "now": true}',
        '{"type": "hello", "version": 2, "avatar": "a"}', '{"type": "hello", "version": 1}',
        '{"type": "interrupt", "shown": -1}', '{"type": "interrupt", "shown": "7"}', "[" * 100_000,
        json.dumps({"type": "hello", "version": 1, "avatar": "a" * 100}),
        *(
            json.dumps({"type": "hello", "version": 1, "avatar": "a", name: value})
            for name, value in {
                "rate": 100, "size": 4096, "seed": -1, "pace": "slow", "video": "gif",
                "quality": 100, "framing": "wide", "background": "green", "file": "/etc/passwd",
            }.items()
        ),
    ],
)  # fmt: skip
def test_other_messages_are_refused(text: str) -> None:
    with pytest.raises(InputError, match="not of protocol 1"):
        read_message(text)


def test_a_color_behind_the_person() -> None:
    told = json.dumps({"type": "hello", "version": 1, "avatar": "a", "background": "#00fF10"})
    hello = read_message(told)
    assert isinstance(hello, Hello) and hello.scene().background == (0, 255, 16)


def test_wishes_must_be_in_range() -> None:
    assert read_wishes("") == Controls()
    assert read_wishes('{"emotion": ["happy", 0.5]}') == Controls(emotion=("happy", 0.5))
    asked = read_wishes('{"head": [5, 0, -3], "movement": 0.5, "blinks": 10, "expressiveness": 2}')
    assert asked == Controls(head=(5, 0, -3), movement=0.5, blinks=10, expressiveness=2)
    for wrong in ('{"blinks": 100}', '{"emotion_offset": [1, 1]}', '{"gaze": [90, 0]}',
                  '{"distance": 0}', '{"emotion": ["joyful", 1]}',
                  '{"distance": NaN}', '{"gaze": [1]}', '{"mood": 1}'):  # fmt: skip
        with pytest.raises(InputError):
            read_wishes(wrong)
