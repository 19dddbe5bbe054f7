"""Lists of cases are checked, videos are made by every system, and made only once."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from openvasa.metrics import benchmark
from openvasa.metrics.benchmark import Making, plan, read_cases
from openvasa.types import Controls, InputError
from talking_video import cut_to, portrait, speech, write


@pytest.fixture
def listed(tmp_path: Path) -> Path:
    for name in ("a.jpg", "b.jpg", "a.wav", "b.wav"):
        (tmp_path / name).write_bytes(b"x")
    write(tmp_path / "a.mp4", [portrait(64)] * 3, cut_to(speech(), 3))
    (tmp_path / "cases.csv").write_text(
        "name,portrait,audio,video,person,gaze,emotion,same_person\n"
        "one,a.jpg,a.wav,a.mp4,Ann,\"10,-5\",happy:0.5,yes\n"
        ",b.jpg,b.wav,,Bob,,,\n"
    )  # fmt: skip
    return tmp_path / "cases.csv"


def test_a_list_is_read(listed: Path) -> None:
    one, two = read_cases(listed)
    assert (one.name, two.name) == ("one", "b-b")
    assert one.controls == Controls(gaze=(10.0, -5.0), emotion=("happy", 0.5))
    assert one.tags == {"person": "Ann"} and two.video is None and one.same_person
    lines = listed.with_suffix(".jsonl")
    lines.write_text('{"portrait": "a.jpg", "audio": "a.wav", "distance": 1.2}\n')
    assert read_cases(lines)[0].controls.distance == 1.2


@pytest.mark.parametrize(
    ("row", "about"),
    [("a.jpg,", "lacks"), ("no.jpg,a.wav", "no file"), ("a.jpg,a.wav,x~1", "neither"),
     ("a.jpg,a.wav,x\na.jpg,b.wav,x", "twice"), ("", "no cases"),
     ("a.jpg,a.wav,x,5", "two angles"), ("a.jpg,a.wav,x,up", "two numbers")],
)  # fmt: skip
def test_bad_rows_are_told(listed: Path, row: str, about: str) -> None:
    listed.write_text(f"portrait,audio,name,gaze\n{row}\n")
    with pytest.raises(InputError, match=about):
        read_cases(listed)


class Animator:
    """Stands for a model: tells what it was asked."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        (folder / "config.json").write_text("{}")
        self.bundle = SimpleNamespace(path=folder)
        self.asked: list[Any] = []

    def prepare(self, path: Path) -> str:
        return path.stem

    def animate(self, avatar: str, sound: Any, **options: Any) -> Any:
        self.asked.append((avatar, options["seed"], options.get("steps")))
        return SimpleNamespace(save=lambda target: target.write_bytes(b"video"))


def test_every_system_makes_its_videos_once(
    listed: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[tuple[str, str]] = []

    def fake(name: str, place: int) -> Any:
        def write_it(*given: Any) -> None:
            made.append((name, given[place].stem))
            given[place].write_bytes(b"video")

        return write_it

    monkeypatch.setattr(benchmark, "write_still", fake("still", 2))
    monkeypatch.setattr(benchmark, "write_scripted", lambda name, *given: fake(name, 3)(*given))
    monkeypatch.setattr(benchmark, "write_shuffled", fake("shuffled", 4))
    monkeypatch.setattr(benchmark, "_sound", lambda path, seconds: (path.stem, seconds))
    animator = Animator(tmp_path / "model")
    making = Making(cast(Any, animator), None, seed=5, samples=2, options={"steps": 3})
    systems = ("ours", "still", "puppet", "melregression", "neighbor", "shuffled", "real")
    jobs = plan(read_cases(listed), systems, making, tmp_path / "o")
    for _, make in [*jobs, *jobs]:
        make()
    assert animator.asked == [("a", 5, 3), ("a", 6, 3), ("b", 5, 3), ("b", 6, 3)]
    assert len(made) == 10 and len(set(made)) == 10
    names = [case.system for case, _ in jobs]
    assert names.count("ours") == 4 and names.count("real") == 1
    ours, real = jobs[0][0], jobs[-1][0]
    assert ours.name == "one~1" and ours.gaze == (10.0, -5.0) and ours.distance == 1.0
    assert real.gaze is None and real.portrait is not None  # it shows the same person
    still = next(case for case, _ in jobs if case.system == "still")
    assert still.gaze is None


def test_a_baseline_that_lacks_something_is_told(listed: Path, tmp_path: Path) -> None:
    making = Making(cast(Any, Animator(tmp_path / "model")))
    _, make = plan(read_cases(listed), ("previous",), making, tmp_path / "o")[-1]
    with pytest.raises(InputError, match="--previous"):
        make()
    _, make = plan(read_cases(listed)[:1], ("shuffled",), making, tmp_path / "o")[-1]
    with pytest.raises(InputError, match="second recording"):
        make()


def test_an_earlier_release_may_bring_its_videos(listed: Path, tmp_path: Path) -> None:
    making = Making(cast(Any, Animator(tmp_path / "model")), tmp_path / "earlier")
    jobs = plan(read_cases(listed), ("previous",), making, tmp_path / "o")
    assert [case.video for case, _ in jobs] == [
        tmp_path / "earlier" / "one.mp4", tmp_path / "earlier" / "b-b.mp4",
    ]  # fmt: skip
    assert jobs[0][0].gaze == (10.0, -5.0)  # it was asked for the same
