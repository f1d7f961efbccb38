/** @file Log-mel front ends by settings beside transformers and torchaudio. */
import { beforeAll, describe, expect, it } from 'vitest';
import { float32, floatsOf, type HostTensor } from '../../base/host-tensor.js';
import { createEngine } from '../../engine/create.js';
import type { Engine } from '../../engine/engine.js';
import type * as tf from '../../engine/ops.js';
import { readSafetensors } from '../../formats/safetensors.js';
import { fewestSamples, logMelFrames } from './log-mel.js';
import { type LogMelSettings, logMelPresets } from './log-mel-settings.js';

// By test/fixtures/scripts/log_mel.py and torch_fbank.py.
let reference: Readonly<Record<string, HostTensor>>;
let kaldi: Readonly<Record<string, HostTensor>>;
let engines: readonly Engine[];
beforeAll(async () => {
  ({ tensors: reference } = await readSafetensors('test/fixtures/log-mel/log-mel.safetensors'));
  ({ tensors: kaldi } = await readSafetensors('test/fixtures/torch/fbank.safetensors'));
  engines = [await createEngine('onnx', { threads: 1 }), await createEngine('cpu')];
});

async function apart(settings: LogMelSettings, samples: HostTensor, expected: HostTensor): Promise<number> {
  let most = 0;
  for (const engine of engines) {
    const program = engine.compile(
      ({ waveform }: { waveform: tf.Tensor }) => ({ frames: logMelFrames(waveform, settings, 16_000) }),
      { name: 'front end', dynamicAxes: { waveform: 1 } },
    );
    const { frames } = await program.run({ waveform: float32([1, samples.data.length], floatsOf(samples)) });
    await program.dispose();
    expect(frames.shape).toEqual([1, ...expected.shape]);
    const wanted = floatsOf(expected);
    for (const [i, value] of floatsOf(frames).entries()) {
      const scale = Math.max(1, Math.abs(wanted[i] as number));
      most = Math.max(most, Math.abs(value - (wanted[i] as number)) / scale);
    }
  }
  return most;
}

describe('a log-mel front end', () => {
  it("is Whisper's", async () => {
    const { waveform, whisper } = reference as Record<string, HostTensor>;
    expect(await apart(logMelPresets.whisper, waveform as HostTensor, whisper as HostTensor)).toBeLessThan(
      2e-4,
    );
  });

  it("is librosa's with other sizes", async () => {
    const { waveform, librosa } = reference as Record<string, HostTensor>;
    const settings = {
      ...logMelPresets.librosa,
      windowSamples: 400,
      hopSamples: 160,
      fourierSize: 400,
      bins: 40,
    };
    expect(await apart(settings, waveform as HostTensor, librosa as HostTensor)).toBeLessThan(1e-5);
  });

  it('is one of magnitudes on the HTK scale, in decibels, without padding', async () => {
    const { waveform, htk } = reference as Record<string, HostTensor>;
    const settings: LogMelSettings = {
      ...logMelPresets.librosa,
      windowSamples: 200,
      hopSamples: 80,
      fourierSize: 256,
      bins: 24,
      window: 'hamming',
      centre: 'no',
      power: 1,
      mel: 'htk',
      filterArea: false,
      lowHz: 60,
      highHz: 7000,
      log: 'decibels',
      floor: 1e-5,
    };
    expect(await apart(settings, waveform as HostTensor, htk as HostTensor)).toBeLessThan(1e-4);
  });

  it("is Kaldi's, as torchaudio has it", async () => {
    const { waveform, fbank } = kaldi as Record<string, HostTensor>;
    expect(await apart(logMelPresets.kaldi, waveform as HostTensor, fbank as HostTensor)).toBeLessThan(1e-4);
  });

  it('gives a frame for its fewest samples', async () => {
    const [engine] = engines as [Engine];
    for (const settings of [logMelPresets.whisper, logMelPresets.kaldi, logMelPresets.librosa]) {
      const program = engine.compile(
        ({ waveform }: { waveform: tf.Tensor }) => ({ frames: logMelFrames(waveform, settings, 16_000) }),
        { name: 'front end', dynamicAxes: { waveform: 1 } },
      );
      const { frames } = await program.run({ waveform: float32([1, fewestSamples(settings)]) });
      expect(frames.shape[1]).toBeGreaterThanOrEqual(1);
      await program.dispose();
    }
  });
});
