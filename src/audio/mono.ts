/** @file One channel out of several: their mean, or the one that is asked for. */
import { UserError } from '../base/errors.js';

/**
 * `count` frames from `first` on as one channel.
 * @param channel the one wanted, counted from 1 (default: the mean of all)
 * @throws UserError when there is no such channel
 */
export function monoOf(
  channels: readonly Float32Array[],
  range: { readonly first: number; readonly count: number },
  channel: number | undefined,
  file: string,
): Float32Array {
  const { first, count } = range;
  const wanted = wantedChannels(channels.length, channel, file).map((i) => channels[i] as Float32Array);
  if (wanted.length === 1) return (wanted[0] as Float32Array).slice(first, first + count);
  const samples = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    let sum = 0;
    for (const each of wanted) sum += each[first + i] as number;
    samples[i] = sum / wanted.length;
  }
  return samples;
}

/**
 * The channels to average, counted from 0.
 * @throws UserError when there is no such channel
 */
export function wantedChannels(count: number, channel: number | undefined, file: string): readonly number[] {
  if (channel === undefined) return Array.from({ length: count }, (_, i) => i);
  if (Number.isInteger(channel) && channel >= 1 && channel <= count) return [channel - 1];
  throw new UserError(`has no channel ${channel}, only ${count}`, {
    file,
    hint: "Correct the column 'channel' of the manifest (counted from 1)",
  });
}
