"""The page holds together: what its scripts look for is there and has a name."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from openvasa.server.app import PAGE


class Elements(HTMLParser):
    """All start tags of a page."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def ids(self) -> list[str]:
        return [about["id"] or "" for _, about in self.found if "id" in about]


STUDIO = Elements(PAGE / "index.html")
SCRIPTS = {
    file.name: file.read_text(encoding="utf-8")
    for file in PAGE.glob("*.js")
    if file.name not in ("view.js", "capture-worklet.js")
}


def test_each_id_is_there_once() -> None:
    ids = STUDIO.ids()
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", sorted(SCRIPTS))
def test_what_a_script_looks_for_is_there(name: str) -> None:
    wanted = re.findall(r'(?:\$|getElementById)\("([\w-]+)"\)', SCRIPTS[name])
    assert set(wanted) <= set(STUDIO.ids())


def test_imports_are_files_of_the_page() -> None:
    for name, text in SCRIPTS.items():
        for file in re.findall(r'from "([^"]+)"', text):
            assert file.startswith("./") and (PAGE / file).is_file(), (name, file)


def test_every_field_and_button_has_a_name() -> None:
    labels = {about["for"] for tag, about in STUDIO.found if tag == "label" and "for" in about}
    inside = re.findall(r"<label[^>]*>(?:(?!</label>).)*?<input id=\"(\w+)\"",
        (PAGE / "index.html").read_text(encoding="utf-8"), re.DOTALL)  # fmt: skip
    for tag, about in STUDIO.found:
        if tag in ("input", "select", "textarea"):
            name = about["id"]
            assert name in labels or name in inside or about.get("aria-label"), name


def test_the_field_for_text_waits_until_there_is_a_voice() -> None:
    about = {about.get("id"): (tag, about) for tag, about in STUDIO.found}
    assert "hidden" in about["typed"][1] and "hidden" in about["no-readers"][1]
    tag, text = about["text"]
    assert tag == "textarea" and int(text["maxlength"] or 0) == 2000
    assert "disabled" in about["speak"][1]
