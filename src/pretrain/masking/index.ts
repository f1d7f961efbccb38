/** @file Masking strategies: which frames the student does not see. */

export {
  type MaskingNeed,
  type MaskingStrategy,
  type MaskRequest,
  type MaskSettings,
  maskDefaults,
} from '../../api/masking-strategy.js';
export { choosing } from './check.js';
export { maskings } from './registry.js';
