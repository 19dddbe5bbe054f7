"""One plain verdict from two layers, whichever of them is left."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from openvasa.media.image import save_png
from openvasa.media.video import VideoWriter, read_video
from openvasa.provenance.credentials import Credentials, State
from openvasa.provenance.frame_digests import Tampering
from openvasa.provenance.identity import load_identity, local_root
from openvasa.provenance.origin import GENERATED, Origin
from openvasa.provenance.pixel_mark import MarkReading, PixelMark
from openvasa.provenance.release import release_file
from openvasa.provenance.verdict import Outcome, Verdict, _conclude, chance, judge
from openvasa.types import Image
from signed_video import (
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

ID = 0x0123456789AB
SAYS = Credentials(
    state=State.VALID, source_types=(GENERATED,), content_id=ID, generator="openvasa 1"
)
ABSENT = Credentials(state=State.ABSENT)
MARK = MarkReading(True, 1 - 1e-8, 1e-8, ID, [(0.0, 2.0, True), (2.0, 4.0, True)])
NONE = MarkReading(False, 0.0, 1.0, None, [(0.0, 4.0, False)])
SIDE = 256


def _scene() -> Image:
    """Soft noise."""
    rng = np.random.default_rng(3)
    coarse = rng.integers(60, 200, (SIDE // 32, SIDE // 32, 3), dtype=np.uint8)
    return np.kron(coarse, np.ones((32, 32, 1), np.uint8))


@pytest.fixture(scope="module")
def marked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A video with both layers: two seconds."""
    target = tmp_path_factory.mktemp("marked") / "a.mp4"
    origin = Origin(model="tiny", model_hash="0" * 64, content_id=ID)
    frame = PixelMark(ID).embed(_scene())
    with (
        release_file(target, origin, load_identity()) as hidden,
        VideoWriter(hidden, (SIDE, SIDE)) as writer,
    ):
        for _ in range(50):
            writer.write(frame)
    return target


def _copy(source: Path, target: Path, frames: slice = slice(None)) -> Path:
    """Encoded again, as a clip or an upload is."""
    with VideoWriter(target, (SIDE, SIDE), crf=24) as writer:
        for frame in list(read_video(source))[frames]:
            writer.write(frame)
    return target


def test_both_layers_agree(marked: Path) -> None:
    seen: list[tuple[int, int]] = []
    found = judge(marked, [local_root() or b""], lambda *now: seen.append(now))
    assert found.outcome is Outcome.MARKED and "openvasa" in found.sentence
    assert any("same content id" in one for one in found.details)
    assert found.mark is not None and found.mark.payload == ID and found.seconds == 2.0
    assert found.marked_ranges == [(0.0, 2.0)] and len(found.pictures) == 6
    assert seen[-1] == (50, 50)


def test_copies_keep_the_mark_alone(marked: Path, tmp_path: Path) -> None:
    clip = judge(_copy(marked, tmp_path / "clip.mp4", slice(10, 40)))
    save_png(tmp_path / "shot.png", PixelMark(ID).embed(_scene()))
    for found in (clip, judge(tmp_path / "shot.png")):
        assert found.outcome is Outcome.MARKED and "pixels" in found.sentence
        assert "credentials are gone" in found.details[0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (leave, "every frame is whole"),
        (swap_two, "frames are in another order"),
        (replace_one, "1 frame is not what was signed, at 0."),
        (drop_last, "1 frame is missing"),
    ],
)
def test_tampering_is_told_apart(change, words: str, tmp_path: Path) -> None:
    found = judge(repacked(signed_video(tmp_path), tmp_path / "t.mp4", change))
    assert found.outcome is Outcome.TAMPERED and words in found.sentence


def test_one_byte(tmp_path: Path) -> None:
    signed = signed_video(tmp_path)
    data, copy = signed.read_bytes(), tmp_path / "t.mp4"
    in_frames = judge(flipped(signed, copy, inside_a_picture(signed)[0]))
    assert in_frames.outcome is Outcome.TAMPERED and "frame is not what" in in_frames.sentence
    in_words = judge(flipped(signed, copy, data.index(b"compositeWithTrained")))
    assert in_words.outcome is Outcome.TAMPERED and "credentials are" in in_words.sentence


def test_cut_short_after_signing(tmp_path: Path) -> None:
    signed = signed_video(tmp_path)
    signed.write_bytes(signed.read_bytes()[:-3000])
    assert judge(signed).outcome is Outcome.TAMPERED


def test_nothing_found_and_nothing_read(tmp_path: Path) -> None:
    plain = judge(plain_video(tmp_path / "a.mp4"))
    assert plain.outcome is Outcome.NOT_FOUND and "does not prove" in plain.sentence
    (tmp_path / "a.txt").write_text("words")
    for name in ("a.txt", "none.mp4"):
        assert judge(tmp_path / name).outcome is Outcome.UNREADABLE


def _weighed(credentials: Credentials, mark: MarkReading | None) -> Verdict:
    return _conclude(Path("a.mp4"), credentials, mark, None, 4.0)


def test_credentials_of_another_file() -> None:
    found = _weighed(SAYS, replace(MARK, payload=ID + 1))
    assert found.outcome is Outcome.TAMPERED and "another file" in found.sentence


def test_weighing() -> None:
    weak = replace(MARK, payload=None)
    camera = Credentials(state=State.UNTRUSTED, generator="camera")
    for credentials, mark, outcome, words in [
        (SAYS, MARK, Outcome.MARKED, "same content id"),
        (SAYS, NONE, Outcome.MARKED, "should carry was not found"),
        (SAYS, weak, Outcome.MARKED, "too weak"),
        (replace(SAYS, state=State.UNTRUSTED), MARK, Outcome.MARKED, "nobody this computer trusts"),
        (ABSENT, MARK, Outcome.MARKED, "credentials are gone"),
        (camera, MARK, Outcome.MARKED, "credentials do not say so"),
        (camera, NONE, Outcome.NOT_FOUND, "say nothing of generated"),
        (ABSENT, NONE, Outcome.NOT_FOUND, ""),
    ]:
        found = _weighed(credentials, mark)
        assert found.outcome is outcome and words in " ".join(found.details)


def test_a_mark_in_part_of_the_video() -> None:
    part = replace(MARK, seconds=[(0.0, 2.0, True), (2.0, 4.0, False)])
    found = _weighed(ABSENT, part)
    assert "found in 2.0 of 4.0 seconds" in " ".join(found.details)
    assert "at least in part" in found.sentence
    assert "in part" not in _weighed(ABSENT, MARK).sentence
    assert found.marked_ranges == [(0.0, 2.0)]


def test_several_kinds_of_change_at_once() -> None:
    broken = Credentials(
        state=State.BROKEN, problems=("assertion.bmffHash.mismatch",), frames={"rate": 25.0}
    )
    all_of_it = Tampering(changed=(50, 51), moved=4, missing=0, added=3, sound=True)
    found = _conclude(Path("a.mp4"), broken, NONE, all_of_it, 4.0)
    for words in ("2 frames are not", "the first at 2.00 s", "another order", "3 frames are too",
                  "sound"):  # fmt: skip
        assert words in found.sentence


def test_chance_in_words() -> None:
    assert chance(replace(MARK, false_alarm=1e-6)) == "once in 1,000,000"
    assert "billion" in chance(replace(MARK, false_alarm=0.0))
