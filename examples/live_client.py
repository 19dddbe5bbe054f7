"""Has a portrait speak a 16-bit mono WAV by way of `openvasa serve`; frames become JPEG files.

python live_client.py portrait.jpg speech.wav FOLDER      (needs: pip install 'openvasa[client]')
"""

import asyncio
import sys
import wave
from pathlib import Path

from openvasa.client import LiveClient, create_avatar

URL = "http://127.0.0.1:8000"


async def main(portrait: str, sound: wave.Wave_read, folder: Path) -> None:
    """Ten lines."""
    avatar = create_avatar(URL, portrait, consent="I am shown, and try this for myself.")
    async with LiveClient(URL, avatar, rate=sound.getframerate(), pace="free") as live:
        live.speak(iter(lambda: sound.readframes(4000), b""))
        async for frame in live:
            (folder / f"{frame.index:05}.jpg").write_bytes(frame.jpeg)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], wave.open(sys.argv[2]), Path(sys.argv[3])))
