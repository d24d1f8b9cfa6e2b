/** Notices when a thread hangs: it counts a number up as a sign of life, and the one who started it looks at the number. */
export class Pulse {
  #beats = 0;
  #heardAt = performance.now();

  /** Takes the newest number. Tells whether it has not changed for longer than `timeoutMs`. */
  isSilent(beats: number, timeoutMs: number): boolean {
    const now = performance.now();
    if (beats !== this.#beats) {
      this.#beats = beats;
      this.#heardAt = now;
    }
    return now - this.#heardAt > timeoutMs;
  }
}
