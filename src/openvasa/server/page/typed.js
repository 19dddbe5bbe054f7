// Typed text: spoken by the server's voice sentence by sentence, the first one as soon as it is there.
import { wav } from "./recording.js";
import * as server from "./server.js";

const SHORT = 40, LONG = 300; // characters: sentences are joined up to here, and split beyond
const TITLE = 40;
const READY = "Ready to play. Bring a portrait to life to hear it.";
const $ = (id) => document.getElementById(id);

export class Typed {
  // `announce` returns the face that is to speak, or null; `made` gets the whole as a file.
  constructor({ context, announce, made, changed }) {
    Object.assign(this, { context, announce, made, changed });
    this.count = 0; // texts so far: a later one takes the place of those before
    $("typed").addEventListener("submit", (event) => {
      event.preventDefault();
      this.speak($("text").value);
    });
    $("text").addEventListener("input", () => this.show());
    $("text").addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      if (!$("speak").disabled) $("typed").requestSubmit();
    });
  }

  show() { $("speak").disabled = !spoken($("text").value).length; }

  // Asks which voices there are, until the server says so.
  async look() {
    if (this.voices) return;
    this.voices = await server.voices().catch(() => null);
    if (!this.voices) return;
    this.show();
    $("typed").hidden = !this.voices.length;
    $("no-readers").hidden = !!this.voices.length;
    $("reader").replaceChildren(...this.voices.map(({ id, name }) => new Option(name, id)));
    $("reader").hidden = this.voices.length < 2;
    const ours = this.voices.find(({ id }) => navigator.languages.some((one) => one.toLowerCase() === id))
      ?? this.voices.find(({ id }) => id.split("-")[0] === navigator.language.split("-")[0]);
    if (ours) $("reader").value = ours.id;
  }

  async speak(text) {
    const turn = ++this.count, parts = spoken(text), pieces = [];
    const [audio, face] = [this.context(), this.announce()];
    const recording = face?.recording;
    const wanted = () => turn === this.count && (!face || face.recording === recording);
    let outcome = "";
    $("text-error").textContent = "";
    this.changed();
    try {
      for (const part of parts) {
        $("text-note").textContent = `The voice reads part ${pieces.length + 1} of ${parts.length}.`;
        const sound = await server.speech({ text: part, voice: $("reader").value });
        const buffer = await audio.decodeAudioData(sound);
        if (!wanted()) return;
        pieces.push(buffer.getChannelData(0));
        face?.add(buffer);
      }
      this.made(wav(pieces, audio.sampleRate, title(text)));
      if (!face) outcome = READY;
    } catch (error) {
      if (wanted()) $("text-error").textContent = error.message;
    } finally {
      if (turn === this.count) $("text-note").textContent = outcome;
      if (face && wanted()) face.finish();
    }
  }
}

// What is asked for at once: sentences, short ones with those before them but for the first.
function spoken(text) {
  const parts = [];
  for (const { segment } of new Intl.Segmenter(undefined, { granularity: "sentence" }).segment(text)) {
    for (const part of segment.match(new RegExp(`.{1,${LONG}}(?=[\\s,;]|$)|.{1,${LONG}}`, "gsu")) ?? []) {
      if (!/[\p{L}\p{N}]/u.test(part)) continue;
      if (parts.length > 1 && parts.at(-1).length < SHORT) parts.push(`${parts.pop()} ${part}`);
      else parts.push(part);
    }
  }
  return parts;
}

function title(text) {
  const line = text.trim().replace(/\s+/g, " ");
  return line.length > TITLE ? `${line.slice(0, TITLE)}…` : line;
}
