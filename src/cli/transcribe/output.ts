/** @file Where transcripts go: lines to stdout or a file as they come, or a subtitle file each. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { plainText, UserError } from '../../base/errors.js';
import { appendToFile, writeFileAtomic } from '../../base/files.js';
import { textLines } from '../../base/text.js';
import { srtText, vttText } from '../../finetune/transcribe/subtitles.js';
import type { Transcript } from '../../finetune/transcribe/transcript.js';
import type { Recording } from './recordings.js';

export const transcriptFormats = ['text', 'json', 'srt', 'vtt'] as const;
export type TranscriptFormat = (typeof transcriptFormats)[number];

export interface OutputOptions {
  readonly format: TranscriptFormat;
  /** File of lines, of one subtitle; folder of several subtitles (default: stdout). */
  readonly out: string | undefined;
  /** Goes on with what is in `out`. */
  readonly resume: boolean;
  print(text: string): void;
}

export interface Output {
  /** Whether a transcript of it is there already. */
  has(recording: Recording): boolean;
  write(recording: Recording, transcript: Transcript): Promise<void>;
}

/**
 * Opens the output for these recordings; a file of lines is emptied, or read where it is to be gone on with.
 * @throws UserError for subtitles of several recordings without a folder, and (exit code 1) where nothing can be written
 */
export async function openOutput(recordings: readonly Recording[], options: OutputOptions): Promise<Output> {
  const { format, out, print } = options;
  const isSingle = recordings.length === 1;
  if (format === 'srt' || format === 'vtt') return subtitleOutput(recordings, format, options);
  const lineOf = format === 'json' ? jsonLine : isSingle ? textAlone : textLine;
  if (out === undefined) return { has: () => false, write: async (...said) => print(lineOf(...said)) };
  const there = options.resume && existsSync(out) ? await namesIn(out, format) : new Set<string>();
  if (there.size === 0) await writeFileAtomic(out, '');
  return {
    has: ({ name }) => there.has(writtenName(name, format)),
    // A line is added at once: whatever ends the program, the lines before it are whole.
    write: (...said) => appendToFile(out, `${lineOf(...said)}\n`),
  };
}

type Line = (recording: Recording, transcript: Transcript) => string;

const textAlone: Line = (_, { text }) => text;
const textLine: Line = ({ name }, { text }) => `${writtenName(name, 'text')}\t${text}`;
const jsonLine: Line = ({ id, path }, transcript) =>
  JSON.stringify({ ...(id !== undefined && { id }), path, ...transcript });

/** A name as a line has it: a tab in it would end it. */
const writtenName = (name: string, format: TranscriptFormat): string =>
  format === 'text' ? plainText(name) : name;

/**
 * Whose lines a file holds. The last one may be unfinished: it is taken out.
 * @throws UserError for a file of something else
 */
async function namesIn(file: string, format: TranscriptFormat): Promise<Set<string>> {
  const lines: string[] = [];
  for await (const line of textLines(file)) lines.push(line);
  const names = new Set<string>();
  const whole: string[] = [];
  for (const [i, line] of lines.entries()) {
    if (line === '') continue;
    const name = format === 'json' ? nameOfJson(line) : line.split('\t').slice(0, -1).join('\t');
    if (name === undefined || name === '') {
      if (i >= lines.length - 1) break;
      throw new UserError('not a line of a transcript', {
        file,
        line: i + 1,
        hint: 'Use another file, or remove --resume',
      });
    }
    names.add(name);
    whole.push(`${line}\n`);
  }
  await writeFileAtomic(file, whole.join(''));
  return names;
}

function nameOfJson(line: string): string | undefined {
  try {
    const { id, path } = JSON.parse(line) as { readonly id?: unknown; readonly path?: unknown };
    const name = id ?? path;
    return typeof name === 'string' ? name : undefined;
  } catch {
    return undefined;
  }
}

function subtitleOutput(
  recordings: readonly Recording[],
  format: 'srt' | 'vtt',
  { out, resume, print }: OutputOptions,
): Output {
  const textOf = ({ words }: Transcript): string => (format === 'srt' ? srtText(words) : vttText(words));
  if (recordings.length === 1) {
    return {
      has: () => resume && out !== undefined && existsSync(out),
      write: async (_, transcript) => {
        const text = textOf(transcript);
        if (out === undefined) print(text.replace(/\n$/, ''));
        else await writeFileAtomic(out, text);
      },
    };
  }
  if (out === undefined) {
    throw new UserError(`${recordings.length} recordings need a folder for their ${format} files`, {
      hint: 'Add --out DIR',
    });
  }
  const files = filesFor(recordings, out, format);
  return {
    has: (recording) => resume && existsSync(files.get(recording) as string),
    write: (recording, transcript) => writeFileAtomic(files.get(recording) as string, textOf(transcript)),
  };
}

/** A file each; where two would share one, each has the whole of its name. */
function filesFor(
  recordings: readonly Recording[],
  folder: string,
  format: string,
): ReadonlyMap<Recording, string> {
  const counts = new Map<string, number>();
  for (const { place } of recordings) counts.set(place, (counts.get(place) ?? 0) + 1);
  const taken = new Set<string>();
  return new Map(
    recordings.map((recording) => {
      const { place, name } = recording;
      const own = counts.get(place) === 1 ? place : name.replace(/^([./\\]|\.\.)+/, '');
      const file = join(folder, `${own}.${format}`);
      if (taken.size === taken.add(file).size)
        throw new UserError(`two recordings would be written to ${file}`, {
          hint: 'Transcribe them in two calls',
        });
      return [recording, file];
    }),
  );
}
