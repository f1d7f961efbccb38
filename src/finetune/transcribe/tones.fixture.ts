/** @file Letters as tones, and a recogniser that hears them: log-mel energies, one bin a token. */
import { float32 } from '../../base/host-tensor.js';
import { loadEncoder } from '../../encoders/load.js';
import type { Recogniser } from '../../encoders/recogniser.js';

const sampleRateHz = 16000;
const tokens = ['<s>', '|', 'A', 'B', 'C'];
/** The mel bin of each token but the blank. */
const bins = [20, 33, 46, 59];
const melBins = 80;
/** Kaldi's mel scale from 20 Hz to 8 kHz, as the encoder fbank divides it. */
const mel = (hz: number): number => 1127 * Math.log(1 + hz / 700);
const centreHz = (bin: number): number => {
  const at = mel(20) + ((bin + 1) * (mel(8000) - mel(20))) / (melBins + 1);
  return 700 * (Math.exp(at / 1127) - 1);
};

/** A tone, and the silence behind it. */
const [toneSamples, silentSamples] = [1280, 640];

/** A text of A, B, C and spaces as 16 kHz samples: a tone a letter, 0.12 s each. */
export function spokenTones(text: string): Float32Array {
  const letters = [...text];
  const samples = new Float32Array(letters.length * (toneSamples + silentSamples));
  for (const [i, letter] of letters.entries()) {
    const hz = centreHz(bins[tokens.indexOf(letter === ' ' ? '|' : letter) - 1] as number);
    for (let n = 0; n < toneSamples; n++)
      samples[i * (toneSamples + silentSamples) + silentSamples / 2 + n] =
        0.3 * Math.sin((2 * Math.PI * hz * n) / sampleRateHz);
  }
  return samples;
}

/** Hears a tone where its bin has more energy than any other, and more than silence. */
export async function toneRecogniser(): Promise<Recogniser> {
  const encoder = await loadEncoder('fbank');
  const width = 3 * melBins;
  const weight = new Float32Array(tokens.length * width);
  for (const [i, bin] of bins.entries()) weight[(i + 1) * width + bin] = 1;
  return {
    encoder,
    recognition: {
      ...{ tokens, blank: 0, boundary: '|', special: [0], lowerCase: false },
      weight: float32([tokens.length, width], weight),
      bias: float32([tokens.length], [-2, 0, 0, 0, 0]),
    },
  };
}
