/** @file A study: masking strategies, seeds and sizes under one budget, from a JSON or YAML file. */
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { type SettingChange, withChanges } from '../../base/changed-settings.js';
import { moduleFrom } from '../../base/module-name.js';
import { projectFile } from '../../base/package.js';
import { settingsSource } from '../../base/source-text.js';
import { readText } from '../../base/text.js';
import { checked } from '../../base/validation.js';
import { analysisFrom, specFrom } from '../definition.js';
import { nameSchema } from '../finetune-definition.js';
import { isSuiteName } from '../named.js';
import { analysisSchema, probeSchema } from '../schema.js';

const text = z.string().min(1);

const set = z
  .array(text)
  .optional()
  .describe("Settings in place of the preset's, as --set writes them: 'teacher.decay=0.99'");
const config = text
  .optional()
  .describe("File of settings that replace the preset's; relative to the study file");

const strategySchema = z.union([
  nameSchema.describe("Masking strategy (see 'ehmam list maskings')"),
  z.strictObject({
    name: nameSchema.describe('Its name in the report'),
    masking: text.optional().describe('Masking strategy (default: the name)'),
    times: z.number().positive().optional().describe('How many budgets its trainings are given (default: 1)'),
    config,
    set,
  }),
]);

const sizeSchema = z.union([
  nameSchema.describe('Preset of pre-training: tiny, small or base'),
  z.strictObject({
    name: nameSchema.describe('Its name in the report'),
    preset: text.optional().describe('Preset of pre-training (default: the name)'),
    config,
    set,
  }),
]);

const amount = z.number().positive();
const budgetSchema = z
  .strictObject({
    frames: amount.optional().describe('Frames of the encoder that each training is given'),
    hours: amount.optional().describe('Hours of audio that each training is given'),
    updates: z.int().positive().optional().describe('Updates of each training, whatever its size'),
  })
  .refine(({ frames, hours, updates }) => [frames, hours, updates].filter(isGiven).length === 1, {
    error: 'expected exactly one of frames, hours and updates',
  });

const isGiven = (value: unknown): boolean => value !== undefined;

export const studySchema = z
  .strictObject({
    name: nameSchema,
    strategies: z
      .array(strategySchema)
      .min(2, 'expected at least two strategies: one alone has nothing to be compared with'),
    baseline: text.optional().describe('The strategy that the others are compared with (default: the first)'),
    sizes: z.array(sizeSchema).min(1).default(['tiny']),
    seeds: z
      .union([z.int(), z.array(z.int().nonnegative())])
      .default(3)
      .describe('Number of seeds of the pre-trainings, or which: [1, 2, 3]'),
    budget: budgetSchema.describe('What each training is given: the same for every strategy without times'),
    manifest: text
      .optional()
      .describe(
        "Manifest (CSV) of the audio to train on (default: the mini corpus's, with a built-in suite)",
      ),
    root: text.optional().describe("Folder of the audio (default: the manifest's folder)"),
    split: text.default('train').describe('Split of the manifest to train on'),
    suite: text
      .default('mini')
      .describe('Suite whose tasks judge the encoders: mini, mini-superb, or a file'),
    tasks: z.array(text).min(1).optional().describe('Tasks of the suite (default: all)'),
    references: z.array(text).default([]).describe('SPECs of encoders to show beside: random:tiny, fbank'),
    probe: z
      .union([z.literal(false), probeSchema])
      .optional()
      .describe('Probes while training (default: ten times, 200 updates apart or more; false: none)'),
    analysis: z
      .union([z.literal(false), analysisSchema])
      .optional()
      .describe('Analysis of each run (default: 40 utterances of dev of the first task; false: none)'),
    plugins: z
      .array(text)
      .default([])
      .describe('Plug-ins to load: ./path.js, relative to the study file, or packages'),
  })
  .superRefine(({ seeds, strategies, sizes, baseline, manifest, suite }, context) => {
    const complain = (path: (string | number)[], message: string): void =>
      context.addIssue({ code: 'custom', path, message });
    if ((typeof seeds === 'number' ? seeds : new Set(seeds).size) < 2)
      complain(['seeds'], 'expected 2 or more: one seed does not show what is chance');
    const names = strategies.map(nameOf);
    for (const [key, all] of [
      ['strategies', names],
      ['sizes', sizes.map(nameOf)],
    ] as const) {
      const twice = all.findIndex((name, i) => all.indexOf(name) !== i);
      if (twice >= 0) complain([key, twice], `duplicate name '${all[twice]}'`);
    }
    if (baseline !== undefined && !names.includes(baseline))
      complain(['baseline'], `expected one of the strategies: ${names.join(', ')}`);
    if (manifest === undefined && !isSuiteName(suite))
      complain(['manifest'], 'required with a suite of your own');
  });

