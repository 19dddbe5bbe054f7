// One live connection: speaks the protocol of docs/server.md, version 1.
import { Player } from "./player.js";

const AHEAD = 1.0; // seconds of a recording that are sent before their time
const PIECE = 0.2; // seconds
const ROUNDED = 0.02; // seconds: the server counts in samples of its own rate
const SAID = 0, TOLD = 1; // whose sound: the face's, the other side's
// Of a microphone, which never ends, so that what is late once would be late for good: seconds that
// the lips may be behind it before pauses are left out, and before all is; what counts as a pause.
const BEHIND = 1.5, LOST = 5, QUIET = 0.02;

export class Live extends EventTarget {
  constructor(canvas, audio, hello) {
    super();
    this.audio = audio;
    this.player = new Player(canvas, audio);
    this.sent = 0; // samples
    this.recording = null;
    this.other = null;
    this.said = null; // where speech began: seconds of what was sent, and of the frames
    const scheme = location.protocol === "https:" ? "wss" : "ws";
    this.socket = new WebSocket(`${scheme}://${location.host}/v1/live`);
    this.socket.binaryType = "arraybuffer";
    this.player.onfirst = () => this.tell("first");
    this.socket.onopen = () => this.say({
      type: "hello", version: 1, rate: audio.sampleRate, listen: audio.sampleRate, video: Live.video,
      ...hello,
    });
    this.socket.onmessage = ({ data }) => {
      if (typeof data === "string") this.heard(JSON.parse(data)); else this.player.take(data);
    };
    this.socket.onclose = ({ code }) => {
      this.stop();
      this.tell("closed", { code, wanted: this.wanted });
    };
  }

  static async choose() {
    Live.video = "jpeg";
    if ("VideoDecoder" in window) {
      const { supported } = await VideoDecoder.isConfigSupported({ codec: "avc1.42E01F" });
      if (supported) Live.video = "h264";
    }
  }

  get open() { return this.socket.readyState === WebSocket.OPEN; }

  tell(type, detail = {}) { this.dispatchEvent(new CustomEvent(type, { detail })); }

  say(message) {
    if (this.open) this.socket.send(JSON.stringify(message));
  }

  heard(message) {
    if (message.type === "speech") this.begin(message);
    if (message.type === "silence") this.pause(message);
    if (message.type === "interrupted") {
      this.said = null;
      this.player.takeBack(message.frame);
    }
    this.tell(message.type, message);
  }

  // What the face says: f32 samples at the rate of the audio context.
  send(samples) {
    if (!this.open) return;
    this.give(SAID, samples);
    this.sent += samples.length;
  }

  give(side, samples) {
    const pcm = new Int16Array(1 + samples.length);
    pcm[0] = side;
    samples.forEach((value, i) => { pcm[i + 1] = Math.max(-1, Math.min(1, value)) * 32767; });
    this.socket.send(pcm.buffer);
  }

  // Plays an AudioBuffer of the other side, and lets the face hear it meanwhile.
  listen(buffer) {
    this.unlisten();
    const source = this.audio.createBufferSource();
    source.buffer = buffer;
    source.connect(this.audio.destination);
    source.start();
    const other = this.other = { source, mono: mixed(buffer), at: 0, start: this.audio.currentTime };
    const hear = () => {
      const until = Math.round((this.audio.currentTime - other.start) * this.audio.sampleRate);
      if (this.open) this.give(TOLD, other.mono.subarray(other.at, until));
      other.at = Math.min(until, other.mono.length);
      if (other.at === other.mono.length) this.unlisten();
    };
    other.timer = setInterval(hear, 1000 * PIECE / 2);
  }

  unlisten() {
    if (!this.other) return;
    clearInterval(this.other.timer);
    this.other.source.stop();
    this.other = null;
    this.tell("listened");
  }

  // A piece of a microphone.
  hear(samples) {
    const sent = this.sent / this.audio.sampleRate;
    const behind = this.said ? sent - this.said.from - (this.player.head - this.said.time) : 0;
    const quiet = samples.every((value) => Math.abs(value) < QUIET);
    if (behind < (quiet ? BEHIND : LOST)) this.send(samples);
  }

  // Speaks an AudioBuffer: sends it as it is spoken, and plays it in step with the lips.
  speak(buffer) {
    this.announce();
    this.add(buffer);
    this.finish();
  }

  // The same for a recording that comes in parts: announced, added one by one, and finished.
  announce() {
    this.interrupt();
    this.recording = {
      parts: [], length: 0, at: 0, // samples: of all parts, and of those sent
      base: this.sent, time: null, heard: 0, // seconds: where it begins, and what was spoken
      timer: setInterval(() => this.feed(), 1000 * PIECE / 2),
    };
    return this.recording;
  }

  add(buffer) {
    const r = this.recording;
    const part = { buffer, mono: mixed(buffer), start: r.length, end: r.length + buffer.length };
    r.parts.push(part);
    r.length = part.end;
    if (r.time !== null) this.sound(part, 0);
    this.feed();
  }

  finish() {
    this.recording.whole = true;
    this.feed();
  }

  feed() {
    const r = this.recording;
    if (!r) return;
    const rate = this.audio.sampleRate;
    const spoken = r.time === null ? r.heard : this.player.head - r.time;
    while (r.at < r.length && r.at / rate < spoken + AHEAD) {
      const { mono, start, end } = r.parts.find((part) => r.at < part.end);
      const next = Math.min(end, r.at + Math.round(PIECE * rate));
      this.send(mono.subarray(r.at - start, next - start));
      r.at = next;
    }
    if (r.whole && r.at === r.length && !r.ended) {
      r.ended = true;
      this.say({ type: "end" });
    }
    if (r.ended && spoken > r.length / rate - ROUNDED) this.done();
  }

  begin({ sample, time }) {
    this.said = { from: sample / this.audio.sampleRate, time };
    const r = this.recording;
    if (!r || sample < r.base) return;
    const from = (sample - r.base) / this.audio.sampleRate;
    r.time = time - from;
    r.parts.forEach((part) => this.sound(part, from));
  }

  // Plays a part of what is spoken, but for what is before `from` seconds of the whole.
  sound({ buffer, start }, from) {
    const begins = start / this.audio.sampleRate, skipped = Math.max(0, from - begins);
    if (skipped < buffer.duration) {
      this.player.sound(buffer, skipped, this.recording.time + begins + skipped);
    }
  }

  // The next part is late: the face is silent from `time` on, until it says `speech` again.
  pause({ time }) {
    const r = this.recording;
    if (!r || r.time === null) return;
    const heard = time - r.time;
    if (r.whole && heard > r.length / this.audio.sampleRate - PIECE) return;
    [r.heard, r.time] = [heard, null];
    this.player.silence(time);
  }

  done() {
    clearInterval(this.recording?.timer);
    this.recording = null;
    this.tell("spoken");
  }

  interrupt() {
    if (this.recording) this.done();
    this.player.silence();
    this.say({ type: "interrupt", shown: Math.max(0, this.player.shown) });
  }

  steer(controls) { this.say({ type: "controls", controls }); }

  stop() {
    clearInterval(this.recording?.timer);
    this.unlisten();
    this.player.close();
  }

  close() {
    this.wanted = true;
    this.socket.close();
    this.stop();
  }
}

function mixed(buffer) {
  const mono = new Float32Array(buffer.length);
  for (let channel = 0; channel < buffer.numberOfChannels; channel++) {
    buffer.getChannelData(channel).forEach((value, i) => { mono[i] += value / buffer.numberOfChannels; });
  }
  return mono;
}
