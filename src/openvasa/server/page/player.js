// Shows frames when they are due, by the clock of the sound: what is heard and what is seen stay in
// step. When frames are late the clock itself stops, and the sound with it.
import { Pictures } from "./pictures.js";

const IN_HAND = 3; // frames before the clock starts
const FRAME = 0.04; // seconds
const LATE = 0.6; // seconds behind the newest frame at which a silent face catches up

export class Player {
  constructor(canvas, audio) {
    this.canvas = canvas;
    this.audio = audio;
    this.brush = canvas.getContext("2d");
    this.frames = [];
    this.pictures = new Pictures((index, image) => this.insert(index, image));
    this.shown = -1;
    this.offset = null; // of the audio clock against the clock of the frames
    this.sources = new Set();
    this.onfirst = () => {};
    this.running = true;
    this.tick = this.tick.bind(this);
    requestAnimationFrame(this.tick);
  }

  // Seconds on the clock of the frames; null before it starts.
  get head() {
    return this.offset === null ? null : this.audio.currentTime - this.offset;
  }

  // Seconds of the frame on the screen, on the same clock.
  get seen() { return this.shown * FRAME; }

  take(message) { this.pictures.take(message); }

  insert(index, image) {
    this.frames.push({ index, time: index * FRAME, image });
    this.frames.sort((a, b) => a.index - b.index);
    if (this.offset === null && this.frames.length >= IN_HAND) {
      this.offset = this.audio.currentTime - this.frames[0].time;
    } else if (this.waiting && this.frames.length >= IN_HAND) {
      this.waiting = false;
      this.audio.resume();
    }
  }

  // Frames from `frame` on are void: others come in their place.
  takeBack(frame) {
    this.pictures.forget();
    for (const old of this.frames.filter((f) => f.index >= frame)) old.image.close();
    this.frames = this.frames.filter((f) => f.index < frame);
    this.shown = Math.min(this.shown, frame - 1);
    this.silence();
  }

  // Nothing is heard any more, or nothing from `time` of the frames on.
  silence(time = null) {
    for (const source of this.sources) source.stop(time === null ? 0 : this.offset + time);
    if (time === null) this.sources.clear();
  }

  // Plays `buffer` from second `from` on, so that it is heard at `time` of the frames.
  sound(buffer, from, time) {
    const source = this.audio.createBufferSource();
    source.buffer = buffer;
    source.connect(this.audio.destination);
    source.onended = () => this.sources.delete(source);
    // The clock may have run past a frame that is not there yet: nothing of the sound is lost.
    if (this.head > time && this.seen < time) this.offset = this.audio.currentTime - time;
    const late = Math.max(0, (this.head ?? 0) - time);
    const start = this.offset === null ? this.audio.currentTime : this.offset + time + late;
    source.start(start, from + late);
    this.sources.add(source);
  }

  tick() {
    if (!this.running) return;
    const head = this.head;
    if (head !== null) {
      let due = null;
      while (this.frames.length && this.frames[0].time <= head) {
        due?.image.close();
        due = this.frames.shift();
      }
      if (due) this.show(due);
      this.keepClock(head);
    }
    requestAnimationFrame(this.tick);
  }

  keepClock(head) {
    const newest = this.frames.at(-1)?.time;
    if (newest === undefined) {
      if (!this.waiting && head > (this.shown + 1) * FRAME) {
        this.waiting = true;
        this.audio.suspend();
      }
    } else if (!this.sources.size && newest - head > LATE) {
      this.offset -= newest - head - IN_HAND * FRAME;
    }
  }

  show({ index, image }) {
    if (this.canvas.width !== image.width || this.canvas.height !== image.height) {
      [this.canvas.width, this.canvas.height] = [image.width, image.height];
    }
    this.brush.drawImage(image, 0, 0);
    image.close();
    const first = this.shown < 0;
    this.shown = index;
    if (first) this.onfirst();
  }

  close() {
    this.running = false;
    this.silence();
    this.frames.forEach((frame) => frame.image.close());
    this.pictures.close();
    this.audio.resume();
  }
}
