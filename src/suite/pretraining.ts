/** @file The settings of an encoder that a suite trains first. */
import { type PretrainConfig, pretrainPreset, withSteps } from '../pretrain/config.js';
import { withConfigFile } from '../pretrain/config-file.js';
import { findMasking } from '../pretrain/masking/index.js';
import type { SuitePretraining } from './definition.js';

/**
 * Preset, file of settings, then what the suite says itself.
 * @throws UserError for an unknown preset, masking or setting
 */
export async function pretrainConfigOf({ pretrain }: SuitePretraining): Promise<PretrainConfig> {
  const named = pretrainPreset(pretrain.preset);
  const config = pretrain.config === undefined ? named : await withConfigFile(named, pretrain.config);
  const strategy = findMasking(pretrain.masking ?? config.masking.strategy).name;
  const sized = pretrain.steps === undefined ? config : withSteps(config, pretrain.steps);
  return { ...sized, masking: { ...sized.masking, strategy }, seed: pretrain.seed ?? sized.seed };
}
