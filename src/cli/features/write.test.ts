/** @file What the command features refuses, and that it leaves no file then. */
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeWav } from '../../audio/index.js';
import { randomStream } from '../../base/random.js';
import { readSafetensors } from '../../formats/safetensors.js';
import { writeFeatures } from './write.js';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-features-'));
  const random = randomStream(1, 'test');
  const noise = Float32Array.from({ length: 8000 }, () => 0.1 * random.normal());
  await writeWav(join(folder, 'noise.wav'), noise, 16000);
  await writeFile(join(folder, 'text.wav'), 'no audio\n');
});
afterAll(() => rm(folder, { recursive: true }));

const request = (spec: string, audio: string, engine: 'onnx' | 'wasm' = 'onnx') => ({
  spec,
  audio: join(folder, audio),
  out: join(folder, `${engine}.safetensors`),
  seed: 3,
  engine: { name: engine, provider: 'cpu' as const },
});

describe('writeFeatures', () => {
  it('refuses text for audio, and an encoder that is not there', async () => {
    await expect(writeFeatures(request('fbank', 'text.wav'))).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringContaining('text.wav: is not a supported audio file'),
    });
    await expect(writeFeatures(request('random:tny', 'noise.wav'))).rejects.toThrow("unknown preset 'tny'");
    await expect(writeFeatures(request('nowhere', 'noise.wav'))).rejects.toThrow("unknown encoder 'nowhere'");
    expect(existsSync(join(folder, 'onnx.safetensors'))).toBe(false);
  });

  it('writes the same hidden states whatever engine computes them, within 1e-4', async () => {
    const [compiled, eager] = await Promise.all(
      (['onnx', 'wasm'] as const).map(async (engine) => {
        const { file } = await writeFeatures(request('random:tiny', 'noise.wav', engine));
        return readSafetensors(file);
      }),
    );
    expect(Object.keys(compiled?.tensors ?? {})).toEqual([
      'hidden.0',
      'hidden.1',
      'hidden.2',
      'hidden.3',
      'hidden.4',
    ]);
    expect(compiled?.metadata).toMatchObject({ encoder: 'random:tiny', hopSeconds: '0.02' });
    for (const [name, { data }] of Object.entries(compiled?.tensors ?? {})) {
      const other = eager?.tensors[name]?.data ?? [];
      expect(data.length).toBe(other.length);
      const differences = Array.from(data, (value, i) => Math.abs(value - (other[i] ?? Number.NaN)));
      expect(Math.max(...differences)).toBeLessThan(1e-4);
    }
  });
});
