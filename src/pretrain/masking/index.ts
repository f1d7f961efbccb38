/** @file Masking strategies: which frames the student does not see. */
export { choosing } from './check.js';
export { loadMaskings } from './plugin.js';
export { findMasking, maskings } from './registry.js';
export { type MaskingStrategy, type MaskRequest, type MaskSettings, maskDefaults } from './strategy.js';
