/** A steady sine tone, continued from frame to frame without a click. */
export class Tone {
  readonly #step: number;
  readonly #amplitude: number;
  #phase = 0;

  /**
   * @param frequency Hz
   * @param sampleRate samples a second
   * @param amplitude peak, 0…32767
   */
  constructor(frequency: number, sampleRate = 8000, amplitude = 8000) {
    this.#step = (2 * Math.PI * frequency) / sampleRate;
    this.#amplitude = amplitude;
  }

  /** The next samples. */
  next(count: number): Int16Array {
    const samples = new Int16Array(count);
    for (let i = 0; i < count; i++) {
      samples[i] = Math.round(this.#amplitude * Math.sin(this.#phase));
      this.#phase = (this.#phase + this.#step) % (2 * Math.PI);
    }
    return samples;
  }
}

/**
 * The share of the samples' power that lies at a frequency, 0…1: near 1 for that tone alone, near 0 for silence, noise
 * or another tone (Goertzel's algorithm). It tells frequencies apart that differ by more than
 * `sampleRate / samples.length` Hz.
 */
export function shareOfTone(samples: Int16Array, frequency: number, sampleRate = 8000): number {
  const coefficient = 2 * Math.cos((2 * Math.PI * frequency) / sampleRate);
  let before = 0;
  let last = 0;
  let power = 0;
  for (const sample of samples) {
    const value = sample + coefficient * last - before;
    before = last;
    last = value;
    power += sample * sample;
  }
  if (power === 0) return 0;
  const atFrequency = last * last + before * before - coefficient * last * before;
  return Math.min(1, (2 * atFrequency) / (samples.length * power));
}
