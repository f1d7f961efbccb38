/** @file The head kinds: built-in ones, and those that plug-ins bring. */
import type { HeadKind } from '../api/head-kind.js';
import { createRegistry, type Registry } from '../base/registry.js';
import { frameCtc } from './frame-ctc/index.js';
import { pooledLinear } from './pooled-linear/index.js';
import { speakerActivity } from './speaker-activity/index.js';
import { subsequenceDtw } from './subsequence-dtw/index.js';
import { xVector } from './x-vector/index.js';

export const headKinds: Registry<HeadKind> = createRegistry<HeadKind>('head kind', ({ kind }) => kind, [
  pooledLinear,
  frameCtc,
  xVector,
  speakerActivity,
  subsequenceDtw,
]);
