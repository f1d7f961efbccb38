/** @file A pre-training run from what the command line says. */

import { UserError } from '../../base/errors.js';
import { loadUtterances } from '../../data/manifest.js';
import { createEngine } from '../../engine/create.js';
import type { EngineName, ProviderName } from '../../engine/engine.js';
import { loadMaskings } from '../../plugins/maskings.js';
import { type PretrainConfig, pretrainPreset, withSteps } from '../../pretrain/config.js';
import { withConfigFile } from '../../pretrain/config-file.js';
import { findMasking } from '../../pretrain/masking/index.js';
import { type PretrainResult, pretrain } from '../../pretrain/train.js';

export interface PretrainRequest {
  readonly preset: string;
  /** File of settings that replace the preset's. */
  readonly config: string | undefined;
  /** In place of the one that preset and file say. */
  readonly masking: string | undefined;
  /** Modules with masking strategies. */
  readonly plugins: readonly string[];
  readonly manifest: string;
  readonly root: string | undefined;
  readonly split: string;
  readonly out: string;
  readonly resume: boolean;
  readonly steps: number | undefined;
  readonly seed: number | undefined;
  readonly engine: { readonly name: EngineName; readonly provider: ProviderName; readonly threads?: number };
  readonly quiet: boolean;
  readonly signal: AbortSignal;
  /** Told of what the user should know. */
  readonly say: (remark: string) => void;
}

/**
 * Checks plug-ins, preset, settings, masking, steps and manifest, then pre-trains.
 * @throws UserError for any of them, before a file is written
 */
export async function pretrainFromManifest(request: PretrainRequest): Promise<PretrainResult> {
  const { manifest, root, split, out, resume, quiet, signal, say } = request;
  await loadMaskings(request.plugins);
  const config = await configOf(request);
  const utterances = await loadUtterances(manifest, { root, splits: [split], keepColumns: false });
  const { name, ...settings } = request.engine;
  const engine = await createEngine(name, settings);
  return pretrain({ config, utterances, out, engine, resume, quiet, signal, say });
}

async function configOf({
  preset,
  config: file,
  masking,
  steps,
  seed,
}: PretrainRequest): Promise<PretrainConfig> {
  const named = pretrainPreset(preset);
  const config = file === undefined ? named : await withConfigFile(named, file);
  const strategy = findMasking(masking ?? config.masking.strategy).name;
  for (const [option, value, least] of [
    ['steps', steps, 1],
    ['seed', seed, 0],
  ] as const) {
    if (value === undefined || (Number.isInteger(value) && value >= least)) continue;
    throw new UserError(`--${option} ${value} is not possible`, {
      mend: `Give a whole number from ${least}`,
    });
  }
  const sized = steps === undefined ? config : withSteps(config, steps);
  return { ...sized, masking: { ...sized.masking, strategy }, seed: seed ?? sized.seed };
}
