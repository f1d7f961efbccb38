/** @file Tests of the presets of fine-tuning: fairseq's numbers, and the same training in another number of updates. */
import { expect, it } from 'vitest';
import { isLook } from './loop.js';
import { planFinetuning } from './plan.js';
import { finetunePreset, finetunePresets, finetuneSchema, samplesAtOnce, withUpdates } from './settings.js';

it("are fairseq's base_10m, base_1h, base_10h and base_100h", () => {
  const numbers = Object.entries(finetunePresets).map(([name, preset]) => {
    const { updates, learningRate, frozenUpdates, masking, dropout } = finetuneSchema.parse(preset);
    return [name, updates, learningRate, frozenUpdates, masking.channels.probability, dropout.layer];
  });
  expect(numbers).toEqual([
    ['10m', 13_000, 5e-5, 10_000, 0.25, 0.1],
    ['1h', 13_000, 5e-5, 10_000, 0.25, 0.1],
    ['10h', 20_000, 5e-5, 10_000, 0.5, 0.05],
    ['100h', 80_000, 3e-5, 0, 0.5, 0.1],
  ]);
  for (const preset of Object.values(finetunePresets))
    expect(preset).toMatchObject({
      masking: { time: { probability: 0.65, span: 10 }, channels: { span: 64 }, noise: 0.01 },
      dropout: { activation: 0.1, attention: 0, hidden: 0, output: 0 },
      batch: { samples: 3_200_000, multiple: 8, accumulation: 8 },
      optimizer: { beta1: 0.9, beta2: 0.98, epsilon: 1e-8, weightDecay: 0, clipNorm: 0 },
    });
});

it('look at dev when the reference does', () => {
  const looks = (name: string, updatesAnEpoch: number, among: readonly number[]): number[] =>
    among.filter((update) => isLook(finetunePreset(name), update, updatesAnEpoch));
  expect(looks('10m', 1, [50, 9950, 10_000, 10_001, 10_050, 13_000])).toEqual([10_000, 10_050, 13_000]);
  expect(looks('1h', 3, [9000, 10_000, 10_050, 11_000, 13_000])).toEqual([10_000, 11_000, 13_000]);
  // 50 epochs of 23 updates are 1150.
  expect(looks('10h', 23, [1150, 9200, 10_000, 10_350, 11_500, 20_000])).toEqual([
    10_000, 10_350, 11_500, 20_000,
  ]);
  expect(looks('100h', 250, [249, 250, 500, 80_000])).toEqual([250, 500, 80_000]);
});

it('keep their course in fewer updates', () => {
  const short = withUpdates(finetunePreset('10m'), 1300);
  expect(short).toMatchObject({ updates: 1300, frozenUpdates: 1000, dev: { from: 1000, everyUpdates: 5 } });
  expect(withUpdates(finetunePreset('10m'), 13).dev).toEqual({ from: 10, everyUpdates: 1, everyEpochs: 0 });
});

it('have a name of their own once they are changed, but not by a seed or by how much is computed at a time', async () => {
  const nameOf = async (key: string, value: unknown): Promise<string> =>
    (await planFinetuning({ preset: '1h', changes: [{ key, value }], seed: 7 })).preset;
  expect(await nameOf('batch.samplesAtOnce', 160_000)).toBe('1h');
  expect(await nameOf('dropout.layer', 0)).toMatch(/^1h-[0-9a-f]{8}$/);
  expect((await planFinetuning({ preset: '1h', steps: 100 })).preset).toMatch(/^1h-[0-9a-f]{8}$/);
});

it('compute 20 s at a time on a processor, whole batches elsewhere, or what is asked for', () => {
  const preset = finetunePreset('10m');
  expect(samplesAtOnce(preset, 'cpu')).toBe(320_000);
  expect(samplesAtOnce(preset, 'cuda')).toBe(3_200_000);
  expect(samplesAtOnce({ ...preset, batch: { ...preset.batch, samplesAtOnce: 5 } }, 'cpu')).toBe(5);
});
