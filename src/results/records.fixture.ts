/** @file Result records for tests. */
import type { NewRecord, ResultRecord, StoredRecord } from './record.js';

/** A record that is right in every field; give the parts that a test is about. */
export function exampleRecord(parts: Partial<ResultRecord> = {}): ResultRecord {
  return {
    schemaVersion: 2,
    encoder: { name: 'tiny', spec: 'runs/tiny', hash: 'a'.repeat(64), family: 'ehmam' },
    task: { name: 'asr', version: 1 },
    manifest: { path: 'mini/asr.csv', hash: 'b'.repeat(64) },
    preset: 'clean',
    seed: 1337,
    learningRates: {
      tried: [
        { learningRate: 0.001, devMetric: 0.4 },
        { learningRate: 0.01, devMetric: 0.3 },
      ],
      chosen: 0.01,
    },
    engine: {
      name: 'onnx',
      provider: 'cpu',
      versions: { ehmam: '0.1.0', node: '20.0.0', onnxruntime: '1.30.0', tfjs: '4.22.0' },
    },
    metrics: {
      wer: { value: 0.25, direction: 'lower', interval: [0.2, 0.3], utterances: 300 },
      cer: { value: 0.1, direction: 'lower', interval: [0.08, 0.12], utterances: 300 },
    },
    layerWeights: [0.5, 0.25, 0.25],
    costs: { seconds: 12.5, peakMemoryMB: 512, encoderFrames: 100_000 },
    predictions: 'predictions.jsonl',
    createdAt: '2026-01-02T03:04:05.000Z',
    ...parts,
  };
}

/** The same, as its maker gives it to the writer. */
export function newRecord(parts: Partial<ResultRecord> = {}): NewRecord {
  const { schemaVersion, predictions, ...record } = exampleRecord(parts);
  return record;
}

/** An accuracy or word error rate of an encoder on a task. */
export function result(
  encoder: string,
  task: string,
  value: number,
  parts: Partial<ResultRecord> = {},
): StoredRecord {
  const metric = task === 'asr' ? 'wer' : 'accuracy';
  const direction = task === 'asr' ? ('lower' as const) : ('higher' as const);
  const record = exampleRecord({
    encoder: { name: encoder, spec: encoder, hash: `hash of ${encoder}`, family: 'ehmam' },
    task: { name: task, version: 1 },
    manifest: { path: `mini/${task}.csv`, hash: `hash of ${task}` },
    metrics: {
      [metric]: { value, direction, interval: [value - 0.0321, value + 0.0321], utterances: 300 },
    },
    ...parts,
  });
  return { path: `results/${encoder}/${task}/record.json`, record };
}
