/** @file `drawings.jsonl`: what an analysis keeps of utterances so that others can draw them, one JSON line each. */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { z } from 'zod';
import { UserError } from '../base/errors.js';
import { systemCode, writeFileAtomic } from '../base/files.js';
import { parsedJson } from '../base/json-text.js';

/** The first line. */
const headerSchema = z.object({ format: z.literal('ehmam drawings'), version: z.int() });
const version = 1;

/** Frames from the first to before the second, ascending. */
const runsSchema = z.array(z.tuple([z.int().nonnegative(), z.int().positive()]));

const drawingSchema = z.strictObject({
  id: z.string(),
  /** Of the part that was looked at. */
  seconds: z.number().positive(),
  /** A frame begins this long after the one before it, and sees this much. */
  hopSeconds: z.number().positive(),
  fieldSeconds: z.number().positive(),
  /** Loss of each frame: what the teacher predicts, and what the student has while it is masked. */
  predicted: z.array(z.number()).min(1),
  actual: z.array(z.number()).min(1),
  /** The frames that the last epoch's masks hide. */
  masks: z.strictObject({ hard: runsSchema, random: runsSchema }),
  spectrogram: z.strictObject({
    /** A grey PNG, base64: a pixel a mel bin and step, high frequencies at the top, loud is light. */
    png: z.base64(),
    /** From its left edge to its right one, beginning with the utterance. */
    seconds: z.number().positive(),
  }),
});

/** An utterance as it can be drawn. */
export type Drawing = Readonly<z.infer<typeof drawingSchema>>;

/** The file's name in an analysis' folder. */
export const drawingsName = 'drawings.jsonl';

/** @throws UserError (exit code 1) when the file cannot be written */
export async function writeDrawings(file: string, drawings: readonly Drawing[]): Promise<void> {
  const header = { format: 'ehmam drawings', version };
  await writeFileAtomic(
    file,
    [header, ...drawings].map((line) => `${JSON.stringify(line)}\n`),
  );
}

/**
 * The drawings of a file, in the order written.
 * @returns undefined where there is no such file
 * @throws UserError naming file and line of what is no drawing, or of another version
 */
export async function readDrawings(file: string): Promise<Drawing[] | undefined> {
  const drawings: Drawing[] = [];
  let line = 0;
  try {
    const lines = createInterface({ input: createReadStream(file), crlfDelay: Number.POSITIVE_INFINITY });
    for await (const text of lines) {
      line++;
      if (line === 1) checkHeader(text, file);
      else drawings.push(drawingOf(text, file, line));
    }
  } catch (error) {
    if (systemCode(error) === 'ENOENT' || systemCode(error) === 'ENOTDIR') return undefined;
    throw error;
  }
  if (line === 0) checkHeader('', file);
  return drawings;
}

const hint = "Create it again with 'ehmam analyse'";

function checkHeader(text: string, file: string): void {
  const header = headerSchema.safeParse(parsedJson(text)).data;
  if (header === undefined) throw new UserError('is not a drawings file', { file, line: 1, hint });
  if (header.version !== version)
    throw new UserError(`has format version ${header.version}; this ehmam reads ${version}`, {
      file,
      line: 1,
      hint,
    });
}

function drawingOf(text: string, file: string, line: number): Drawing {
  const { data, error } = drawingSchema.safeParse(parsedJson(text));
  if (data?.predicted.length === data?.actual.length && data !== undefined) return data;
  const [issue] = error?.issues ?? [];
  const why =
    issue === undefined ? 'its losses differ in length' : `${issue.path.join('.')}: ${issue.message}`;
  throw new UserError(`invalid drawing: ${why}`, { file, line, hint });
}
