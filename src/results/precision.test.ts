/** @file Results of two precisions beside each other. */
import { expect, it } from 'vitest';
import { engineIdentity } from '../base/engine-identity.js';
import { precisionChange, precisionRemark } from './precision.js';
import { recordSchema } from './record.js';
import { engineEntry } from './record-entries.js';
import { exampleRecord, result } from './records.fixture.js';

const { engine } = exampleRecord();
const rounded = { engine: { ...engine, provider: 'cuda', precision: 'tf32' as const } };

it('a record says its precision where products were rounded, and nothing where they were not', () => {
  const cuda = { name: 'onnx', provider: 'cuda' };
  expect(engineEntry({ ...cuda, precision: 'fp32' })).not.toHaveProperty('precision');
  const entry = engineEntry({ ...cuda, precision: 'tf32' });
  expect(recordSchema.parse(exampleRecord({ engine: entry })).engine.precision).toBe('tf32');
});

it('keys of what fp32 computed are as they were, those of tf32 are others', () => {
  expect(engineIdentity({ name: 'onnx' })).toEqual(['onnx', 'cpu']);
  expect(engineIdentity({ name: 'onnx', provider: 'cuda', precision: 'fp32' })).toEqual(['onnx', 'cuda']);
  expect(engineIdentity({ name: 'onnx', provider: 'cuda', precision: 'tf32' })).toEqual([
    'onnx',
    'cuda',
    'tf32',
  ]);
});

it('kernels that were chosen to repeat are named in records and keys', () => {
  const cuda = { name: 'onnx', provider: 'cuda', precision: 'fp32' };
  expect(engineEntry(cuda)).not.toHaveProperty('deterministic');
  const entry = engineEntry({ ...cuda, deterministic: true });
  expect(recordSchema.parse(exampleRecord({ engine: entry })).engine.deterministic).toBe(true);
  expect(engineIdentity({ ...cuda, deterministic: true })).toEqual(['onnx', 'cuda', 'deterministic']);
});

it('a table of both precisions says so in one sentence that names those of tf32', () => {
  const both = [result('tiny', 'ks', 0.9), result('tiny', 'asr', 0.2, rounded)];
  expect(precisionRemark(both)).toBe(
    'the results differ in precision: tf32 for tiny on asr; fp32 for the others',
  );
  expect(precisionRemark(both.slice(0, 1))).toBeUndefined();
  expect(precisionRemark(both.slice(1))).toBeUndefined();
});

it('two sides differ where the precisions that occur do', () => {
  const [one, other] = [result('tiny', 'ks', 0.9), result('tiny', 'ks', 0.9, rounded)];
  expect(precisionChange([one], [other])).toEqual({ before: 'fp32', after: 'tf32' });
  expect(precisionChange([one], [one, other])).toEqual({ before: 'fp32', after: 'fp32 and tf32' });
  expect(precisionChange([other], [other])).toBeUndefined();
});
