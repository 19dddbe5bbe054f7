// Messages with a picture -> images in order: JPEG or H.264 (docs/server.md).

const HEADER = 16;
const JPEG = 1, KEY = 1;

export class Pictures {
  // `insert(index, image)` gets each; the image is the receiver's to close.
  constructor(insert) {
    this.insert = insert;
    this.round = 0; // how often frames were forgotten: those still being decoded are void
    this.pending = new Map(); // H.264: timestamp -> [index, round]
    this.stamp = 0;
    this.decoder = null;
  }

  take(message) {
    const view = new DataView(message);
    const [kind, flags, index] = [view.getUint8(0), view.getUint8(1), view.getUint32(4, true)];
    const body = new Uint8Array(message, HEADER);
    if (kind === JPEG) {
      this.give(index, this.round, createImageBitmap(new Blob([body], { type: "image/jpeg" })));
    } else {
      this.decode(index, flags & KEY, body);
    }
  }

  // Frames that were taken before and not yet given are void.
  forget() { this.round += 1; }

  close() {
    this.forget();
    if (this.decoder?.state === "configured") this.decoder.close();
    this.decoder = null;
    this.pending.clear();
  }

  decode(index, key, data) {
    if (!this.decoder) {
      this.decoder = new VideoDecoder({ output: (frame) => this.decoded(frame), error: () => {} });
      this.decoder.configure({ codec: "avc1.42E01F", optimizeForLatency: true });
    }
    if (this.decoder.state !== "configured") return;
    this.stamp += 1;
    this.pending.set(this.stamp, [index, this.round]);
    this.decoder.decode(
      new EncodedVideoChunk({ type: key ? "key" : "delta", timestamp: this.stamp, data }));
  }

  decoded(frame) {
    const [index, round] = this.pending.get(frame.timestamp) ?? [0, -1];
    this.pending.delete(frame.timestamp);
    this.give(index, round, createImageBitmap(frame).finally(() => frame.close()));
  }

  async give(index, round, making) {
    const image = await making;
    if (round === this.round) this.insert(index, image); else image.close();
  }
}
