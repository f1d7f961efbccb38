/** @file The settings of a fine-tuning from what a command line or a suite says. */
import { type SettingChange, withChanges } from '../base/changed-settings.js';
import { withSettingsFile } from '../pretrain/config-file.js';
import { digestOf } from '../training/checkpoint-file.js';
import {
  type FinetuneSettings,
  finetunePreset,
  finetunePresets,
  finetuneSchema,
  withUpdates,
} from './settings.js';

/** What is said of a fine-tuning. */
export interface FinetuneWish {
  /** By hours of labelled audio. */
  readonly preset: string;
  /** File of settings that replace the preset's. */
  readonly config?: string | undefined;
  /** Settings in place of those of preset and file. */
  readonly changes?: readonly SettingChange[] | undefined;
  /** Updates; the frozen ones and the looks at dev keep their places among them. */
  readonly steps?: number | undefined;
  readonly seed?: number | undefined;
}

export interface PlannedFinetuning {
  readonly settings: FinetuneSettings;
  /** What a record calls the settings: the preset's name, with a digest where they differ from it. */
  readonly preset: string;
  /** The modules that the file names: absolute paths and names of packages. */
  readonly plugins: readonly string[];
}

/**
 * Preset, file of settings, single settings, then updates and seed.
 * @throws UserError for an unknown preset or setting, and for a value that may not stand there
 */
export async function planFinetuning(wish: FinetuneWish): Promise<PlannedFinetuning> {
  const named = finetunePreset(wish.preset);
  const presets = Object.values(finetunePresets);
  const filed =
    wish.config === undefined
      ? { settings: named, plugins: [] }
      : await withSettingsFile(named, wish.config, finetuneSchema, presets);
  const changed = withChanges(filed.settings, wish.changes ?? [], finetuneSchema);
  const sized = wish.steps === undefined ? changed : withUpdates(changed, wish.steps);
  const settings = { ...sized, seed: wish.seed ?? sized.seed };
  return { settings, preset: presetName(wish.preset, settings), plugins: filed.plugins };
}

/** Seeds, and how much is computed at a time, make no other kind of training. */
function presetName(name: string, settings: FinetuneSettings): string {
  const digest = ({ seed: _, batch: { samplesAtOnce: __, ...batch }, ...rest }: FinetuneSettings): string =>
    digestOf({ ...rest, batch });
  const own = digest(settings);
  return own === digest(finetunePreset(name)) ? name : `${name}-${own.slice(0, 8)}`;
}
