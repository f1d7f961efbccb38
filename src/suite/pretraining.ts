/** @file The settings of a pre-training from what a command line or a suite says. */
import { type SettingChange, withChanges } from '../base/changed-settings.js';
import { UserError } from '../base/errors.js';
import { loadPlugins } from '../plugins/load.js';
import {
  type PretrainConfig,
  pretrainPreset,
  pretrainPresets,
  pretrainSchema,
  withSteps,
} from '../pretrain/config.js';
import { withConfigFile } from '../pretrain/config-file.js';
import { maskings } from '../pretrain/masking/index.js';
import { listed, settingDifferences } from '../pretrain/setting-differences.js';
import { freshRemarks } from '../pretrain/start-origin.js';
import { readWarmStart, type WarmStart } from '../pretrain/warm-start.js';

/** What is said of a pre-training. */
export interface PretrainWish {
  /** Default: `tiny`; with `init`, the one of its sizes, or of the nearest. */
  readonly preset?: string | undefined;
  /** File of settings that replace the preset's, and of plug-ins. */
  readonly config?: string | undefined;
  /** Settings in place of those of preset and file. */
  readonly changes?: readonly SettingChange[] | undefined;
  /** SPEC of the checkpoint whose weights it starts with, and whose sizes it has. */
  readonly init?: string | undefined;
  /** In place of the one that preset and file say. */
  readonly masking?: string | undefined;
  readonly steps?: number | undefined;
  readonly seed?: number | undefined;
}

export interface PlannedPretraining {
  readonly config: PretrainConfig;
  readonly init: WarmStart | undefined;
  /** The modules that its file names, loaded: absolute paths and names of packages. */
  readonly plugins: readonly string[];
  /** What is to be known of how it starts. */
  readonly remarks: readonly string[];
}

/**
 * Preset, file of settings, then what is said beside them. The file's plug-ins are loaded, the checkpoint to start from is read.
 * @throws UserError for an unknown preset, masking or setting, a plug-in that cannot be loaded, a checkpoint that no
 *   pre-training can start from, and settings of other sizes than its
 */
export async function planPretraining(wish: PretrainWish, quiet = false): Promise<PlannedPretraining> {
  const init = wish.init === undefined ? undefined : await readWarmStart(wish.init, quiet);
  const { named, remarks } = namedSettings(wish, init);
  const { config: filed, plugins } =
    wish.config === undefined ? { config: named, plugins: [] } : await withConfigFile(named, wish.config);
  const config = withChanges(filed, wish.changes ?? [], pretrainSchema);
  if (init !== undefined) checkSizes(config, init, wish);
  await loadPlugins(plugins);
  const strategy = maskings.find(wish.masking ?? config.masking.strategy).name;
  const sized = wish.steps === undefined ? config : withSteps(config, wish.steps);
  return {
    config: { ...sized, masking: { ...sized.masking, strategy }, seed: wish.seed ?? sized.seed },
    init,
    plugins,
    remarks: init === undefined ? [] : [...remarks, ...freshRemarks(init.origin)],
  };
}

/** The preset that is named; where none is and a checkpoint is to start from, its own sizes with the nearest preset's schedule. */
function namedSettings({ preset }: PretrainWish, init: WarmStart | undefined) {
  if (preset !== undefined || init === undefined)
    return { named: pretrainPreset(preset ?? 'tiny'), remarks: [] };
  const { encoder, topBlocks, origin } = init;
  const far = (width: number): number => Math.abs(Math.log(width / encoder.width));
  const [nearest = 'tiny'] = Object.keys(pretrainPresets).sort(
    (a, b) => far(pretrainPreset(a).encoder.width) - far(pretrainPreset(b).encoder.width),
  );
  const schedule = pretrainPreset(nearest);
  const { teacher } = schedule;
  const named: PretrainConfig = {
    ...schedule,
    encoder,
    teacher: { ...teacher, topBlocks: topBlocks ?? Math.min(teacher.topBlocks, encoder.blocks) },
  };
  const isOfPreset = sizeDifferences(encoder, schedule.encoder).length === 0;
  return {
    named,
    remarks: isOfPreset
      ? []
      : [
          `no preset has the sizes of ${origin.name}: batches and schedule of the preset '${nearest}' are used`,
        ],
  };
}

/** Sizes come from the checkpoint: what is said must not differ. */
function checkSizes({ encoder }: PretrainConfig, init: WarmStart, { preset, config }: PretrainWish): void {
  const differing = sizeDifferences(init.encoder, encoder);
  if (differing.length === 0) return;
  const { spec } = init.origin;
  const said = config === undefined ? `the preset '${preset}'` : 'the configuration';
  throw new UserError(`${said} has different sizes than ${spec}: ${listed(differing)}`, {
    ...(config !== undefined && { file: config }),
    hint: `Sizes come from the checkpoint: remove ${config === undefined ? '--preset' : "'encoder' and --preset"}, or remove --init to start with new weights`,
  });
}

/** Rates of dropout are no sizes. */
function sizeDifferences(there: PretrainConfig['encoder'], here: PretrainConfig['encoder']): string[] {
  const { dropout: _, ...ofThere } = there;
  const { dropout: __, ...ofHere } = here;
  return settingDifferences(ofThere, ofHere);
}