/** A strategy or a size, by its name alone or with more. */
type Named = string | { readonly name: string };
const nameOf = (given: Named): string => (typeof given === 'string' ? given : given.name);

interface Variant {
  readonly name: string;
  readonly config?: string | undefined;
  readonly set?: readonly string[] | undefined;
}
export type StudyStrategy = Variant & { readonly masking: string; readonly times?: number | undefined };
export type StudySize = Variant & { readonly preset: string };

type StudyFile = z.infer<typeof studySchema>;

/** A study with every default filled in, and files found from the working folder. */
export interface Study
  extends Readonly<
    Pick<
      StudyFile,
      | 'name'
      | 'budget'
      | 'manifest'
      | 'root'
      | 'split'
      | 'suite'
      | 'tasks'
      | 'references'
      | 'probe'
      | 'analysis'
    >
  > {
  readonly file: string;
  readonly strategies: readonly StudyStrategy[];
  readonly baseline: string;
  readonly sizes: readonly StudySize[];
  readonly seeds: readonly number[];
  readonly plugins: readonly string[];
}

/** The JSON Schema of a study file, for editors. */
export const studyJsonSchema = (): object => ({
  title: 'Study of ehmam',
  ...z.toJSONSchema(studySchema, { io: 'input' }),
});

/** The study that needs no file: it trains and judges on the mini corpus. */
const builtIn = 'mini';

/**
 * Reads a study, or the built-in one, `mini`.
 * @throws UserError with file and line of what is wrong
 */
export async function loadStudy(fileOrName: string, changes: readonly SettingChange[] = []): Promise<Study> {
  const file = fileOrName === builtIn ? projectFile('manifests/mini/study.yaml') : fileOrName;
  const hint = `Expected a study file (JSON or YAML, in UTF-8), or ${builtIn}`;
  const source = settingsSource(await readText(file, { hint }), file);
  const read = withChanges(checked(studySchema, source), changes, studySchema);
  const folder = dirname(file);
  const from = (path: string): string => resolve(folder, path);
  const variant = ({ config: own, ...rest }: Variant): Variant => ({
    ...rest,
    ...(own !== undefined && { config: from(own) }),
  });
  const { strategies, sizes, seeds, baseline, analysis, manifest, root, suite, plugins, references } = read;
  return {
    ...read,
    file,
    strategies: strategies.map((given) => {
      const { masking, times, ...own } =
        typeof given === 'string' ? { name: given, masking: given, times: undefined } : given;
      return { ...variant(own), masking: masking ?? own.name, times };
    }),
    sizes: sizes.map((given) => {
      const { preset, ...own } = typeof given === 'string' ? { name: given, preset: given } : given;
      return { ...variant(own), preset: preset ?? own.name };
    }),
    baseline: baseline ?? nameOf(strategies[0] as Named),
    seeds: typeof seeds === 'number' ? Array.from({ length: seeds }, (_, i) => i + 1) : [...new Set(seeds)],
    manifest: manifest === undefined ? undefined : from(manifest),
    root: root === undefined ? undefined : from(root),
    suite: isSuiteName(suite) ? suite : from(suite),
    analysis: analysis ? analysisFrom(folder, analysis) : analysis,
    references: references.map((spec) => specFrom(folder, spec)),
    plugins: plugins.map((module) => moduleFrom(folder, module)),
  };
}
