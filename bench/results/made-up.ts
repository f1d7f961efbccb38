/** @file Records of made-up encoders on made-up tasks: four tasks an encoder. */
import type { NewRecord } from '../../src/results/record.js';

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
