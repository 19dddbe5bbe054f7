"""The `openvasa` command: finds the verb, turns errors into one line and an exit code.

A verb is a module with `configure(parser)` and `run(arguments) -> int`, imported only when it is
asked for; to add one, write it in `commands/` and name it in `VERBS`.
"""

from __future__ import annotations

import argparse
import difflib
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from types import FrameType
from typing import NamedTuple, NoReturn

from openvasa import __version__
from openvasa.types import InputError

EXIT_USER = 2  # what was given cannot be used
EXIT_INTERRUPTED = 130  # Ctrl-C, as shells count it
_EXIT_SIGNAL = 128  # plus the signal's number, as shells count it
# Flags whose value may begin with a minus sign without being a plain number.
_SIGNED_FLAGS = ("--gaze", "--head")
_TRAIN_ONLY = ("torch", "onnx", "onnxscript", "cv2", "mediapipe", "scipy", "openvino", "yaml")


class Verb(NamedTuple):
    """A verb of the command line."""

    summary: str
    home: str  # the module that has configure() and run()
    mistake: int = EXIT_USER  # exit code for what the user can mend


VERBS = {
    "animate": Verb(
        "a portrait and a recording -> a talking-face video", "openvasa.commands.animate"
    ),
    "bench": Verb("how fast this machine animates, stage by stage", "openvasa.commands.bench"),
    "dub": Verb("a video of a person, new speech", "openvasa.commands.dub"),
    "edit": Verb("a photo with known changes of pose and expression", "openvasa.commands.edit"),
    "evaluate": Verb("how good talking-face videos are", "openvasa.commands.evaluate"),
    "export": Verb("trained networks -> a model folder", "openvasa.commands.export"),
    "motion": Verb(
        "a recording -> head pose and blendshape curves, without a picture",
        "openvasa.commands.motion",
    ),
    "prepare-data": Verb(
        "videos of talking people -> a store for training", "openvasa.commands.prepare_data"
    ),
    "reenact": Verb(
        "a portrait that does what the person in a video does", "openvasa.commands.reenact"
    ),
    "serve": Verb("a page and a server on which a portrait speaks live", "openvasa.commands.serve"),
    "train": Verb("one stage of training", "openvasa.commands.train"),
    "verify": Verb(
        "whether a file is AI-generated, or was changed",
        "openvasa.commands.verify",
        mistake=3,  # 2 says that a file was tampered with
    ),
}


class Parser(argparse.ArgumentParser):
    """A parser whose complaints are one line."""

    mistake = EXIT_USER

    def error(self, message: str) -> NoReturn:
        """Prints the complaint and where to read more, and exits."""
        self.exit(self.mistake, f"{self.prog}: {message} (see {self.prog} --help)\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Runs the command.

    Args:
        argv: The words after `openvasa`; those of the process if None.

    Returns:
        The exit code: 0, 2 for what the user can mend (of `verify` 3), 130 after Ctrl-C.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    _catch_signals()
    try:
        if not words or words[0] not in VERBS:
            return _no_verb(words)
        home = import_module(VERBS[words[0]].home)
        arguments = create_parser(words[0]).parse_args(_joined(words[1:]))
        return int(home.run(arguments))
    except InputError as error:
        print(f"openvasa: {error}", file=sys.stderr)
        return VERBS[words[0]].mistake if words and words[0] in VERBS else EXIT_USER
    except ModuleNotFoundError as error:
        if (error.name or "").split(".")[0] not in _TRAIN_ONLY:
            raise
        print(
            f"openvasa: this needs the package '{error.name}': pip install 'openvasa[train]'.",
            file=sys.stderr,
        )
        return EXIT_USER
    except KeyboardInterrupt:
        print("openvasa: interrupted; nothing was written.", file=sys.stderr)
        return EXIT_INTERRUPTED
    except BrokenPipeError:
        return EXIT_USER  # whoever read our output has gone


def create_parser(verb: str) -> Parser:
    """The parser of one verb's flags; imports the verb."""
    parser = Parser(
        prog=f"openvasa {verb}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.mistake = VERBS[verb].mistake
    import_module(VERBS[verb].home).configure(parser)
    return parser


def _no_verb(words: list[str]) -> int:
    """Help, the version, or a word on an unknown verb."""
    if not words or words[0] in ("-h", "--help", "help"):
        print(_overview())
        return 0
    if words[0] in ("-V", "--version"):
        print(f"openvasa {__version__}")
        return 0
    near = difflib.get_close_matches(words[0], VERBS, n=1)
    hint = f"did you mean '{near[0]}'?" if near else f"there are: {', '.join(VERBS)}."
    raise InputError(f"there is no verb '{words[0]}'; {hint}")


def _overview() -> str:
    width = max(map(len, VERBS))
    verbs = "\n".join(f"  {name:<{width}}  {verb.summary}" for name, verb in VERBS.items())
    return (
        "usage: openvasa VERB ...\n\n"
        "One portrait and one recording in, a talking-face video out.\n\n"
        f"verbs:\n{verbs}\n\n"
        "example:\n  openvasa animate portrait.jpg speech.wav -o talking.mp4\n\n"
        "openvasa VERB --help tells more; openvasa --version tells the version."
    )


def _joined(words: list[str]) -> list[str]:
    """Words with `--gaze -10,5` made `--gaze=-10,5`, which argparse takes for a flag otherwise."""
    joined: list[str] = []
    for word in words:
        if joined and joined[-1] in _SIGNED_FLAGS:
            joined[-1] += f"={word}"
        else:
            joined.append(word)
    return joined


def _catch_signals() -> None:
    """Has a request to stop, and a terminal that closes, remove what is half written."""
    for name in ("SIGTERM", "SIGHUP"):  # there is no SIGHUP on Windows
        signum = getattr(signal, name, None)
        try:
            # Under nohup a hang-up is ignored, and stays so.
            if signum is not None and signal.getsignal(signum) != signal.SIG_IGN:
                signal.signal(signum, _terminate)
        except ValueError:
            return  # not the main thread: the caller's own signals stay


def _terminate(signum: int, frame: FrameType | None) -> NoReturn:
    """Leaves by an exception, so that files half written are removed on the way out."""
    raise SystemExit(_EXIT_SIGNAL + signum)
