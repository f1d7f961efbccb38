/** @file Probes of a pre-training, `probes.jsonl` in the folder of its run: a line for each task and update, the last one of them counts. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { appendToFile, writeFileAtomic } from '../base/files.js';
import { text } from './record.js';

const place = {
  /** Updates done before the probe. */
  update: z.int().nonnegative(),
  task: text,
  /** The encoder's hash, and a digest of what it was probed with: the same work is not done twice. */
  encoder: text,
  probe: text,
  seconds: z.number().nonnegative(),
};

const probedSchema = z.strictObject({
  ...place,
  /** The task's first metric on a part of dev, by which the head's checkpoint was chosen as well. */
  metric: text,
  direction: z.enum(['higher', 'lower']),
  value: z.number(),
  /** 95 % bootstrap interval over dev; missing where there is none. */
  interval: z.tuple([z.number(), z.number()]).optional(),
  /** Utterances that the head learnt from, and that it was judged on. */
  train: z.int().positive(),
  dev: z.int().positive(),
});

const failedSchema = z.strictObject({ ...place, failed: text });

const lineSchema = z.union([probedSchema, failedSchema]);

/** What a probe found. */
export type Probed = Readonly<z.infer<typeof probedSchema>>;
/** A probe that could not be done, and why. */
export type ProbeLine = Probed | Readonly<z.infer<typeof failedSchema>>;

export const isProbed = (line: ProbeLine): line is Probed => 'value' in line;

export const probesPath = (run: string): string => join(run, 'probes.jsonl');

/** The lines of a run, updates rising, one for each task and update; none where there is no file. What a kill has cut is passed over. */
export async function readProbes(run: string): Promise<readonly ProbeLine[]> {
  const written = await readFile(probesPath(run), 'utf8').catch(() => '');
  const lines = new Map<string, ProbeLine>();
  for (const line of written.split('\n').flatMap(parsed))
    lines.set(JSON.stringify([line.update, line.task]), line);
  return [...lines.values()].sort((a, b) => a.update - b.update);
}

/**
 * Writes the lines of a run anew, so that what a kill has cut is gone.
 * @throws UserError (exit code 1) when the file cannot be written
 */
export async function writeProbes(run: string, lines: readonly ProbeLine[]): Promise<void> {
  await writeFileAtomic(probesPath(run), lines.map(lineText).join(''));
}

/**
 * Adds a line.
 * @throws UserError (exit code 1) when the file cannot be written
 */
export async function addProbe(run: string, line: ProbeLine): Promise<void> {
  await appendToFile(probesPath(run), lineText(line));
}

const lineText = (line: ProbeLine): string => `${JSON.stringify(line)}\n`;

function parsed(line: string): ProbeLine[] {
  try {
    const { success, data } = lineSchema.safeParse(JSON.parse(line));
    return success ? [data] : [];
  } catch {
    return [];
  }
}
