// The sound of a file that was chosen, its name shown in `name`; null if there is none.
export async function decoded(file, audio, name) {
  if (!file) return null;
  const error = document.getElementById("voice-error");
  error.textContent = "";
  try {
    const buffer = await audio.decodeAudioData(await file.arrayBuffer());
    document.getElementById(name).textContent = `${file.name}, ${buffer.duration.toFixed(1)} s`;
    return buffer;
  } catch {
    error.textContent = "This file has no sound the browser can read. Try WAV, MP3 or M4A.";
    return null;
  }
}

// A mono 16-bit WAV file of pieces of f32 samples.
export function wav(pieces, rate, name) {
  const count = pieces.reduce((sum, piece) => sum + piece.length, 0);
  const view = new DataView(new ArrayBuffer(44 + 2 * count));
  const text = (at, word) => [...word].forEach((c, i) => view.setUint8(at + i, c.charCodeAt(0)));
  text(0, "RIFF"); view.setUint32(4, 36 + 2 * count, true); text(8, "WAVEfmt ");
  view.setUint32(16, 16, true); view.setUint16(20, 1, true); view.setUint16(22, 1, true);
  view.setUint32(24, rate, true); view.setUint32(28, 2 * rate, true);
  view.setUint16(32, 2, true); view.setUint16(34, 16, true);
  text(36, "data"); view.setUint32(40, 2 * count, true);
  let at = 44;
  for (const piece of pieces) {
    for (const value of piece) {
      view.setInt16(at, Math.max(-1, Math.min(1, value)) * 32767, true);
      at += 2;
    }
  }
  return new File([view.buffer], name, { type: "audio/wav" });
}
