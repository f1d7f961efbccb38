/** @file Keeps a search that is not done yet: the costs found so far, and what frames are standardised with. */
import { z } from 'zod';
import type { HeadWork, Keeping } from '../../api/head-kind.js';
import { float32, floatsOf, type HostTensor } from '../../base/host-tensor.js';
import { digestOf, hostTensorSchema } from '../../training/checkpoint-file.js';
import { keepByTime } from '../../training/keep-by-time.js';
import { type Keeper, keepNothing } from '../../training/keeper.js';
import type { DtwSettings } from './settings.js';
import type { Standards } from './standard.js';

/** What is found so far; the search writes into it. */
export interface Findings {
  /** Scores of the pairs: of dev [layers, pairs], of test [pairs] of the layer that dev chose. */
  readonly dev: Float32Array;
  readonly test: Float32Array;
  /** Of each split whose frames were all met. */
  readonly standards: { dev?: Standards; test?: Standards };
}

const standardsSchema = z.object({ mean: hostTensorSchema, deviation: hostTensorSchema });
const schema = z.object({
  dev: hostTensorSchema,
  test: hostTensorSchema,
  standards: z.object({ dev: standardsSchema.optional(), test: standardsSchema.optional() }),
  seconds: z.number(),
});

export type StoredFindings = z.infer<typeof schema>;

/** A copy for the keeper: the search goes on writing. */
export function storedFindings({ dev, test, standards }: Findings, seconds: number): StoredFindings {
  const copy = (scores: Float32Array): HostTensor => float32([scores.length], scores.slice());
  return { dev: copy(dev), test: copy(test), standards: { ...standards }, seconds };
}

export function restoredFindings({ dev, test, standards }: StoredFindings): Findings {
  return {
    dev: floatsOf(dev),
    test: floatsOf(test),
    standards: {
      ...(standards.dev !== undefined && { dev: standards.dev }),
      ...(standards.test !== undefined && { test: standards.test }),
    },
  };
}

/** Opens the checkpoint of a search; its updates are documents that were searched. */
export function keepSearch(
  { features: { layers, dim }, places, title }: HeadWork,
  kind: string,
  settings: DtwSettings,
  keeping: Keeping | undefined,
): Promise<Keeper<StoredFindings>> | Keeper<StoredFindings> {
  if (keeping === undefined) return keepNothing();
  const { file, origin, everySeconds, say } = keeping;
  // Places tell which utterances were left out.
  const digest = digestOf({ origin, given: settings, layers, dim, places });
  return keepByTime({ file, origin: { kind, digest }, schema, everySeconds, title, unit: 'document', say });
}
