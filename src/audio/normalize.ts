/** @file The normalisation of waveforms that wav2vec 2.0 and its successors expect. */

/** torch's. */
const usualEpsilon = 1e-5;

/** Zero mean and unit (biased) variance, as torch's `F.layer_norm` over the whole waveform; a new array. */
export function normalizeWaveform(samples: Float32Array, epsilon = usualEpsilon): Float32Array {
  const { length } = samples;
  const normalized = new Float32Array(length);
  // By places: iterators take several times as long, and whole batches of crops come this way.
  let sum = 0;
  for (let i = 0; i < length; i++) sum += samples[i] as number;
  const mean = sum / length;
  let squares = 0;
  for (let i = 0; i < length; i++) {
    const difference = (samples[i] as number) - mean;
    squares += difference * difference;
  }
  const scale = 1 / Math.sqrt(squares / length + epsilon);
  for (let i = 0; i < length; i++) normalized[i] = ((samples[i] as number) - mean) * scale;
  return normalized;
}
