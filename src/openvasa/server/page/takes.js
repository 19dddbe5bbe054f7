// Videos of one voice, made one after another and shown side by side, each another performance.
import * as server from "./server.js";
import { Together } from "./together.js";

const ASK = { queued: 2000, running: 500 }; // milliseconds until a job is asked about again
const $ = (id) => document.getElementById(id);

export class Takes {
  constructor(changed) {
    this.changed = changed;
    this.together = new Together();
    this.takes = [];
    this.stop = new AbortController();
    $("give-up").addEventListener("click", () => this.giveUp("Given up."));
  }

  get busy() { return this.takes.some((take) => take.busy); }

  // The order is what the server gets, but for the seed.
  make(order, seeds, title) {
    this.together.clear();
    this.takes.forEach((take) => take.clear());
    this.order = order;
    this.takes = seeds.map((seed) => new Take(seed, (take) => this.run([take])));
    $("takes-list").replaceChildren(...this.takes.map((take) => take.figure));
    $("takes-title").textContent = `${seeds.length > 1 ? "Side by side" : "Video"}: ${title}`;
    $("takes").hidden = false;
    $("takes-title").focus({ preventScroll: true });
    $("takes").scrollIntoView({ block: "nearest" });
    return this.run(this.takes);
  }

  async run(takes) {
    if (this.stop.signal.aborted) this.stop = new AbortController();
    const { signal } = this.stop;
    takes.forEach((take) => take.begin());
    this.show();
    for (const take of takes) {
      await this.attempt(take, signal, async () => {
        take.job = await server.createJob({ ...this.order, seed: take.seed, verify: true });
      });
    }
    await Promise.all(takes.filter((take) => take.busy).map((take) => (
      this.attempt(take, signal, () => this.watch(take, signal)))));
  }

  async attempt(take, signal, act) {
    try {
      signal.throwIfAborted();
      await act();
      signal.throwIfAborted();
    } catch (error) {
      if (take.job) server.giveUp(take.job.id);
      // What was asked when it was given up may fail in words of its own.
      take.fail((signal.aborted ? signal.reason : error).message, !!this.order);
    }
    this.show();
  }

  async watch(take, signal) {
    while (take.job.status in ASK) {
      take.tell(take.job);
      await new Promise((later) => setTimeout(later, ASK[take.job.status]));
      signal.throwIfAborted();
      take.job = await server.job(take.job.id);
      signal.throwIfAborted();
    }
    if (take.job.status === "failed") throw new Error(take.job.error ?? "The video was given up.");
    const video = await server.video(take.job.id);
    signal.throwIfAborted();
    this.together.add(take.finish(video));
  }

  show() {
    const done = this.takes.filter((take) => take.address).length;
    $("give-up").hidden = !this.busy;
    $("takes-note").textContent = this.busy
      ? `${done} of ${this.takes.length} finished.`
      : [
        done ? "Signed, labeled and marked in every frame. The server keeps no copy." : "",
        done > 1 ? "They play and seek together; the one you touched last is heard." : "",
      ].join(" ").trim();
    this.changed();
  }

  giveUp(why) {
    this.stop.abort(new Error(why));
    for (const take of this.takes) if (take.busy && take.job) server.giveUp(take.job.id);
  }

  // The portrait is gone: nothing of it can be made any more, what is finished stays.
  leave() {
    this.order = null;
    this.giveUp("Canceled: the portrait was changed.");
    this.takes.forEach((take) => { take.again.hidden = true; });
  }
}

class Take {
  constructor(seed, again) {
    this.seed = seed;
    this.name = `Performance ${seed}`;
    this.figure = made("figure", { className: "take" });
    this.again = made("button", { type: "button", textContent: "Try again" });
    this.again.addEventListener("click", () => again(this));
  }

  get busy() { return !!this.words; }

  begin() {
    this.job = null;
    this.bar = made("progress", { max: 1, ariaLabel: this.name });
    this.words = made("p", { textContent: "Sending" });
    this.put(made("div", { className: "well" }, this.words, this.bar));
  }

  tell({ status, done, total }) {
    if (status === "queued") this.words.textContent = "Waiting for its turn";
    else if (!total) this.words.textContent = "Listening to the voice";
    else this.words.textContent = done < total ? `Frame ${done} of ${total}` : "Reading its marks";
    if (status === "queued" || done < total) this.bar.value = total ? done / total : 0;
    else this.bar.removeAttribute("value");
  }

  fail(words, again) {
    this.words = null;
    this.again.hidden = !again;
    this.put(made("div", { className: "well" },
      made("p", { className: "error", role: "alert", textContent: words }), this.again));
  }

  // Shows the video, and returns its element.
  finish(content) {
    this.words = null;
    this.address = URL.createObjectURL(content);
    const video = made("video", {
      src: this.address, controls: true, playsInline: true, ariaLabel: this.name,
    });
    this.put(video,
      made("a", {
        className: "button", href: this.address, download: `talking-${this.seed}.mp4`,
        textContent: "Download", ariaLabel: `Download ${this.name}, MP4`,
      }),
      verdict(this.job.verdict));
    return video;
  }

  put(picture, ...rest) {
    this.figure.replaceChildren(picture, made("figcaption", {},
      made("strong", { textContent: this.name }), ...rest));
  }

  clear() {
    if (this.address) URL.revokeObjectURL(this.address);
  }
}

// What `openvasa verify` says of the file: one sentence, and more for who opens it.
function verdict({ outcome, sentence, details }) {
  const more = made("ul", {}, ...details.map((detail) => made("li", { textContent: detail })));
  const found = made("details", { className: "verdict" },
    made("summary", { textContent: sentence }), more);
  found.dataset.outcome = outcome;
  return found;
}

function made(kind, fields, ...children) {
  const element = Object.assign(document.createElement(kind), fields);
  element.append(...children);
  return element;
}
