/** @file Small synthetic rooms: sparse impulse responses, and speech in them. */
import type { RandomStream } from '../../base/random.js';

/** An impulse response by its few taps. */
export interface ImpulseResponse {
  /** In samples. */
  readonly delays: Int32Array;
  readonly gains: Float32Array;
}

export interface Room {
  /** Time in which the reverberation falls by 60 dB. */
  readonly decaySeconds: number;
  /** Energy of the direct sound over that of the reverberation. */
  readonly directToReverbDb: number;
}

const tapsPerSecond = 700;

/**
 * A room's response as velvet noise: the direct sound, then single +1 / -1 impulses at random places under an
 * exponential envelope (Karjalainen and Järveläinen, "Reverberation modeling using velvet noise", 2007). Ends at -30 dB.
 */
export function impulseResponse(room: Room, rateHz: number, random: RandomStream): ImpulseResponse {
  const taps = Math.max(1, Math.round((room.decaySeconds / 2) * tapsPerSecond));
  const delays = new Int32Array(taps + 1);
  const gains = new Float32Array(taps + 1);
  const firstDelay = 0.002 + 0.006 * random.uniform();
  let energy = 0;
  for (let i = 1; i <= taps; i++) {
    const seconds = firstDelay + (i - 1 + random.uniform()) / tapsPerSecond;
    const gain = 10 ** ((-3 * seconds) / room.decaySeconds) * (random.uniform() < 0.5 ? -1 : 1);
    delays[i] = Math.round(seconds * rateHz);
    gains[i] = gain;
    energy += gain * gain;
  }
  const scale = Math.sqrt(10 ** (-room.directToReverbDb / 10) / energy);
  for (let i = 1; i <= taps; i++) gains[i] = (gains[i] as number) * scale;
  gains[0] = 1;
  return { delays, gains };
}

/** The samples as heard in the room, of the same length. */
export function inRoom(samples: Float32Array, { delays, gains }: ImpulseResponse): Float32Array {
  const longest = delays.reduce((most, delay) => Math.max(most, delay), 0);
  const output = new Float32Array(samples.length);
  // Zeros before and after let every tap be read; four samples at a time halve the time.
  const input = new Float32Array(longest + samples.length + 3);
  input.set(samples, longest);
  for (let n = 0; n < output.length; n += 4) {
    let [sum0, sum1, sum2, sum3] = [0, 0, 0, 0];
    for (let tap = 0; tap < delays.length; tap++) {
      const gain = gains[tap] as number;
      const at = n + longest - (delays[tap] as number);
      sum0 += gain * (input[at] as number);
      sum1 += gain * (input[at + 1] as number);
      sum2 += gain * (input[at + 2] as number);
      sum3 += gain * (input[at + 3] as number);
    }
    output[n] = sum0;
    // Places beyond the end of a typed array are not written.
    output[n + 1] = sum1;
    output[n + 2] = sum2;
    output[n + 3] = sum3;
  }
  return output;
}
