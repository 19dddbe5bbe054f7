// Gaze, distance and emotion: the controls of a performance, and their inputs.

const REACH = 30; // degrees at the rim of the pad
const STEP = 3; // degrees a key
const MOODS = ["as heard", "neutral", "happy", "sad", "angry", "surprised", "fearful", "disgusted"];
const $ = (id) => document.getElementById(id);

export class Direction {
  constructor(changed) {
    this.changed = changed;
    this.gaze = [0, 0];
    MOODS.forEach((mood, i) => $("moods").append(chip(mood, i === 0)));
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
    return {
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
