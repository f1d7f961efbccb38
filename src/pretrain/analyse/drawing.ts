/** @file What is kept of an utterance for whoever draws it later: losses, masks, spectrogram. */
import { encode } from 'fast-png';
import { sampleRateHz } from '../../audio/index.js';
import { float32, floatsOf } from '../../base/host-tensor.js';
import { runsOf } from '../../base/timeline.js';
import { hopSamples, logMel, windowSamples } from '../../encoders/families/log-mel.js';
import type { Engine } from '../../engine/engine.js';
import type { Tensor } from '../../engine/ops.js';
import type { Drawing } from '../../formats/drawings.js';
import type { UtteranceFindings } from './utterance.js';

const bins = 64;

/** Draws utterances; each length is compiled once. */
export interface Drawer {
  draw(findings: UtteranceFindings): Promise<Drawing>;
  dispose(): Promise<void>;
}

/** Compiles the log-mel spectrogram of the pictures. */
export function drawerOf(engine: Engine): Drawer {
  const program = engine.compile(
    ({ waveform }: { waveform: Tensor }) => ({ energies: logMel(waveform, bins) }),
    { name: 'spectrogram' },
  );
  return {
    async draw({ id, samples, grid, predicted, actual, masks }) {
      const { energies } = await program.run({ waveform: float32([1, samples.length], samples) });
      const steps = Math.floor((samples.length - windowSamples) / hopSamples) + 1;
      return {
        id,
        seconds: samples.length / sampleRateHz,
        hopSeconds: grid.hopSamples / sampleRateHz,
        fieldSeconds: grid.fieldSamples / sampleRateHz,
        predicted: shortened(predicted),
        actual: shortened(actual),
        masks: { hard: runsOf(masks.hard), random: runsOf(masks.random) },
        spectrogram: {
          png: pngOf(floatsOf(energies), energies.shape[2] as number),
          seconds: (steps * hopSamples) / sampleRateHz,
        },
      };
    },
    dispose: () => program.dispose(),
  };
}

/** As many digits as a picture shows. */
const shortened = (values: Float32Array): number[] =>
  Array.from(values, (value) => Number(value.toPrecision(6)));

/** [bins, frames] as a grey PNG: loud is light, high frequencies are at the top. */
function pngOf(values: Float32Array, frames: number): string {
  const sorted = values.slice().sort();
  const [low, high] = [sorted[Math.floor(0.05 * sorted.length)] as number, sorted.at(-1) as number];
  const data = new Uint8Array(bins * frames);
  for (let bin = 0; bin < bins; bin++)
    for (let t = 0; t < frames; t++) {
      const share = ((values[bin * frames + t] as number) - low) / Math.max(1e-6, high - low);
      data[(bins - 1 - bin) * frames + t] = Math.round(255 * Math.max(0, Math.min(1, share)));
    }
  const png = encode({ width: frames, height: bins, data, channels: 1, depth: 8 });
  return Buffer.from(png).toString('base64');
}
