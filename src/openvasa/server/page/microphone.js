// The microphone: pieces of sound while it is open, and the whole take as a WAV afterwards.

import { wav } from "./recording.js";

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
    return this.pieces?.length ? wav(this.pieces, this.audio.sampleRate, "microphone.wav") : null;
  }
}
