/** @file The masking strategies there are: built-in ones, and those that plug-ins bring. */
import type { MaskingStrategy } from '../../api/masking-strategy.js';
import { createRegistry, type Registry } from '../../base/registry.js';
import { block } from './block.js';
import { easyToHard } from './easy-to-hard.js';
import { energy } from './energy.js';
import { hardOnly } from './hard-only.js';
import { oracleEasy, oracleHard } from './oracle.js';
import { random } from './random.js';
import { randomMatched } from './random-matched.js';

export const maskings: Registry<MaskingStrategy> = createRegistry('masking strategy', ({ name }) => name, [
  easyToHard,
  random,
  randomMatched,
  hardOnly,
  block,
  oracleHard,
  oracleEasy,
  energy,
]);
