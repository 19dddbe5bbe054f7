"""What was tampered with: bytes of a frame, their order, their number, the sound, or no frame."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from openvasa.provenance.frame_digests import Tampering, compare_frames, digest_frames
from signed_video import (
    FRAMES,
    drop_last,
    flipped,
    inside_a_picture,
    leave,
    plain_video,
    repacked,
    replace_one,
    signed_video,
    swap_two,
)

NOTHING = Tampering(changed=(), moved=0, missing=0, added=0, sound=False)


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return signed_video(tmp_path_factory.mktemp("signed"))


def test_signing_changes_no_frame(signed: Path) -> None:
    assert compare_frames(signed, digest_frames(signed.with_name("plain.mp4"))) == NOTHING
    assert digest_frames(signed)["rate"] == FRAMES


@pytest.mark.parametrize("change", [leave, swap_two, replace_one, drop_last])
def test_kinds_of_tampering_are_told_apart(signed: Path, change, tmp_path: Path) -> None:
    digests = digest_frames(signed)
    found = compare_frames(repacked(signed, tmp_path / "t.mp4", change), digests)
    assert (len(found.changed), found.moved > 0, found.missing, found.added, found.sound) == {
        leave: (0, False, 0, 0, False),
        swap_two: (0, True, 0, 0, False),
        replace_one: (1, False, 0, 0, False),
        drop_last: (0, False, 1, 0, False),
    }[change]


def test_one_byte_of_one_frame(signed: Path, tmp_path: Path) -> None:
    digests = digest_frames(signed)
    place, shown = inside_a_picture(signed)
    found = compare_frames(flipped(signed, tmp_path / "t.mp4", place), digests)
    assert found == replace(NOTHING, changed=(shown,))


def test_more_frames_than_were_signed(signed: Path, tmp_path: Path) -> None:
    found = compare_frames(signed, digest_frames(plain_video(tmp_path / "s.mp4", FRAMES - 5)))
    assert found.added == 5
