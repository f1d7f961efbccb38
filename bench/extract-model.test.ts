/** @file What bench/extract counts and tells PyTorch. */
import { expect, it } from 'vitest';
import { encoderPreset } from '../src/encoders/families/ehmam-config.js';
import { engineUnderTest } from '../src/engine/engines.fixture.js';
import { encoderFlops, matrixProduct, officialCfg } from './extract-model.js';

it("an utterance's multiplications are those of a hand count", () => {
  const base = encoderPreset('base');
  // One convolution, one block, one position layer: 400 samples give (400 - 10) / 5 + 1 = 79 frames.
  const small = {
    ...base,
    frontend: { type: 'conv' as const, layers: [[8, 10, 5]] as [number, number, number][] },
    width: 4,
    heads: 2,
    prenetBlocks: 0,
    blocks: 1,
    position: { kernel: 3, layers: 1, groups: 2 },
  };
  const convolution = 79 * 8 * 1 * 10;
  const projection = 79 * 8 * 4;
  const position = 79 * 4 * 2 * 3;
  const block = 79 * (4 * 4 * 4 + 2 * 4 * 16) + 2 * 79 * 79 * 4;
  expect(encoderFlops(small, 400)).toBe(2 * (convolution + projection + position + block));
});

it('the convolutions are written as the trainer writes them', () => {
  expect(officialCfg(encoderPreset('base')).modalities.audio.feature_encoder_spec).toMatch(
    /^\[\(512, 10, 5\), \(512, 3, 2\), .*\(512, 2, 2\)\]$/,
  );
});

it('a matrix product has a rate', async () => {
  const rate = matrixProduct(await engineUnderTest('onnx'));
  expect(await rate()).toBeGreaterThan(1e8);
  await rate.dispose();
});
