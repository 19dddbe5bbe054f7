"""The voice that speaks typed text: which there are, and one text as sound."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, HTTPException, Response
from pydantic import BaseModel, ConfigDict, StringConstraints

from openvasa.server.routes import Shared
from openvasa.server.text_to_speech import LONGEST, VoiceError

router = APIRouter()


class VoiceReply(BaseModel):
    """A voice.

    Attributes:
        id: To be named in texts; of espeak-ng a language, such as `en-us`.
        name: For people.
    """

    id: str
    name: str


class Text(BaseModel):
    """What is to be said.

    Attributes:
        text: Words; a sentence at a time is heard soonest.
        voice: The id of a voice; None is the first.
    """

    model_config = ConfigDict(extra="forbid", strict=True)

    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=LONGEST)]
    voice: str | None = None


@router.get("/v1/voices")
async def get_voices(studio: Shared) -> list[VoiceReply]:
    """The voices that speak typed text; none where no program for it is installed."""
    synthesizer = studio.settings.synthesizer
    named = {} if synthesizer is None else synthesizer.voices
    return [VoiceReply(id=voice, name=name) for voice, name in named.items()]


@router.post(
    "/v1/speech",
    response_class=Response,
    responses={200: {"content": {"audio/wav": {}}, "description": "mono 16-bit WAV"}},
)
async def create_speech(studio: Shared, asked: Text) -> Response:
    """Speaks a text: the sound is for a live session, or for a job."""
    synthesizer = studio.settings.synthesizer
    if synthesizer is None:
        raise HTTPException(404, "no voice is installed here: see docs/server.md.")
    try:
        sound = await synthesizer.speak(asked.text, asked.voice)
    except VoiceError as error:
        raise HTTPException(502, str(error)) from error
    return Response(sound, media_type="audio/wav")
