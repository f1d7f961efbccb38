/** @file A mask that is wrong is an error that names its strategy. */
import { describe, expect, it } from 'vitest';
import { randomStream } from '../../base/random.js';
import { choosing, type MaskRequest, maskDefaults } from './index.js';

const request: MaskRequest = {
  predictedLoss: [new Float32Array(6), new Float32Array(6)],
  lengths: [6, 6],
  progress: 0,
  settings: maskDefaults,
  random: randomStream(1, 'plug-in'),
};

describe('a mask that is wrong is named with its strategy', () => {
  const row = (...bits: number[]): Uint8Array => Uint8Array.from(bits);
  it.each([
    ['no rows', 'masks', /'wrong' returned an invalid mask: it is not an array\. Expected one Uint8Array/],
    ['a row too few', [row(1, 0, 0, 0, 0, 0)], /1 rows for 2 utterances/],
    ['numbers', [[1, 0, 0, 0, 0, 0], row(1, 0, 0, 0, 0, 0)], /row 0 is not a Uint8Array/],
    ['short rows', [row(1, 0), row(1, 0)], /row 0 has 2 frames, expected 6/],
    ['twos', [row(2, 0, 0, 0, 0, 0), row(1, 0, 0, 0, 0, 0)], /row 0 has values other than 0 and 1/],
    ['nothing masked', [row(0, 0, 0, 0, 0, 0), row(0, 0, 0, 0, 0, 0)], /row 0 masks no frame/],
    ['all masked', [row(1, 1, 1, 1, 1, 1), row(1, 1, 1, 1, 1, 1)], /row 0 masks all of its 6 frames/],
    [
      'unequal rows',
      [row(1, 0, 0, 0, 0, 0), row(1, 1, 0, 0, 0, 0)],
      /row 1 masks 2 frames, but row 0 masks 1/,
    ],
  ])('%s', (_what, masks, message) => {
    const wrong = { name: 'wrong', about: '', hardShare: () => 0, choose: () => masks as Uint8Array[] };
    expect(() => choosing(wrong, request)).toThrow(message);
  });

  it('a frame behind the end of its row', () => {
    const shorter = { ...request, lengths: [6, 4] };
    const wrong = {
      name: 'wrong',
      about: '',
      hardShare: () => 0,
      choose: () => [row(1, 0, 0, 0, 0, 0), row(0, 0, 0, 0, 1, 0)],
    };
    expect(() => choosing(wrong, shorter)).toThrow(/row 1 masks frames beyond its end \(4 frames\)/);
  });

  it('a strategy that throws', () => {
    const wrong = {
      name: 'wrong',
      about: '',
      hardShare: () => 0,
      choose: () => {
        throw new Error('no idea');
      },
    };
    expect(() => choosing(wrong, request)).toThrow("the masking strategy 'wrong' failed: no idea");
  });
});
