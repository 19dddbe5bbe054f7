// The controls of a performance, and their inputs.

const REACH = 30; // degrees at the rim of the pad
const STEP = 3; // degrees a key
const MOODS = ["as heard", "neutral", "happy", "sad", "angry", "surprised", "fearful", "disgusted"];
const times = (value) => (value === 1 ? "as it comes" : `${value.toFixed(1)} ×`);
const angle = (more, less) => (value) => (value ? `${Math.abs(value)}° ${value > 0 ? more : less}` : "none");
// What is sent, what people read, least, most, step, usual value, words of a value.
const SLIDERS = [
  ["expressiveness", "Expressiveness", 0, 2, 0.1, 1, times],
  ["movement", "Head movement", 0, 2, 0.1, 1, times],
  ["blinks", "Blinks", 0, 60, 1, 18, (value) => `${value} a minute`],
  ["yaw", "Turn", -30, 30, 1, 0, angle("right", "left")],
  ["pitch", "Raise", -30, 30, 1, 0, angle("up", "down")],
  ["roll", "Tilt", -30, 30, 1, 0, angle("clockwise", "counterclockwise")],
];
const $ = (id) => document.getElementById(id);

export class Direction {
  constructor(changed) {
    this.changed = changed;
    this.gaze = [0, 0];
    MOODS.forEach((mood, i) => $("moods").append(chip(mood, i === 0)));
    this.sliders = SLIDERS.map((about) => new Slider(about, () => this.show()));
    $("more").append(...this.sliders.map((slider) => slider.label));
    for (const id of ["distance", "strength", "moods"]) {
      $(id).addEventListener("input", () => this.show());
    }
    $("reset").addEventListener("click", () => this.reset());
    this.pad();
    this.show();
  }

  get mood() { return document.querySelector("#moods input:checked").value; }

  // As the protocol wants them; what was not touched is left to the model.
  get controls() {
    const distance = Number($("distance").value);
    const [expressiveness, movement, blinks, ...head] = this.sliders.map((slider) => slider.wish);
    return {
      expressiveness, movement, blinks,
      head: head.some((wish) => wish !== null) ? head.map((wish) => wish ?? 0) : null,
      gaze: this.gaze[0] || this.gaze[1] ? this.gaze : null,
      distance: distance === 1 ? null : distance,
      emotion: this.mood === MOODS[0] ? null : [this.mood, Number($("strength").value)],
    };
  }

  pad() {
    const pad = $("gaze");
    const point = (event) => {
      const box = pad.getBoundingClientRect();
      this.look(
        REACH * (2 * (event.clientX - box.left) / box.width - 1),
        REACH * (1 - 2 * (event.clientY - box.top) / box.height));
    };
    pad.addEventListener("pointerdown", (event) => {
      pad.setPointerCapture(event.pointerId);
      point(event);
    });
    pad.addEventListener("pointermove", (event) => {
      if (pad.hasPointerCapture(event.pointerId)) point(event);
    });
    pad.addEventListener("keydown", (event) => {
      const [x, y] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, 1], ArrowDown: [0, -1] }[
        event.key] ?? [0, 0];
      if (event.key === "Home") this.look(0, 0);
      else if (x || y) this.look(this.gaze[0] + STEP * x, this.gaze[1] + STEP * y);
      else return;
      event.preventDefault();
    });
  }

  look(yaw, pitch) {
    const far = Math.hypot(yaw, pitch) / REACH;
    const scale = far > 1 ? 1 / far : 1;
    this.gaze = [Math.round(yaw * scale), Math.round(pitch * scale)];
    this.show();
  }

  reset() {
    $("distance").value = 1;
    $("strength").value = 0.7;
    this.sliders.forEach((slider) => slider.reset());
    document.querySelector("#moods input").checked = true;
    this.look(0, 0);
  }

  show() {
    const [yaw, pitch] = this.gaze;
    $("dot").style.transform = `translate(${(yaw / REACH) * 3.2}rem, ${(-pitch / REACH) * 3.2}rem)`;
    const side = yaw ? `${Math.abs(yaw)}° ${yaw > 0 ? "right" : "left"}` : "";
    const height = pitch ? `${Math.abs(pitch)}° ${pitch > 0 ? "up" : "down"}` : "";
    $("gaze-out").value = [side, height].filter(Boolean).join(", ") || "into the camera";
    const distance = Number($("distance").value);
    $("distance-out").value = distance === 1 ? "as in the photo" : `${distance.toFixed(2)} ×`;
    $("strength").disabled = this.mood === MOODS[0] || this.mood === "neutral";
    $("strength-out").value = `${Math.round(100 * $("strength").value)} %`;
    this.changed(this.controls);
  }
}

class Slider {
  constructor([name, title, min, max, step, usual, words], changed) {
    Object.assign(this, { usual, words });
    this.input = Object.assign(document.createElement("input"), { type: "range", name, min, max, step });
    this.out = document.createElement("output");
    this.label = Object.assign(document.createElement("label"), { className: "slide", textContent: title });
    this.label.append(this.out, this.input);
    this.input.addEventListener("input", () => { this.show(); changed(); });
    this.reset();
  }

  // Null is what the model does by itself.
  get wish() {
    const value = Number(this.input.value);
    return value === this.usual ? null : value;
  }

  show() { this.out.value = this.words(Number(this.input.value)); }

  reset() {
    this.input.value = this.usual;
    this.show();
  }
}

function chip(mood, chosen) {
  const label = document.createElement("label");
  const input = Object.assign(document.createElement("input"), {
    type: "radio", name: "mood", value: mood, checked: chosen,
  });
  const word = document.createElement("span");
  word.textContent = mood;
  label.append(input, word);
  return label;
}
