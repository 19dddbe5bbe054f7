// A full-screen view of a running session, for a scene of OBS or a second screen: frames, no controls.
// In the address after "?": background=COLOR (default: none), fit=cover, quiet=1 (never any words).
import { Pictures } from "./pictures.js";

const FRAME = 0.04; // seconds
const IN_HAND = 0.3; // seconds of frames before the clock starts: they come in bursts
const LATE = 1.0; // seconds of frames in hand at which the clock catches up
const OVER = 1000, GONE = 4404; // codes with which the server closes
const BACK_OFF = [1, 2, 5, 10]; // seconds between tries to connect again

const asked = new URLSearchParams(location.search);
const canvas = document.getElementById("canvas"), brush = canvas.getContext("2d");
const note = document.getElementById("note");
const frames = [];
let start = null; // on the page's clock, of frame 0
let tries = 0;

const pictures = new Pictures((index, image) => {
  frames.push({ index, image });
  frames.sort((a, b) => a.index - b.index);
  const newest = frames.at(-1).index * FRAME;
  if (start === null || newest - now() > LATE) start = performance.now() / 1000 - newest + IN_HAND;
});

const now = () => performance.now() / 1000 - start;

function say(words) {
  note.textContent = words;
  note.hidden = !words || asked.get("quiet") === "1";
}

function connect() {
  const scheme = location.protocol === "https:" ? "wss" : "ws";
  const socket = new WebSocket(`${scheme}://${location.host}/v1/view/${location.pathname.split("/").pop()}${location.search}`);
  socket.binaryType = "arraybuffer";
  socket.onmessage = ({ data }) => {
    tries = 0;
    say("");
    if (typeof data !== "string") pictures.take(data);
    else if (JSON.parse(data).type === "interrupted") takeBack(JSON.parse(data).frame);
  };
  socket.onclose = ({ code }) => {
    clear();
    if (code === OVER || code === GONE) return say("The session is over.");
    say("Waiting for the session.");
    setTimeout(connect, 1000 * BACK_OFF[Math.min(tries++, BACK_OFF.length - 1)]);
  };
}

// Frames from `frame` on are void; the clock goes back with them.
function takeBack(frame) {
  pictures.forget();
  for (const old of frames.filter((f) => f.index >= frame)) old.image.close();
  frames.splice(0, frames.length, ...frames.filter((f) => f.index < frame));
  if (start !== null) start = Math.max(start, performance.now() / 1000 - frame * FRAME);
}

function clear() {
  pictures.close();
  frames.splice(0).forEach(({ image }) => image.close());
  start = null;
  brush.clearRect(0, 0, canvas.width, canvas.height);
}

function tick() {
  let due = null;
  while (start !== null && frames.length && frames[0].index * FRAME <= now()) {
    due?.image.close();
    due = frames.shift();
  }
  if (due) {
    if (canvas.width !== due.image.width) canvas.width = due.image.width;
    if (canvas.height !== due.image.height) canvas.height = due.image.height;
    brush.drawImage(due.image, 0, 0);
    due.image.close();
  }
  requestAnimationFrame(tick);
}

if (asked.get("fit") === "cover") canvas.dataset.fit = "cover";
if (CSS.supports("color", asked.get("background") ?? "")) {
  document.documentElement.style.background = document.body.style.background = asked.get("background");
}
connect();
requestAnimationFrame(tick);
