/** @file The normalisation of waveforms that wav2vec 2.0 and its successors expect. */

/** torch's. */
const usualEpsilon = 1e-5;

/** Zero mean and unit (biased) variance, as torch's `F.layer_norm` over the whole waveform; a new array. */
export function normalizeWaveform(samples: Float32Array, epsilon = usualEpsilon): Float32Array {
  let sum = 0;
  for (const sample of samples) sum += sample;
  const mean = sum / samples.length;
  let squares = 0;
  for (const sample of samples) squares += (sample - mean) * (sample - mean);
  const scale = 1 / Math.sqrt(squares / samples.length + epsilon);
  return samples.map((sample) => (sample - mean) * scale);
}
