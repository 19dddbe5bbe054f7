"""What was read is compared honestly, and every attack makes readable pictures."""

from __future__ import annotations

import numpy as np
import pytest

from marked_pictures import picture
from openvasa.metrics.mark_attacks import ATTACKS, UNCHANGED, as_text, attack_clip, outcome, psnr
from openvasa.provenance.pixel_mark import MarkReading


def test_outcomes() -> None:
    read = MarkReading(True, 1.0, 0.0, 0b1011)
    assert outcome("a", read, 0b1011).exact and outcome("a", read, 0b1011).accuracy == 1
    wrong = outcome("a", read, 0b1000)
    assert wrong.found and not wrong.exact and wrong.accuracy == pytest.approx(46 / 48)
    unread = outcome("a", MarkReading(False, 0.0, 1.0, None), 3)
    assert not unread.found and not unread.exact and unread.accuracy == 0.5


def test_every_attack_gives_pictures() -> None:
    frames = [picture(128, 128, k / 25) for k in range(5)]
    for name, attack in ATTACKS.items():
        changed, fps = attack(frames)
        assert fps > 0 and changed, name
        assert all(image.dtype == np.uint8 and image.shape[2:] == (3,) for image in changed), name


def test_a_clip_through_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = (UNCHANGED, "half size, CRF 18", "one frame, JPEG 50")
    monkeypatch.setattr(
        "openvasa.metrics.mark_attacks.ATTACKS", {name: ATTACKS[name] for name in kept}
    )
    found = list(attack_clip([picture(384, 384, k / 25) for k in range(6)], "one"))
    assert [one.attack for one in found] == list(kept)
    assert found[0].exact and found[2].found
    assert as_text(found).splitlines()[2] == "| none | 1 | 1.00 | 1.00 | 1.000 |"


def test_psnr() -> None:
    black = np.zeros((4, 4, 3), np.uint8)
    assert psnr(black, black + np.uint8(1)) == pytest.approx(48.13, abs=0.01)
