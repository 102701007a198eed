/** Two soft notes, made on the spot: no file to load. Silent where the browser does not allow sound yet. */
export function chime(): void {
  if (typeof AudioContext === "undefined") return;
  const context = new AudioContext();
  if (context.state === "suspended") void context.resume();
  for (const [index, pitch] of [659.3, 880].entries()) {
    const start = context.currentTime + 0.02 + index * 0.16;
    const tone = context.createOscillator();
    const volume = context.createGain();
    tone.frequency.value = pitch;
    volume.gain.setValueAtTime(0, start);
    volume.gain.linearRampToValueAtTime(0.12, start + 0.03);
    volume.gain.exponentialRampToValueAtTime(0.001, start + 0.6);
    tone.connect(volume).connect(context.destination);
    tone.start(start);
    tone.stop(start + 0.65);
  }
  setTimeout(() => void context.close(), 1500);
}
