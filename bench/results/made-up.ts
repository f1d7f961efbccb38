/** @file Records of made-up encoders on made-up tasks, four tasks an encoder, and a million predictions. */

import { randomStream } from '../../src/base/random.js';
import type { NewRecord, PredictionLine } from '../../src/results/record.js';

/** The same index, the same record. */
export function madeUpRecord(index: number): NewRecord {
  const [encoder, task] = [Math.floor(index / 4), index % 4];
  const value = 0.5 + 0.4 * Math.sin(index);
  return {
    encoder: { name: `encoder-${encoder}`, spec: 'made up', hash: `hash-${encoder}`, family: 'ehmam' },
    task: { name: `task-${task}`, version: 1 },
    manifest: { path: 'made-up.csv', hash: `manifest-${task}` },
    preset: 'clean',
    seed: 1,
    learningRates: { tried: [], chosen: null },
    engine: {
      name: 'onnx',
      provider: 'cpu',
      versions: { ehmam: '0', node: '20', onnxruntime: '1', tfjs: '4' },
    },
    metrics: {
      accuracy: { value, direction: 'higher', interval: [value - 0.1, value + 0.1], utterances: 100 },
    },
    layerWeights: [0.5, 0.5],
    costs: { seconds: 1, peakMemoryMB: 100, encoderFrames: 1000 },
    createdAt: '2026-01-02T03:04:05.000Z',
  };
}

/** What makes a record one of `millionLines`. */
export const recognition = {
  task: { name: 'asr', version: 1 },
  metrics: { wer: { value: 0.1, direction: 'lower' as const, utterances: 1_000_000 } },
};

/** Sentences of ten words of which one in ten is wrong; other names, other errors. */
export function* millionLines(name: string): Generator<PredictionLine> {
  const random = randomStream(1, name);
  const words = 'THE CAT SAT ON THE MAT WITH A RED HAT'.split(' ');
  for (let i = 0; i < 1_000_000; i++) {
    const said = words.map((word) => (random.uniform() < 0.1 ? 'DOG' : word));
    yield { id: `utterance-${i}`, prediction: said.join(' '), reference: words.join(' ') };
  }
}
