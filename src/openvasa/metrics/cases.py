"""Which portraits speak which recordings, and who else speaks beside our model.

Every person, recording and seed here is held out: never trained or tuned on (docs/data.md).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from openvasa.media.audio import load_audio
from openvasa.metrics.phones import Phones, read_phones
from openvasa.types import SAMPLE_RATE, Array, InputError

SYSTEMS = ("ours", "shuffled", "puppet", "still")
LABEL_LAG = 0.045  # seconds by which phone times trail the sound (`openvasa.data.timing`)

_LONDON, _FAKER = "debruine+webmorphR.stim", "faker-js+assets-person-portrait"
# Real people; the traits are what one sees.
_NEUTRAL = {
    "115": "", "117": "", "120": "long hair", "123": "long hair, beard", "126": "",
    "129": "long hair", "131": "stubble", "136": "", "139": "", "140": "beard",
    "143": "beard, fringe over the brows", "172": "",
}  # fmt: skip
_SMILING = ("119", "121", "124", "127", "128", "134", "137", "173")
_CC0 = {
    "female/1": "long hair, busy background", "female/7": "smile, busy background",
    "female/9": "headscarf", "female/12": "turban", "female/17": "long hair, scarf",
    "male/2": "beard, small face", "male/5": "mustache", "male/9": "beard, small face, busy",
    "male/10": "busy background", "male/15": "cap, beard",
}  # fmt: skip
_GENERATED = {
    "900001": "stubble", "900002": "glasses, parted lips", "900003": "glasses, beard, smile",
    "900004": "long hair, head turned", "900006": "glasses, smile", "900007": "hat, long hair",
    "900011": "long hair", "900012": "sunglasses, smile, busy background",
    "900014": "smile, busy background", "900016": "beard, smile",
}  # fmt: skip
_RECORDINGS = {
    "lj_0093": "English, a real voice", "lj_0094": "English, a real voice",
    "lj_0096": "English, a real voice", "tts_es": "Spanish, text-to-speech",
    "tts_fr": "French, text-to-speech", "tts_it": "Italian, text-to-speech",
}  # fmt: skip
# Only for the lips, since their phones are timed too.
_LIP_RECORDINGS = {
    "tts_en": "English, text-to-speech", "tts_hi": "Hindi, text-to-speech",
}  # fmt: skip
_COMPARED = (0, 5, 7, 10, 14, 15, 20, 21, 25, 28, 30, 35)  # portraits that all systems animate
_LIP_PORTRAITS = (0, 21, 35)


@dataclass(frozen=True)
class PortraitCase:
    """One photo: its name, collection, file, and what is special about it."""

    name: str
    group: str  # "London", "CC0" or "generated"
    path: Path
    traits: str

    @property
    def person(self) -> str:
        """The same person in another photo has the same name here."""
        return self.name.split("_")[1] if self.group == "London" else self.name


@dataclass(frozen=True)
class Recording:
    """One recording and what it is."""

    name: str
    about: str
    path: Path

    def sound(self, seconds: float) -> Array:
        """Its first seconds, f32 [N] at 16 kHz."""
        return load_audio(self.path)[: round(seconds * SAMPLE_RATE)]

    def phones(self, lag: float = LABEL_LAG) -> Phones | None:
        """Its phones, moved earlier by the lag of the labels; None where nobody timed them."""
        file = self.path.with_suffix(".npz")
        return read_phones(file, lag) if file.is_file() else None


@dataclass(frozen=True)
class Case:
    """One video to make: who speaks what, moved by which system."""

    system: str
    portrait: PortraitCase
    recording: Recording
    other: Recording  # whose sound moves the face in the system "shuffled"

    @property
    def name(self) -> str:
        """Unique, and usable as a file name."""
        return f"{self.system}-{self.portrait.name}-{self.recording.name}"


def portraits(sources: Path, generated: Path) -> list[PortraitCase]:
    """The 40 portraits.

    Args:
        sources: Folder of checkouts, named owner+repository.
        generated: Folder of generated faces, SEED.png.

    Raises:
        InputError: A photo is missing.
    """
    london, cc0 = sources / _LONDON / "inst", sources / _FAKER
    found = [
        PortraitCase(f"london_{person}", "London", london / "neutral_front" / f"{person}_03.jpg",
                     traits)
        for person, traits in _NEUTRAL.items()
    ] + [
        PortraitCase(f"london_{person}_smiling", "London",
                     london / "smiling_front" / f"{person}_08.jpg", "smile")
        for person in _SMILING
    ]  # fmt: skip
    for key, traits in _CC0.items():
        sex, number = key.split("/")
        path = cc0 / sex / "512" / f"{number}.jpg"
        found.append(PortraitCase(f"cc0_{sex}_{number}", "CC0", path, traits))
    for seed, traits in _GENERATED.items():
        found.append(PortraitCase(f"gen_{seed}", "generated", generated / f"{seed}.png", traits))
    for case in found:
        _check(case.path)
    return found


def other_photo(case: PortraitCase) -> Path | None:
    """The same London person's other photo: smiling for neutral, neutral for smiling."""
    if case.group != "London":
        return None
    inst = case.path.parents[1]
    if case.path.parent.name == "neutral_front":
        return inst / "smiling_front" / f"{case.person}_08.jpg"
    return inst / "neutral_front" / f"{case.person}_03.jpg"


def recordings(folder: Path) -> tuple[list[Recording], list[Recording]]:
    """The six recordings, and those that serve only the lips.

    Raises:
        InputError: One is missing.
    """
    main, lips = (
        [Recording(name, about, folder / f"{name}.wav") for name, about in group.items()]
        for group in (_RECORDINGS, _LIP_RECORDINGS)
    )
    for recording in (*main, *lips):
        _check(recording.path)
    return main, lips


def plan(
    people: list[PortraitCase], main: list[Recording], lips: list[Recording], everything: bool
) -> list[Case]:
    """What to make, the most telling first.

    Args:
        people: The portraits.
        main: The recordings; portrait k speaks number k modulo their count.
        lips: More recordings, for a few portraits and all systems.
        everything: Every portrait speaks every recording of `main`.
    """
    count = len(main)
    cases = [
        Case("ours", person, main[k % count], main[(k + count // 2) % count])
        for k, person in enumerate(people)
    ]
    compared = [cases[k] for k in _COMPARED if k < len(cases)]
    compared += [
        Case("ours", people[k], recording, main[(2 * i) % count])
        for i, recording in enumerate(lips)
        for k in _LIP_PORTRAITS
        if k < len(people)
    ]
    cases += [case for case in compared if case not in cases]
    cases += [
        Case(system, case.portrait, case.recording, case.other)
        for case in compared
        for system in SYSTEMS[1:]
    ]
    if everything:
        known = {case.name for case in cases}
        more = [
            Case("ours", person, recording, main[(i + count // 2) % count])
            for i, recording in enumerate(main)
            for person in people
        ]
        cases += [case for case in more if case.name not in known]
    return cases


def _check(path: Path) -> None:
    if not path.is_file():
        raise InputError(f"there is no file '{path}': check the folders given.")
