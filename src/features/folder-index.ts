/** @file What a folder of features says of itself: the encoder in `features.json`, a line an utterance in `index.jsonl`. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { engineIdentity } from '../base/engine-identity.js';
import { UserError } from '../base/errors.js';
import { appendToFile, writeFileAtomic } from '../base/files.js';

export const folderFormats = ['safetensors', 'npy'] as const;
export type FolderFormat = (typeof folderFormats)[number];

const descriptionSchema = z.object({
  version: z.literal(1),
  encoder: z.object({ name: z.string(), family: z.string(), hash: z.string() }),
  engine: z.object({
    name: z.string(),
    provider: z.string(),
    precision: z.string().optional(),
    deterministic: z.boolean().optional(),
  }),
  /** The hidden states that are there, and their widths. */
  layers: z.array(z.int()),
  dims: z.array(z.int()),
  hopSeconds: z.number(),
  format: z.enum(folderFormats),
});

/** What all files of a folder share. */
export type FolderDescription = z.infer<typeof descriptionSchema>;

const entrySchema = z.object({
  id: z.string(),
  split: z.string(),
  /** Of the audio that the files were made of. */
  key: z.string(),
  /** Relative to the folder. */
  files: z.array(z.string()),
  frames: z.int(),
  seconds: z.number(),
});

/** An utterance whose files are there. */
export type FolderEntry = z.infer<typeof entrySchema>;

const descriptionName = 'features.json';
const indexName = 'index.jsonl';

/**
 * Writes the description, or finds the same one.
 * @throws UserError when other features lie in the folder
 */
export async function describeFolder(folder: string, description: FolderDescription): Promise<void> {
  const file = join(folder, descriptionName);
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) {
    await writeFileAtomic(file, `${JSON.stringify(description, null, 2)}\n`);
    return;
  }
  const found = parsed(text);
  const differs = found === undefined ? 'features.json cannot be read' : differenceOf(found, description);
  if (differs === undefined) return;
  throw new UserError(`contains different features: ${differs}`, {
    file: folder,
    hint: 'Choose another folder, or remove this one',
  });
}

function parsed(text: string): FolderDescription | undefined {
  try {
    return descriptionSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

function differenceOf(found: FolderDescription, wanted: FolderDescription): string | undefined {
  const sides: readonly (readonly [string, (each: FolderDescription) => string])[] = [
    ['encoder', ({ encoder }) => `${encoder.name} (${encoder.hash.slice(0, 8)})`],
    [
      'engine',
      ({ engine }) => {
        const [name, ...device] = engineIdentity(engine);
        return `${name} on ${device.join(' ')}`;
      },
    ],
    ['layers', ({ layers }) => layers.join(',')],
    ['format', ({ format }) => format],
  ];
  for (const [what, of] of sides) {
    const isSame = what === 'encoder' ? found.encoder.hash === wanted.encoder.hash : of(found) === of(wanted);
    if (!isSame) return `${what} ${of(found)}, expected ${of(wanted)}`;
  }
  return undefined;
}

/** The utterances that are there by id; a line that a kill cut off is none. */
export async function readIndex(folder: string): Promise<Map<string, FolderEntry>> {
  const text = await readFile(join(folder, indexName), 'utf8').catch(() => '');
  const entries = new Map<string, FolderEntry>();
  for (const line of text.split('\n')) {
    try {
      const entry = entrySchema.safeParse(JSON.parse(line)).data;
      if (entry !== undefined) entries.set(entry.id, entry);
    } catch {
      // Cut off: the utterance is made again.
    }
  }
  return entries;
}

/** Says that an utterance's files are there. */
export async function noteEntry(folder: string, entry: FolderEntry): Promise<void> {
  // A line that was cut off must not take this one along.
  await appendToFile(join(folder, indexName), `${JSON.stringify(entry)}\n`);
}

/** Writes the index anew: each utterance once. */
export async function writeIndex(folder: string, entries: Iterable<FolderEntry>): Promise<void> {
  const lines = Array.from(entries, (entry) => `${JSON.stringify(entry)}\n`);
  await writeFileAtomic(join(folder, indexName), lines.join(''));
}
