"""The page: whole, self-contained, and safe with any file's words."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from openvasa.provenance.credentials import Credentials, State
from openvasa.provenance.frame_digests import Tampering
from openvasa.provenance.origin import COMPOSITE
from openvasa.provenance.pixel_mark import MarkReading
from openvasa.provenance.verdict import Outcome, Verdict
from openvasa.provenance.verdict_page import write_page
from openvasa.types import InputError

NASTY = "<script>alert('&')</script>"
FULL = Verdict(
    file=Path(NASTY),
    outcome=Outcome.TAMPERED,
    sentence=NASTY,
    details=(NASTY,),
    credentials=Credentials(
        state=State.BROKEN,
        problems=(NASTY,),
        generator=NASTY,
        signer=NASTY,
        made=NASTY,
        source_types=(COMPOSITE, NASTY),
        model={"name": NASTY, "sha256": "0" * 64},
        content_id=0xABC,
        consent={"text": NASTY, "sha256": "1" * 64},
        components=("2" * 64,),
        ingredients=(NASTY, "video"),
        frames={"rate": 25.0},
    ),
    mark=MarkReading(True, 1.0, 0.0, 0xABC, [(0.0, 2.0, True), (2.0, 4.0, False)]),
    tampering=Tampering(changed=(10, 11), moved=0, missing=0, added=0, sound=False),
    seconds=4.0,
    pictures=tuple(np.full((9, 16, 3), 80 * i, np.uint8) for i in range(3)),
)
BARE = Verdict(file=Path("b"), outcome=Outcome.UNREADABLE, sentence="It cannot be read.")
NOTHING = Verdict(
    file=Path("c"),
    outcome=Outcome.NOT_FOUND,
    sentence="Nothing.",
    credentials=Credentials(state=State.ABSENT),
    mark=MarkReading(False, 0.0, 1.0, None, []),
    pictures=FULL.pictures[:1],
)


class Reader(HTMLParser):
    """Counts tags, checks that they close, and gathers what would be loaded."""

    VOID = {"meta", "img", "i", "path", "circle", "rect", "html"}

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.counts: dict[str, int] = {}
        self.links: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.counts[tag] = self.counts.get(tag, 0) + 1
        self.links += [value for name, value in attrs if name in ("src", "href")]
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in self.VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_is_whole_and_safe(tmp_path: Path) -> None:
    target = tmp_path / "a.html"
    write_page([FULL, BARE, NOTHING], target)
    page = target.read_text(encoding="utf-8")
    reader = Reader()
    reader.feed(page)
    assert not reader.open and "script" not in reader.counts
    assert reader.counts["article"] == 3 and reader.counts["img"] == 4
    assert all(link.startswith("data:image/jpeg") for link in reader.links)
    assert "http" not in page.split("</style>")[1]
    assert reader.text.count(NASTY) >= 9 and "0000-0000-0abc" in reader.text
    assert [file.name for file in tmp_path.iterdir()] == ["a.html"]
    with pytest.raises(InputError, match="cannot write"):
        write_page([BARE], tmp_path / "none" / "a.html")
