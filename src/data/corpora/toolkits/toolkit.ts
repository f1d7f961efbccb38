/** @file What a corpus in another toolkit's format is: the files given, and the manifest rows that come of them. */
import type { FoundCorpus } from '../corpus.js';
import type { DurationAnswer } from '../durations.js';

/** A file or folder of the toolkit's, and the split that the user says it is for. */
export interface ToolkitInput {
  readonly path: string;
  readonly split?: string | undefined;
}

/** How rows come to splits where the inputs do not say. */
export interface SplitOptions {
  /** `train`, `dev` or `test` for all rows, or `drawn`: by a digest of their ids. */
  readonly split?: string | undefined;
  /** By a digest of the speaker: none is in two splits. */
  readonly splitBySpeaker?: boolean | undefined;
}

export interface ToolkitOptions extends SplitOptions {
  readonly inputs: readonly ToolkitInput[];
  /** The folder that relative paths of audio are relative to (default: looked for around the inputs). */
  readonly root?: string | undefined;
  /** Columns of ours by the names they have there: text=sentence. */
  readonly columns?: Readonly<Record<string, string>> | undefined;
  /** A folder that audio inside other files is written to, instead of being read in place. */
  readonly unpack?: string | undefined;
  /** Leaves audio unread. */
  readonly fast?: boolean | undefined;
  readonly quiet?: boolean | undefined;
}

export interface Toolkit {
  readonly name: string;
  readonly summary: string;
  /** What is given, as usage writes it: `DIR...`. */
  readonly inputs: string;
  /** Whether audio can lie inside its files: it has `unpack`. */
  readonly hasAudioInside: boolean;
  /** @throws UserError with file and line for what is no corpus of this kind */
  read(options: ToolkitOptions): Promise<FoundCorpus>;
}

/** A row as a toolkit has it. */
export interface ToolkitRow {
  /** Absent where the toolkit gives none: the audio's name is taken. */
  readonly id?: string | undefined;
  /** The path of the audio as it is written, or of what lies inside a file. */
  readonly audio: string;
  /** Absolute already: nothing to be looked for. */
  readonly isLocated?: boolean | undefined;
  readonly start?: number | undefined;
  readonly duration?: number | undefined;
  readonly channel?: number | undefined;
  /** Seconds that the file has, as the toolkit says. */
  readonly stated?: number | undefined;
  /** What is known of its audio already. */
  readonly known?: DurationAnswer | undefined;
  /** The split that the row itself names. */
  readonly split?: string | undefined;
  readonly columns: Readonly<Record<string, string>>;
  readonly file: string;
  /** Absent where the file has no lines. */
  readonly line?: number | undefined;
}

/** Rows of one input. */
export interface ReadInput {
  readonly input: ToolkitInput;
  readonly rows: readonly ToolkitRow[];
}
