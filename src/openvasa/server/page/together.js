// Videos that play and seek as one: whichever was touched last leads, and is the one that is heard.

const APART = 0.1; // seconds that another may be off while they play, so that it need not jump often

export class Together {
  constructor() {
    this.videos = [];
    this.leader = null;
  }

  add(video) {
    this.videos.push(video);
    video.muted = this.leader !== null;
    this.leader ??= video;
    for (const type of ["pointerdown", "keydown", "focus"]) {
      video.addEventListener(type, () => this.lead(video), { capture: true });
    }
    for (const type of ["play", "pause", "seeking", "seeked", "ratechange", "timeupdate"]) {
      video.addEventListener(type, () => video === this.leader && this.follow());
    }
    video.addEventListener("loadeddata", () => this.follow(), { once: true });
  }

  lead(video) {
    if (video === this.leader) return;
    video.muted = this.leader.muted;
    video.volume = this.leader.volume;
    this.leader.muted = true;
    this.leader = video;
  }

  follow() {
    const { currentTime, paused, playbackRate } = this.leader;
    for (const video of this.videos) {
      if (video === this.leader) continue;
      video.playbackRate = playbackRate;
      const apart = Math.abs(video.currentTime - currentTime);
      if (paused ? apart > 0 : apart > APART && !video.seeking) video.currentTime = currentTime;
      if (paused) video.pause();
      else if (video.paused && !video.ended) video.play().catch(() => {}); // a pause came first
    }
  }

  clear() {
    this.videos = [];
    this.leader = null;
  }
}
