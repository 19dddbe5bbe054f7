// The studio: puts portrait, voice, direction and video together.
import { Direction } from "./direction.js";
import { Live } from "./live.js";
import { Microphone } from "./microphone.js";
import { decoded } from "./recording.js";
import * as server from "./server.js";
import { Takes } from "./takes.js";
import { Typed } from "./typed.js";

const $ = (id) => document.getElementById(id);
const BUSY = 1013, NO_TOKEN = 4401, NO_AVATAR = 4404;
const COMPARED = 3; // performances side by side
const BACK_OFF = [1, 2, 5, 10]; // seconds between tries to connect again

let photo, avatar, audio, live, voice, voiceBuffer, otherBuffer, microphone;
let tries = 0, again, began;
const takes = new Takes(buttons);
const direction = new Direction((controls) => live?.steer(controls));
const typed = new Typed({ context, announce, made: chooseVoice, changed: buttons });

function context() {
  return audio ??= new AudioContext();
}

function awake() {
  return live?.open && live.player.shown >= 0;
}

function status(words, tone = "quiet") {
  $("status").textContent = words;
  $("status").dataset.tone = tone;
}

function veil(words, { spin = true, retry = false } = {}) {
  $("veil").hidden = !words;
  $("veil-text").textContent = words ?? "";
  document.querySelector(".spinner").hidden = !spin;
  $("retry").hidden = !retry;
}

function buttons() {
  const on = awake();
  $("talk").disabled = !on || !Microphone.possible;
  $("play").disabled = !on || !voiceBuffer || !!microphone;
  $("hush").disabled = !on || !(live.recording || microphone);
  $("listen").disabled = !on || !otherBuffer;
  $("listen").textContent = live?.other ? "Stop listening" : "Let it listen";
  $("listen").setAttribute("aria-pressed", String(!!live?.other));
  $("make").disabled = $("compare").disabled = !avatar || !voice || takes.busy;
  $("use").disabled = !photo;
}

// Portrait

async function choosePhoto(file) {
  if (!file) return;
  $("portrait-error").textContent = "";
  let picture;
  try {
    picture = await createImageBitmap(file);
  } catch {
    $("portrait-error").textContent = "This file is not a picture the browser can show. Try JPEG or PNG.";
    return;
  }
  leave();
  photo = file;
  $("portrait-name").textContent = file.name;
  $("statement").hidden = $("agreed").checked = false;
  $("screen").dataset.state = "chosen";
  frame(picture);
  $("agreed").focus();
  buttons();
}

// Draws the picture whole, and the framed square once it is known.
function frame(picture, box, size) {
  const canvas = $("canvas"), brush = canvas.getContext("2d");
  canvas.width = canvas.height = 512;
  const scale = 512 / Math.max(picture.width, picture.height);
  const [left, top] = [(512 - picture.width * scale) / 2, (512 - picture.height * scale) / 2];
  brush.drawImage(picture, left, top, picture.width * scale, picture.height * scale);
  if (!box || size[0] !== picture.width) return;
  const [x, y, side] = box.map((value) => value * scale);
  brush.lineWidth = 2;
  brush.strokeStyle = "#fff";
  brush.strokeRect(left + x - side / 2, top + y - side / 2, side, side);
}

async function use(event) {
  event.preventDefault();
  context().resume();
  leave();
  veil("Finding the face");
  try {
    avatar = await server.createAvatar({ portrait: photo, consent: $("consent").value });
  } catch (error) {
    veil(null);
    $("portrait-error").textContent = error.message;
    return;
  }
  $("portrait-error").textContent = "";
  frame(await createImageBitmap(photo), avatar.box, avatar.size);
  $("portrait-name").textContent = avatar.faces > 1
    ? `${photo.name}: ${avatar.faces} faces, the largest speaks.` : `${photo.name}: face found.`;
  $("statement").hidden = true;
  $("other").hidden = false;
  typed.look();
  connect();
}

function leave() {
  clearTimeout(again);
  endTalk();
  live?.close();
  takes.leave();
  if (avatar) server.forget(avatar.id);
  live = avatar = null;
  $("view").hidden = true;
  veil(null);
  buttons();
}

// Live

function connect() {
  clearTimeout(again);
  veil(tries ? "Connecting again" : "Waking up");
  const token = server.secret();
  live = new Live($("canvas"), audio, {
    avatar: avatar.id, seed: Number($("seed").value), controls: direction.controls,
    ...(token ? { token } : {}),
  });
  const here = live;
  const on = (type, act) => here.addEventListener(type, ({ detail }) => here === live && act(detail));
  on("ready", ({ view }) => {
    $("view").href = server.view(view);
    $("view").hidden = false;
  });
  on("first", () => {
    tries = 0;
    $("screen").dataset.state = "live";
    veil(null);
    status("Live", "good");
    buttons();
  });
  on("speech", ({ time }) => {
    const wait = () => {
      if (here !== live || !began) return;
      if (live.player.seen < time) return requestAnimationFrame(wait);
      $("delay").textContent = `${Math.round(performance.now() - began)} ms from voice to lips`;
      began = null;
    };
    wait();
  });
  on("dropped", ({ frames }) => { $("delay").textContent = `${frames} frames left out: the connection is slow`; });
  on("spoken", buttons);
  on("listened", buttons);
  on("closed", lost);
  buttons();
}

