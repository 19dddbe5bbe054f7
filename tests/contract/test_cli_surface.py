"""The command line: its flags are pinned, its complaints are one line, its exit codes are kept."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from openvasa import cli
from openvasa.bundle import Bundle
from openvasa.commands import animate, train
from openvasa.commands.performance_flags import files, performance
from openvasa.media.video import VideoWriter
from openvasa.provenance.credentials import read_credentials
from openvasa.types import Controls, InputError

FLAGS = {
    "animate": "--aspect --background --blinks --blocklist --certificate --consent --controls "
    "--distance --emotion "
    "--expressiveness --face --framing --gaze --guidance --head --help --identity --key --label "
    "--listen --model --motion --movement --no-label --output --portrait --pose --pose-from --seed "
    "--size --steps",
    "bench": "--backends --every --framing --help --lengths --model --plot --rounds --steps",
    "dub": "--blocklist --certificate --consent --face --help --identity --key --label --longer "
    "--model --no-label --output --seed",
    "edit": "--blink --blocklist --certificate --consent --distance --expression --face --framing "
    "--gaze --help --identity --key --label --model --mouth-open --no-label --output --pitch "
    "--portrait --roll --sheet --size --smile --yaw",
    "evaluate": "--baselines --help --judges --portraits",  # all else belongs to WHAT
    "export": "--audio --autoencoder --head --help --latent --light --motion --name --notice "
    "--output --sources",
    "motion": "--blinks --controls --distance --emotion --expressiveness --gaze --guidance --head "
    "--help --listen --model --motion --movement --output --pose --pose-from --seed --steps",
    "prepare-data": "--cluster --consent --help --identity --licence --manifest --max-seconds "
    "--min-face --min-seconds --output --person --pixel-aspect --size --workers",
    "reenact": "--blocklist --certificate --consent --driver-face --face --framing --help "
    "--identity --key --label --mode --model --no-label --no-sound --output --portrait --size "
    "--sound",
    "serve": "--blocklist --certificate --drain --help --host --identity --key --model --port "
    "--proxy --sessions --token --voice-command",
    "train": "--help",  # all else belongs to the stage
    "verify": "--help --hint --json --page --trust",
}


def _flags(verb: str) -> str:
    found = re.findall(r"(?<![\w-])--[a-z][a-z-]*", cli.create_parser(verb).format_help())
    return " ".join(sorted(set(found)))


@pytest.mark.parametrize("verb", sorted(FLAGS))
def test_flags_are_pinned(verb: str) -> None:
    assert _flags(verb) == FLAGS[verb]


@pytest.mark.parametrize("words", [[], ["--help"], ["-h"], ["--version"]])
def test_help_names_every_verb(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(words) == 0
    out = capsys.readouterr().out
    assert (
        out.startswith("openvasa 0") if "--version" in words else all(v in out for v in cli.VERBS)
    )


def _complaint(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """Runs the command, which must end with exit code 2 and one line."""
    try:
        code = cli.main(words)
    except SystemExit as left:
        code = left.code
    shown = capsys.readouterr()
    assert code == 2 and not shown.out
    assert shown.err.count("\n") == 1 and "Traceback" not in shown.err
    return shown.err


GIVEN = ["animate", "a.jpg", "a.wav", "-o", "a.mp4"]


@pytest.mark.parametrize(
    ("words", "about"),
    [
        (["animat"], "did you mean 'animate'"),
        (["xyz"], "there are: animate"),
        (["train"], "STAGE"),
        (["train", "voice"], "invalid choice: 'voice'"),
        (["animate", "a.jpg"], "AUDIO"),
        (["animate", "a.jpg", "a.wav"], "--output"),
        ([*GIVEN, "--gaze", "5"], "two angles"),
        ([*GIVEN, "--gaze", "-90,0"], "within 60"),
        ([*GIVEN, "--gaze", "a,b"], "must be a number"),
        ([*GIVEN, "--head", "5,5"], "three angles"),
        ([*GIVEN, "--head", "-40,0,0"], "within 30"),
        ([*GIVEN, "--movement", "3"], "from 0 to 2"),
        ([*GIVEN, "--blinks", "often"], "must be a number"),
        ([*GIVEN, "--controls", "keys.txt"], ".csv or .json"),
        ([*GIVEN, "--pose", "fixed", "--pose-from", "a.npz"], "not allowed with"),
        ([*GIVEN, "--distance", "0"], "from 0.25 to 4"),
        ([*GIVEN, "--distance", "nan"], "must be a number"),
        ([*GIVEN, "--emotion", "joyful"], "choose one of happy"),
        ([*GIVEN, "--emotion", "happy:2"], "from 0 to 1"),
        ([*GIVEN, "--emotion", "happy:"], "must be a number"),
        ([*GIVEN, "--guidance", "audio"], "NAME=SCALE"),
        ([*GIVEN, "--guidance", "sound=1"], "NAME=SCALE"),
        ([*GIVEN, "--guidance", "audio=-1"], "from 0 to 10"),
        ([*GIVEN, "--steps", "0"], "from 1 to 100"),
        ([*GIVEN, "--seed", "-1"], "whole number"),
        ([*GIVEN, "--seed", "1.5"], "whole number"),
        ([*GIVEN, "--size", "513"], "try 514"),
        ([*GIVEN, "--size", "4"], "from 128"),
        ([*GIVEN, "--framing", "wide"], "crop"),
        ([*GIVEN, "--face", "0"], "whole number"),
        ([*GIVEN, "--nothing"], "--nothing"),
        (["animate", "a.jpg", "a.wav", "-o", "a.avi"], "end in .mp4"),
        (["animate", "a.jpg", "a.wav", "-o", "no/such/a.mp4"], "does not exist"),
    ],
)
def test_bad_flags_get_one_line(
    words: list[str],
    about: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert about in _complaint(words, capsys)


def test_every_verb_is_pinned() -> None:
    assert sorted(FLAGS) == sorted(cli.VERBS)


@pytest.mark.parametrize("stage", sorted(train.STAGES))
def test_train_passes_everything_on(stage: str, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[Any] = []

    def main(words: list[str]) -> int:
        calls.append((Path(sys.argv[0]).name, words))
        return 3

    monkeypatch.setitem(sys.modules, train.STAGES[stage], SimpleNamespace(main=main))
    before = list(sys.argv)
    assert cli.main(["train", stage, "--out", "a", "--help", "--set", "rate=0.1"]) == 3
    assert calls == [(f"openvasa train {stage}", ["--out", "a", "--help", "--set", "rate=0.1"])]
    assert sys.argv == before


def test_flags_become_options() -> None:
    flags = (
        "--seed 7 --gaze -10,5 --distance 0.8 --emotion happy:0.6 --guidance audio=2,gaze=0 "
        "--steps 4 --framing full --size 720"
    )
    arguments = cli.create_parser("animate").parse_args(cli._joined([*GIVEN[1:], *flags.split()]))
    asked = performance(arguments) | animate.options(arguments)
    assert asked["controls"] == Controls(gaze=(-10, 5), distance=0.8, emotion=("happy", 0.6))
    assert (asked["seed"], asked["steps"], asked["framing"], asked["size"]) == (7, 4, "full", 720)
    assert (asked["guidance"].audio, asked["guidance"].gaze) == (2, 0)


def test_flags_of_the_head_and_face_become_options(tmp_path: Path) -> None:
    (tmp_path / "keys.csv").write_text("time,blinks\n0,0\n2,60\n")
    flags = (
        "--head -5,0,3 --movement 0.5 --blinks 12 --expressiveness 1.5 --pose fixed --listen b.wav"
    )
    words = [*GIVEN[1:], *flags.split(), "--controls", str(tmp_path / "keys.csv")]
    arguments = cli.create_parser("animate").parse_args(cli._joined(words))
    asked = performance(arguments)
    now = asked["controls"].at(1.0)
    assert now == Controls(head=(-5, 0, 3), movement=0.5, blinks=30, expressiveness=1.5)
    assert asked["listen"] == Path("b.wav") and not asked["pose"].any()
    assert files(arguments) == [tmp_path / "keys.csv", Path("b.wav")]


def test_flags_not_given_leave_the_library_s_defaults() -> None:
    arguments = cli.create_parser("animate").parse_args(GIVEN[1:])
    assert performance(arguments) == {"controls": Controls(), "seed": 0}
    assert animate.options(arguments) == {}


def test_the_video_never_replaces_an_input(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.mp4").write_bytes(b"the recording")
    video = str(tmp_path / "a.mp4")
    assert "would replace" in _complaint(["animate", "a.jpg", video, "-o", video], capsys)
    assert (tmp_path / "a.mp4").read_bytes() == b"the recording"


def test_animate_passes_everything_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    calls: list[Any] = []

    class Clip:
        def save(self, path: Path, progress: Any, release: Any) -> None:
            calls.append(path)
            with release(path) as hidden, VideoWriter(hidden, (16, 16)) as writer:
                for done in range(1, 51):
                    writer.write(np.zeros((16, 16, 3), np.uint8))
                    progress(done, 50)

    class Animator:
        bundle = Bundle(tmp_path, {"name": "fake", "files": {}})

        @classmethod
        def load(cls, model: str) -> Any:
            calls.append(model)
            return cls()

        def prepare(self, photo: Path, face: int | None = None) -> Any:
            calls.append((photo, face))
            return SimpleNamespace(faces=3)

        def animate(self, avatar: Any, audio: Path, **options: Any) -> Clip:
            calls.append((audio, sorted(options)))
            return Clip()

    home = SimpleNamespace(Animator=Animator)
    monkeypatch.setitem(sys.modules, "openvasa.engine.animator", home)
    output = tmp_path / "a.mp4"
    portrait, sound = tmp_path / "a.jpg", tmp_path / "a.wav"
    for file in (portrait, sound):
        file.write_bytes(b"only hashed here")
    assert cli.main(["animate", str(portrait), str(sound), "-o", str(output), "--steps", "2"]) == 0
    assert calls == [
        "compact",
        (portrait, None),
        (sound, ["controls", "marks", "seed", "steps"]),
        output,
    ]
    assert read_credentials(output).synthetic
    shown = capsys.readouterr().err
    assert "shows 3 faces" in shown and "2.0 s of video" in shown


@pytest.mark.parametrize(
    ("error", "code", "word"),
    [
        (InputError("the photo is blank: give another."), 2, "the photo is blank"),
        (ModuleNotFoundError("No module named 'torch'", name="torch"), 2, "openvasa[train]"),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
)
def test_exit_codes(
    error: BaseException,
    code: int,
    word: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(_: Any) -> int:
        raise error

    monkeypatch.setattr(
        cli, "import_module", lambda _: SimpleNamespace(configure=lambda _: None, run=fail)
    )
    assert cli.main(["animate"]) == code
    shown = capsys.readouterr().err
    assert word in shown and shown.count("\n") == 1
