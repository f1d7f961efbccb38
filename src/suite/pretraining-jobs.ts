/** @file The jobs that pre-train the encoders of a suite. */

import { join } from 'node:path';
import { parseChanges } from '../base/changed-settings.js';
import { engineIdentity } from '../base/engine-identity.js';
import { loadUtterances, type ManifestHashes } from '../data/manifest.js';
import { encoderSpecs } from '../encoders/families/ehmam-parameters.js';
import { parameterCount } from '../encoders/parameter-specs.js';
import { cropsOf } from '../pretrain/config.js';
import type { EncoderOptions, PlannedEncoder } from './encoders.js';
import { graphVersion, type JobGraph, keyOf, type PretrainJob } from './job.js';
import { DataError, type HashManifest } from './plan.js';
import { planPretraining } from './pretraining.js';
import { noProbe, usualProbeEvery, usualProbeLimit } from './probe/plan.js';
import type { Suite, SuiteEncoder, SuiteTask } from './schema.js';

interface Options extends EncoderOptions, Pick<JobGraph, 'engine' | 'plugins' | 'out'> {
  /** Those of the suite that can be probes. */
  readonly probeTasks: readonly SuiteTask[];
}

export interface PlannedPretrainings {
  readonly pretraining: readonly PretrainJob[];
  /** What is trained first, by name; undefined where it could not be planned. */
  readonly pretrained: ReadonlyMap<string, PlannedEncoder | undefined>;
  /** Those of the suite and of its pre-trainings. */
  readonly plugins: Set<string>;
}

/**
 * Plans the encoders that a suite trains first.
 * @param noted plans what may be left out where its data cannot be used
 * @throws UserError as `planPretraining`
 */
export async function planPretrainings(
  suite: Suite,
  options: Options,
  hashOnce: HashManifest,
  noted: <T>(title: string, plan: () => Promise<T>) => Promise<T | undefined>,
): Promise<PlannedPretrainings> {
  const { seeds } = options;
  const pretraining: PretrainJob[] = [];
  const pretrained = new Map<string, PlannedEncoder | undefined>();
  const plugins = new Set(options.plugins);
  for (const encoder of suite.encoders) {
    if (typeof encoder === 'string') continue;
    const { name } = encoder;
    const planned = await noted(`pre-training of ${name}`, () =>
      pretrainJob(encoder, suite, options, hashOnce),
    );
    pretrained.set(name, undefined);
    if (planned === undefined) continue;
    const { job } = planned;
    for (const module of planned.plugins) plugins.add(module);
    pretraining.push(job);
    const parameters = parameterCount(encoderSpecs(job.config.encoder));
    const source = { name, spec: job.out, seed: seeds[0] ?? 0, parameters };
    pretrained.set(name, { source, identity: job.key, seeds, needs: [job.key] });
  }
  return { pretraining, pretrained, plugins };
}

async function pretrainJob(
  encoder: Exclude<SuiteEncoder, string>,
  suite: Suite,
  { out, engine, quiet, remark, probeTasks }: Options,
  hashOnce: HashManifest,
): Promise<{ readonly job: PretrainJob; readonly plugins: readonly string[] }> {
  const { name } = encoder;
  const { manifest, root, split, probe, analysis, set } = encoder.pretrain;
  if (probe !== undefined && probeTasks.length === 0) throw noProbe(suite.name);
  const { config, init, plugins, remarks } = await planPretraining(
    { ...encoder.pretrain, changes: parseChanges(set) },
    quiet,
  );
  for (const text of remarks) remark?.(`pre-training of ${name}: ${text}`);
  const { rows } = await hashesOfSplit(manifest, root, split, hashOnce);
  const { batch, optimizer } = config;
  const seconds = batch.cropSeconds.reduce((sum, crop) => sum + crop, 0) / batch.cropSeconds.length;
  const job: PretrainJob = {
    kind: 'pretrain',
    key: keyOf([
      ...['pretrain', graphVersion, name, config, rows, split, ...engineIdentity(engine)],
      ...(init === undefined ? [] : [init.origin.hash, init.origin.fresh]),
    ]),
    needs: [],
    title: `pre-train ${name}`,
    resources: suite.resources?.pretrain ?? {},
    work: optimizer.steps * cropsOf(batch) * seconds,
    encoder: name,
    config,
    ...(init !== undefined && { init: { spec: encoder.pretrain.init ?? '', hash: init.origin.hash } }),
    manifest,
    root,
    split,
    ...(probe !== undefined && {
      probe: {
        every: probe.every ?? usualProbeEvery(config),
        limit: probe.limit ?? usualProbeLimit,
        tasks: probeTasks,
      },
    }),
    ...(analysis !== undefined && { analysis }),
    out: join(out, 'encoders', name),
  };
  return { job, plugins };
}

async function hashesOfSplit(
  manifest: string,
  root: string | undefined,
  split: string,
  hashOnce: HashManifest,
): Promise<ManifestHashes> {
  try {
    await loadUtterances(manifest, { root, splits: [split], keepColumns: false });
    return await hashOnce(manifest, root);
  } catch (error) {
    throw DataError.of(error);
  }
}
