/** @file The settings of a pre-training from what a command line or a suite says. */
import { type SettingChange, withChanges } from '../base/changed-settings.js';
import { loadPlugins } from '../plugins/load.js';
import { type PretrainConfig, pretrainPreset, pretrainSchema, withSteps } from '../pretrain/config.js';
import { withConfigFile } from '../pretrain/config-file.js';
import { maskings } from '../pretrain/masking/index.js';

/** What is said of a pre-training. */
export interface PretrainWish {
  readonly preset: string;
  /** File of settings that replace the preset's, and of plug-ins. */
  readonly config?: string | undefined;
  /** Settings in place of those of preset and file. */
  readonly changes?: readonly SettingChange[] | undefined;
  /** In place of the one that preset and file say. */
  readonly masking?: string | undefined;
  readonly steps?: number | undefined;
  readonly seed?: number | undefined;
}

export interface PlannedPretraining {
  readonly config: PretrainConfig;
  /** The modules that its file names, loaded: absolute paths and names of packages. */
  readonly plugins: readonly string[];
}

/**
 * Preset, file of settings, then what is said beside them. The file's plug-ins are loaded.
 * @throws UserError for an unknown preset, masking or setting, and a plug-in that cannot be loaded
 */
export async function planPretraining(wish: PretrainWish): Promise<PlannedPretraining> {
  const named = pretrainPreset(wish.preset);
  const { config: filed, plugins } =
    wish.config === undefined ? { config: named, plugins: [] } : await withConfigFile(named, wish.config);
  const config = withChanges(filed, wish.changes ?? [], pretrainSchema);
  await loadPlugins(plugins);
  const strategy = maskings.find(wish.masking ?? config.masking.strategy).name;
  const sized = wish.steps === undefined ? config : withSteps(config, wish.steps);
  return {
    config: { ...sized, masking: { ...sized.masking, strategy }, seed: wish.seed ?? sized.seed },
    plugins,
  };
}
