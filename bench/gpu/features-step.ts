/** @file Our side of features in `bench/gpu`, in a process of its own: an encoder of Base size over clips of equal length. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { randomStream } from '../../src/base/random.js';
import { loadEncoder } from '../../src/encoders/load.js';
import * as tf from '../../src/engine/ops.js';
import type { Parameters } from '../../src/engine/tree.js';
import { halfValue } from '../../src/formats/half.js';
import { answerSteps } from '../contestant.js';
import { normals } from '../normals.js';
import { engineAt, type Place } from '../place.js';

const { seconds, clips, halves, means, place, threads } = JSON.parse(
  await readFile(join(process.argv[2] ?? '', 'step.json'), 'utf8'),
) as {
  seconds: number;
  clips: number;
  halves: boolean;
  means: boolean;
  place: Place;
  threads: number;
};

const { engine, used } = await engineAt(place, threads);
const encoder = await loadEncoder('random:base');
const waveform = normals(randomStream(1, 'waveform'), [clips, seconds * 16000], 0.1);
const program = engine.compile<{ parameters: Parameters; waveform: tf.Tensor }, Record<string, tf.Tensor>>(
  (inputs) => {
    const states = encoder.forward(inputs.parameters, { waveform: inputs.waveform });
    if (means)
      return {
        means: tf.stack(
          states.map((state) => tf.mean(state, 1)),
          1,
        ),
      };
    return Object.fromEntries(states.map((state, layer) => [`hidden.${layer}`, state]));
  },
  {
    name: 'features',
    ...(clips === 1 && { dynamicAxes: { waveform: 1 } }),
    ...(halves && { halves: encoder.dims.map((_, layer) => `hidden.${layer}`) }),
  },
);
const parameters = engine.hold<Parameters>(encoder.parameters);

await answerSteps(
  threads,
  async () => {
    const started = performance.now();
    const outputs = await program.run({ parameters, waveform });
    const seconds = (performance.now() - started) / 1000;
    const first = Number(Object.values(outputs)[0]?.data[0]);
    return { seconds, loss: halves ? halfValue(first) : first };
  },
  used,
);
