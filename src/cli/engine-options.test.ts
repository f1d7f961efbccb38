/** @file What the options of engines say, and what they refuse. */
import { describe, expect, it } from 'vitest';
import { createEngine } from '../engine/create.js';
import { engineSettings, saidOfEngine } from './engine-options.js';

describe('the options of an engine', () => {
  it('say only what was given', () => {
    expect(engineSettings({ engine: 'onnx' })).toEqual({ name: 'onnx' });
    expect(
      engineSettings({ engine: 'onnx', provider: 'cuda', precision: 'tf32', 'device-memory': '8GB' }),
    ).toEqual({ name: 'onnx', provider: 'cuda', precision: 'tf32', deviceMemory: 8e9 });
    expect(engineSettings({ engine: 'onnx', provider: 'cuda', deterministic: true })).toMatchObject({
      deterministic: true,
    });
  });

  it('refuse what only a CUDA device has elsewhere, whoever asks for it', async () => {
    const message = 'tf32 needs a CUDA device. Use --provider cuda, or --precision fp32';
    expect(() => engineSettings({ engine: 'onnx', precision: 'tf32' })).toThrow(message);
    expect(() => engineSettings({ engine: 'onnx', provider: 'webgpu', precision: 'tf32' })).toThrow(message);
    expect(() => engineSettings({ engine: 'wasm', precision: 'tf32' })).toThrow(message);
    await expect(createEngine('onnx', { precision: 'tf32' })).rejects.toThrow(message);
    await expect(createEngine('wasm', { precision: 'tf32' })).rejects.toThrow(message);
    expect(() => engineSettings({ engine: 'onnx', 'device-memory': '8GB' })).toThrow(
      'a limit of device memory needs a CUDA device. Use --provider cuda',
    );
    expect(() => saidOfEngine({ engine: 'onnx', provider: 'cuda', 'device-memory': 'much' })).toThrow(
      "--device-memory 'much'",
    );
    const deterministic = 'a choice of deterministic kernels needs a CUDA device. Use --provider cuda';
    expect(() => engineSettings({ engine: 'onnx', deterministic: true })).toThrow(deterministic);
    await expect(createEngine('onnx', { deterministic: true })).rejects.toThrow(deterministic);
    expect(() => engineSettings({ engine: 'tensorflow', provider: 'cuda', precision: 'tf32' })).toThrow(
      'tf32 needs the engine onnx. Use --engine onnx, or --precision fp32',
    );
    // A suite may name the device.
    expect(saidOfEngine({ engine: 'onnx', precision: 'tf32' })).toEqual({ name: 'onnx', precision: 'tf32' });
  });

  it('give engines that compute in fp32 where nothing else is said', async () => {
    expect(await createEngine('onnx', { threads: 1 })).toMatchObject({ provider: 'cpu', precision: 'fp32' });
    expect(await createEngine('cpu')).toMatchObject({ precision: 'fp32' });
  });
});
