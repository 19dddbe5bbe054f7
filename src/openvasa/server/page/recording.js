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
