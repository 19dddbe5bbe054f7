"""What clients may ask for: the messages of the live protocol, checked. See docs/server.md."""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from openvasa.engine.scene import Scene
from openvasa.motion.conditions import check_controls
from openvasa.types import Controls, InputError

VERSION = 1
RATES = (8_000, 192_000)  # samples a second
SIZES = (128, 1024)  # pixels
SEEDS = 2**53 - 1  # what JSON carries exactly everywhere


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Wishes(_Message):
    """What is asked of a performance; what is left out is as the model does it.

    Attributes:
        gaze: Yaw and pitch in degrees.
        distance: Relative to the portrait's.
        emotion: A name and its strength.
        emotion_offset: Six weights instead of it.
        head: Yaw, pitch and roll in degrees.
        movement: Size of the head's own movement.
        blinks: A minute.
        expressiveness: Size of what brows, eyes and smile do.
    """

    gaze: tuple[float, float] | None = Field(default=None, strict=False)
    distance: float | None = None
    emotion: tuple[str, float] | None = Field(default=None, strict=False)
    emotion_offset: tuple[float, ...] | None = Field(default=None, strict=False, max_length=6)
    head: tuple[float, float, float] | None = Field(default=None, strict=False)
    movement: float | None = None
    blinks: float | None = None
    expressiveness: float | None = None

    def controls(self) -> Controls:
        """The same for the engine.

        Raises:
            InputError: A wish is out of range.
        """
        asked = Controls(**self.model_dump())
        check_controls(asked)
        return asked


class Hello(_Message):
    """The first message: who is to speak, and how.

    Attributes:
        version: Of the protocol.
        avatar: The id of an avatar.
        token: The server's token, where it wants one.
        rate: Samples a second of the sound to come.
        listen: Samples a second of the other side's sound, if the face is to listen to it; every
            binary message then begins with its channel.
        seed: Another seed is another performance.
        size: Longer side of the frames in pixels, even.
        framing: As for `animate`.
        background: A color behind the person, in framing `crop`; None is the photo's own.
        pace: `live`: frames at 25 a second, with silence where no sound comes; `free`: frames of
            the sound alone, as fast as they can be made, none ever dropped.
        video: How frames are encoded.
        quality: Of JPEG.
        controls: In force at the start.
    """

    type: Literal["hello"]
    version: Literal[1]
    avatar: str = Field(max_length=64)
    token: str | None = Field(default=None, max_length=1024)
    rate: int = Field(default=16_000, ge=RATES[0], le=RATES[1])
    listen: int | None = Field(default=None, ge=RATES[0], le=RATES[1])
    seed: int = Field(default=0, ge=0, le=SEEDS)
    size: int = Field(default=512, ge=SIZES[0], le=SIZES[1], multiple_of=2)
    framing: Literal["crop", "full"] = "crop"
    background: str | None = Field(default=None, pattern="^#[0-9a-fA-F]{6}$")
    pace: Literal["live", "free"] = "live"
    video: Literal["jpeg", "h264"] = "jpeg"
    quality: int = Field(default=85, ge=50, le=95)
    controls: Wishes = Wishes()

    def scene(self) -> Scene:
        """What shows behind the person."""
        if self.background is None:
            return Scene()
        red, green, blue = bytes.fromhex(self.background[1:])
        return Scene(background=(red, green, blue))


class Steer(_Message):
    """Changes all controls; they hold from the next window of 0.2 s on."""

    type: Literal["controls"]
    controls: Wishes


class End(_Message):
    """The speech is over: `live` falls silent at once, `free` makes the last frames."""

    type: Literal["end"]


class Interrupt(_Message):
    """Stop speaking; `shown` is the index of the frame now on the client's screen."""

    type: Literal["interrupt"]
    shown: int | None = Field(default=None, ge=0)


Message = Hello | Steer | End | Interrupt
_MESSAGES: TypeAdapter[Message] = TypeAdapter(Annotated[Message, Field(discriminator="type")])
_WISHES = TypeAdapter(Wishes)


def read_message(text: str) -> Message:
    """A client's text message.

    Raises:
        InputError: It is not one of the protocol's; the sentence names the first mistake.
    """
    return _read(_MESSAGES, text)


def read_wishes(text: str) -> Controls:
    """Controls from JSON; nothing at all is no wish.

    Raises:
        InputError: They are not as in the protocol, or out of range.
    """
    wishes: Wishes = _read(_WISHES, text or "{}")
    return wishes.controls()


def _read(adapter: TypeAdapter[Any], text: str) -> Any:
    try:
        return adapter.validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        where = f" at '{place}'" if place else ""
        raise InputError(f"the message is not of protocol {VERSION}{where}: {first['msg']}.") from (
            error
        )


def answer(kind: str, **fields: Any) -> str:
    """A text message of the server."""
    return json.dumps({"type": kind, **fields})
