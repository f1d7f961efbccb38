/** @file The encoders of a plan: which heads are trained on them, and what stands for them in the keys of jobs. */

import { UserError } from '../base/errors.js';
import { isOfficialFile, type LoadOptions } from '../encoders/load.js';
import type { OfficialWeights } from '../encoders/official/weights.js';
import { identifyEncoder } from './identity.js';
import type { EncoderSource } from './job.js';

/** How the SPECs of a suite are read. */
export interface EncoderOptions {
  readonly seeds: readonly number[];
  readonly cacheFolder: string;
  readonly weights?: OfficialWeights | undefined;
  readonly quiet?: boolean | undefined;
  /** Told what is to be known of how encoders were read. */
  readonly remark?: ((text: string) => void) | undefined;
}

/** An encoder with the seeds of heads that are trained on it, and what stands for it in keys. */
export interface PlannedEncoder {
  readonly source: EncoderSource;
  readonly identity: string;
  readonly seeds: readonly number[];
  /** The job that makes it. */
  readonly needs: readonly string[];
}

/** An untrained encoder is another one with every seed. */
export async function specEncoders(spec: string, options: EncoderOptions): Promise<PlannedEncoder[]> {
  const { seeds, cacheFolder, weights: chosen, quiet, remark } = options;
  const weights = (await isOfficialFile(spec)) ? chosen : undefined;
  const load: LoadOptions = { weights, quiet };
  const groups = spec.startsWith('random:') ? seeds.map((seed) => [seed]) : [seeds];
  const planned: PlannedEncoder[] = [];
  for (const group of groups) {
    const seed = group[0] ?? 0;
    const { name, hash, parameters, notes } = await identifyEncoder(spec, seed, load, cacheFolder);
    for (const note of notes) remark?.(`${spec}: ${note}`);
    const source = { name, spec, seed, ...(weights !== undefined && { weights }), hash, parameters };
    planned.push({ source, identity: hash, seeds: group, needs: [] });
  }
  return planned;
}

/** @throws UserError when `weights` are asked for and no encoder has any to choose from */
export async function checkWeights(
  encoders: readonly PlannedEncoder[],
  { weights }: EncoderOptions,
): Promise<void> {
  if (weights === undefined) return;
  for (const { source } of encoders) if (await isOfficialFile(source.spec)) return;
  throw new UserError('--weights does not apply: no encoder has both student and teacher weights', {
    hint: 'Remove --weights: it is for checkpoints of the official trainer (.pt)',
  });
}

/** @throws UserError when two encoders would have one row in the results */
export function checkNames(
  encoders: readonly { readonly name: string; readonly spec: string; readonly seeds: readonly number[] }[],
): void {
  const seen = new Map<string, string>();
  for (const { name, spec, seeds } of encoders) {
    for (const seed of seeds) {
      const other = seen.get(`${seed} ${name}`);
      if (other !== undefined)
        throw new UserError(`duplicate encoder name '${name}' in the results: '${other}' and '${spec}'`, {
          hint: 'Rename one of the folders, or use a different --out for each',
        });
      seen.set(`${seed} ${name}`, spec);
    }
  }
}
