/** @file Entries `finetune` of a suite: encoders that are trained on as recognisers, with several folds and seeds. */
import { resolve } from 'node:path';
import { z } from 'zod';
import { UserError } from '../base/errors.js';

const text = z.string().min(1);

/** What stands in names of folders and tables. */
export const nameSchema = text.regex(/^[\w.+-]+$/, 'expected letters, digits and . _ + -');

/** Stands in a manifest's path for the fold. */
export const foldMark = '{fold}';

export const finetuneEntrySchema = z
  .strictObject({
    name: nameSchema.describe(
      'Its name in folders and tables; the same in encoders evaluates what comes of it',
    ),
    encoders: z
      .array(text)
      .min(1)
      .optional()
      .describe("SPECs, and names of encoders that the suite pre-trains (default: all of the suite's)"),
    preset: text.default('10m').describe('By hours of labelled audio: 10m, 1h, 10h or 100h'),
    config: text.optional().describe("File of settings that replace the preset's"),
    settings: z
      .record(z.string(), z.unknown())
      .optional()
      .describe("Settings in place of those of preset and file, in groups as 'finetune --config' has them"),
    steps: z
      .int()
      .positive()
      .optional()
      .describe("Updates, in place of the settings'; the schedule scales with them"),
    manifest: text.describe(
      `CSV with texts and splits; relative to the suite file, with ${foldMark} in the place of a fold`,
    ),
    dev: text.optional().describe("Another CSV whose rows of split 'dev' choose; relative to the suite file"),
    root: text.optional().describe("Folder its audio paths are relative to (default: the manifest's)"),
    folds: z
      .array(z.union([z.int().nonnegative(), nameSchema]))
      .min(1)
      .optional()
      .describe(`One training each: ${foldMark} in the manifest's path stands for them`),
    seeds: z
      .array(z.int().nonnegative())
      .min(1)
      .optional()
      .describe('One training each (default: that of the preset)'),
    lm: text
      .optional()
      .describe('n-gram model (ARPA, plain or .gz) to decode with too; relative to the suite file'),
    lexicon: text
      .optional()
      .describe('Words that are decoded, with their tokens; relative to the suite file'),
  })
  .superRefine(({ manifest, folds, lm, lexicon }, context) => {
    const complain = (path: string, message: string): void =>
      context.addIssue({ code: 'custom', path: [path], message });
    if (folds !== undefined && !manifest.includes(foldMark))
      complain('manifest', `must contain ${foldMark} when folds are given`);
    if (folds === undefined && manifest.includes(foldMark))
      complain('folds', `required when the manifest contains ${foldMark}`);
    if (lexicon !== undefined && lm === undefined) complain('lm', 'required when a lexicon is given');
  });

export type FinetuneEntry = Readonly<z.infer<typeof finetuneEntrySchema>>;

/**
 * The entry with files from the suite's folder.
 * @param specFrom finds a SPEC from there
 */
export function entryFrom(
  folder: string,
  { manifest, dev, root, config, lm, lexicon, encoders, ...entry }: FinetuneEntry,
  specFrom: (folder: string, spec: string) => string,
): FinetuneEntry {
  const from = (file: string): string => resolve(folder, file);
  return {
    ...entry,
    manifest: from(manifest),
    ...(encoders !== undefined && { encoders: encoders.map((spec) => specFrom(folder, spec)) }),
    ...(dev !== undefined && { dev: from(dev) }),
    ...(root !== undefined && { root: from(root) }),
    ...(config !== undefined && { config: from(config) }),
    ...(lm !== undefined && { lm: from(lm) }),
    ...(lexicon !== undefined && { lexicon: from(lexicon) }),
  };
}

/** @throws UserError where two entries, or an entry and an encoder that the suite pre-trains, have one name */
export function checkEntryNames(entries: readonly FinetuneEntry[], pretrained: readonly string[]): void {
  const seen = new Set(pretrained);
  for (const { name } of entries) {
    if (seen.size === seen.add(name).size)
      throw new UserError(`duplicate name '${name}' in the suite`, {
        hint: 'Names of finetune entries and of pre-trained encoders must differ',
      });
  }
}
