import { readFileSync, writeFileSync } from "node:fs";

/** Writes a WAV file of 16-bit samples at 8 kHz that holds a sine. */
export function writeTone(file: string, hertz: number, seconds: number): void {
  const rate = 8_000;
  const samples = rate * seconds;
  const wave = Buffer.alloc(44 + 2 * samples);
  wave.write("RIFF", 0);
  wave.writeUInt32LE(36 + 2 * samples, 4);
  wave.write("WAVEfmt ", 8);
  wave.writeUInt32LE(16, 16);
  wave.writeUInt16LE(1, 20);
  wave.writeUInt16LE(1, 22);
  wave.writeUInt32LE(rate, 24);
  wave.writeUInt32LE(2 * rate, 28);
  wave.writeUInt16LE(2, 32);
  wave.writeUInt16LE(16, 34);
  wave.write("data", 36);
  wave.writeUInt32LE(2 * samples, 40);
  for (let n = 0; n < samples; n += 1)
    wave.writeInt16LE(Math.round(12_000 * Math.sin((2 * Math.PI * hertz * n) / rate)), 44 + 2 * n);
  writeFileSync(file, wave);
}

export interface Recording {
  /** Seconds. */
  readonly length: number;
  /** The strongest tone between 100 and 2000 Hz. */
  readonly hertz: number;
  /** Root mean square of the samples looked at. */
  readonly loudness: number;
}

/** Names the tone that a recording holds between its first and third second. */
export function listen(file: string): Recording {
  const wave = readFileSync(file);
  let at = 12;
  let rate = 8_000;
  let channels = 1;
  let data = wave.subarray(44);
  while (at + 8 <= wave.length) {
    const id = wave.toString("latin1", at, at + 4);
    const length = wave.readUInt32LE(at + 4);
    if (id === "fmt ") {
      channels = wave.readUInt16LE(at + 10);
      rate = wave.readUInt32LE(at + 12);
    }
    if (id === "data") {
      // A file that is still being written says 0 or the longest length.
      data = wave.subarray(at + 8, length === 0 || length > wave.length ? wave.length : at + 8 + length);
      break;
    }
    at += 8 + length + (length % 2);
  }
  const count = Math.floor(data.length / (2 * channels));
  const samples: number[] = [];
  for (let n = Math.min(rate, count); n < Math.min(3 * rate, count); n += 1)
    samples.push(data.readInt16LE(2 * channels * n));
  let hertz = 0;
  let strongest = 0;
  for (let candidate = 100; candidate < 2_000; candidate += 10) {
    let real = 0;
    let imaginary = 0;
    const limit = Math.min(4_000, samples.length);
    for (let n = 0; n < limit; n += 1) {
      const angle = (2 * Math.PI * candidate * n) / rate;
      real += (samples[n] ?? 0) * Math.cos(angle);
      imaginary -= (samples[n] ?? 0) * Math.sin(angle);
    }
    const strength = real * real + imaginary * imaginary;
    if (strength > strongest) {
      strongest = strength;
      hertz = candidate;
    }
  }
  const energy = samples.reduce((sum, sample) => sum + sample * sample, 0);
  return { length: count / rate, hertz, loudness: Math.sqrt(energy / Math.max(1, samples.length)) };
}