async function lost({ code, wanted }) {
  $("view").hidden = true;
  endTalk();
  buttons();
  if (wanted) return;
  if (code === NO_TOKEN && await server.askToken()) return connect();
  if (code === NO_AVATAR) {
    status("Portrait forgotten", "bad");
    $("statement").hidden = false;
    return veil("The server no longer has this portrait. Bring it to life again.", { spin: false });
  }
  const pause = BACK_OFF[Math.min(tries++, BACK_OFF.length - 1)];
  const words = code === BUSY
    ? "All seats are taken. Waiting for one to be free." : "Connection lost. Trying again.";
  status(code === BUSY ? "Busy" : "Connection lost", "bad");
  veil(words, { retry: true });
  again = setTimeout(connect, 1000 * pause);
}

// Voice

async function chooseVoice(file) {
  const buffer = await decoded(file, context(), "voice-name");
  if (!buffer) return;
  [voice, voiceBuffer] = [file, buffer];
  buttons();
}

async function chooseOther(file) {
  otherBuffer = await decoded(file, context(), "other-name") ?? otherBuffer;
  buttons();
}

function listen() {
  if (live.other) live.unlisten(); else live.listen(otherBuffer);
  buttons();
}

async function talk() {
  if (microphone) return endTalk();
  microphone = new Microphone();
  try {
    await microphone.open(audio, (samples) => live?.hear(samples));
  } catch {
    microphone = null;
    $("voice-note").textContent = "The microphone is not allowed here. Allow it in the address bar, or choose a recording.";
    return;
  }
  live.interrupt();
  began = performance.now();
  $("talk").textContent = "Stop talking";
  $("talk").setAttribute("aria-pressed", "true");
  buttons();
}

function endTalk() {
  const take = microphone?.close();
  microphone = null;
  live?.say({ type: "end" });
  $("talk").textContent = "Talk";
  $("talk").setAttribute("aria-pressed", "false");
  if (take) chooseVoice(take);
  buttons();
}

function play() {
  began = performance.now();
  live.speak(voiceBuffer);
  buttons();
}

// Typed text is about to be spoken: returns the face that speaks it, if one is there.
function announce() {
  if (microphone) endTalk();
  if (!awake()) return null;
  began = performance.now();
  live.announce();
  return live;
}

function hush() {
  if (microphone) endTalk();
  live.interrupt();
  buttons();
}

// Video

function make(count) {
  if (!$("seed").reportValidity()) return;
  const first = Number($("seed").value), most = Number($("seed").max);
  takes.make(
    { avatar: avatar.id, audio: voice, controls: JSON.stringify(direction.controls) },
    Array.from({ length: count }, (_, i) => (first + i) % (most + 1)),
    `${photo.name}, ${voice.name}`);
}

// Wiring

$("photo").addEventListener("change", (event) => choosePhoto(event.target.files[0]));
$("portrait-form").addEventListener("submit", use);
$("other").addEventListener("click", () => $("photo").click());
$("voice").addEventListener("change", (event) => chooseVoice(event.target.files[0]));
$("other-side").addEventListener("change", (event) => chooseOther(event.target.files[0]));
$("listen").addEventListener("click", listen);
$("retry").addEventListener("click", connect);
$("talk").addEventListener("click", talk);
$("play").addEventListener("click", play);
$("hush").addEventListener("click", hush);
$("make").addEventListener("click", () => make(1));
$("compare").addEventListener("click", () => make(COMPARED));
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && !$("hush").disabled) hush();
});
for (const type of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(type, (event) => {
    event.preventDefault();
    $("screen").classList.toggle("over", type === "dragover");
    const file = type === "drop" && event.dataTransfer.files[0];
    if (file) (file.type.startsWith("image/") ? choosePhoto : chooseVoice)(file);
  });
}
addEventListener("pagehide", leave);

if (!Microphone.possible) {
  $("voice-note").textContent = "The microphone needs https or this computer's own address; recordings work everywhere.";
}
await Live.choose();
typed.look();
server.health().then(
  ({ status: word, sessions, capacity }) => status(
    word === "ready" ? "Ready" : `Busy: ${sessions} of ${capacity} seats taken`,
    word === "ready" ? "good" : "bad"),
  () => status("The server does not answer", "bad"));
