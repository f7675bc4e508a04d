/** G.711 (RFC 3551 §4.5.14): 8000 octets a second, one octet for a sample of 16 bits. */
export type Law = "PCMU" | "PCMA";

const BIAS = 0x84;
const CLIP = 32_635;

function muLawToLinear(octet: number): number {
  const inverted = ~octet & 0xff;
  const exponent = (inverted >> 4) & 7;
  const magnitude = ((((inverted & 0x0f) << 3) + BIAS) << exponent) - BIAS;
  return (inverted & 0x80) === 0 ? magnitude : -magnitude;
}

function linearToMuLaw(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0;
  const magnitude = Math.min(Math.abs(sample), CLIP) + BIAS;
  const exponent = 24 - Math.clz32(magnitude);
  return ~(sign | (exponent << 4) | ((magnitude >> (exponent + 3)) & 0x0f)) & 0xff;
}

function aLawToLinear(octet: number): number {
  const toggled = octet ^ 0x55;
  const exponent = (toggled >> 4) & 7;
  const mantissa = ((toggled & 0x0f) << 4) + 8;
  const magnitude = exponent === 0 ? mantissa : (mantissa + 0x100) << (exponent - 1);
  return (toggled & 0x80) === 0 ? -magnitude : magnitude;
}

function linearToALaw(sample: number): number {
  const sign = sample < 0 ? 0 : 0x80;
  // The negative half is mirrored around −1, so that −1…−16 is the innermost step.
  const magnitude = Math.min(sample < 0 ? -sample - 1 : sample, 32_767);
  const exponent = Math.max(0, 24 - Math.clz32(magnitude));
  const mantissa = (magnitude >> (exponent === 0 ? 4 : exponent + 3)) & 0x0f;
  return (sign | (exponent << 4) | mantissa) ^ 0x55;
}

function table(convert: (octet: number) => number): Int16Array {
  return Int16Array.from({ length: 256 }, (_, octet) => convert(octet));
}

const decodeTables: Readonly<Record<Law, Int16Array>> = { PCMU: table(muLawToLinear), PCMA: table(aLawToLinear) };

/** Octets to linear samples of 16 bits. */
export function decodeG711(octets: Uint8Array, law: Law): Int16Array {
  const linear = decodeTables[law];
  const samples = new Int16Array(octets.length);
  for (let i = 0; i < octets.length; i++) samples[i] = linear[octets[i] ?? 0] ?? 0;
  return samples;
}

/** Linear samples of 16 bits to octets. */
export function encodeG711(samples: Int16Array, law: Law): Uint8Array {
  const encode = law === "PCMU" ? linearToMuLaw : linearToALaw;
  const octets = new Uint8Array(samples.length);
  for (let i = 0; i < samples.length; i++) octets[i] = encode(samples[i] ?? 0);
  return octets;
}
