// The microphone: pieces of sound while it is open, and the whole take as a WAV afterwards.

const LONGEST = 120; // seconds of a take that are kept

export class Microphone {
  static get possible() { return window.isSecureContext && !!navigator.mediaDevices; }

  async open(audio, hear) {
    this.stream = await navigator.mediaDevices.getUserMedia({
      audio: { echoCancellation: true, noiseSuppression: true, channelCount: 1 },
    });
    // A context of its own: the page's stops when frames are late.
    this.audio = new AudioContext({ sampleRate: audio.sampleRate });
    await this.audio.audioWorklet.addModule("/page/capture-worklet.js");
    this.node = new AudioWorkletNode(this.audio, "capture", { numberOfOutputs: 0 });
    this.pieces = [];
    this.node.port.onmessage = ({ data }) => {
      if (this.pieces.length < LONGEST * 25) this.pieces.push(data);
      hear(data);
    };
    this.audio.createMediaStreamSource(this.stream).connect(this.node);
  }

  // Ends the take: a WAV file, or null if nothing was heard.
  close() {
    this.stream?.getTracks().forEach((track) => track.stop());
    this.audio?.close();
    return this.pieces?.length ? wav(this.pieces, this.audio.sampleRate) : null;
  }
}

function wav(pieces, rate) {
  const count = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const view = new DataView(new ArrayBuffer(44 + 2 * count));
  const text = (at, word) => [...word].forEach((c, i) => view.setUint8(at + i, c.charCodeAt(0)));
  text(0, "RIFF"); view.setUint32(4, 36 + 2 * count, true); text(8, "WAVEfmt ");
  view.setUint32(16, 16, true); view.setUint16(20, 1, true); view.setUint16(22, 1, true);
  view.setUint32(24, rate, true); view.setUint32(28, 2 * rate, true);
  view.setUint16(32, 2, true); view.setUint16(34, 16, true);
  text(36, "data"); view.setUint32(40, 2 * count, true);
  let at = 44;
  for (const piece of pieces) {
    for (const value of piece) {
      view.setInt16(at, Math.max(-1, Math.min(1, value)) * 32767, true);
      at += 2;
    }
  }
  return new File([view.buffer], "microphone.wav", { type: "audio/wav" });
}
