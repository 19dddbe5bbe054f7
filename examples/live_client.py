"""Has an avatar of `openvasa serve` speak a 16-bit mono WAV; its frames become JPEG files.

curl -F portrait=@portrait.jpg -F consent="I am shown and agree." localhost:8000/v1/avatars
python live_client.py AVATAR_ID speech.wav FOLDER      (needs: pip install websockets)
"""

import json
import sys
import wave
from pathlib import Path

from websockets.sync.client import connect

avatar, sound, folder = sys.argv[1], wave.open(sys.argv[2]), Path(sys.argv[3])
with connect("ws://127.0.0.1:8000/v1/live") as server:
    hello = {"type": "hello", "version": 1, "avatar": avatar, "pace": "free"}
    server.send(json.dumps(hello | {"rate": sound.getframerate()}))
    while piece := sound.readframes(sound.getframerate()):
        server.send(piece)
    server.send('{"type": "end"}')
    for message in server:
        if isinstance(message, bytes):  # 16 bytes of header, then the picture
            index = int.from_bytes(message[4:8], "little")
            (folder / f"{index:05}.jpg").write_bytes(message[16:])
