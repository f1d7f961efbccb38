/** @file The recordings that a command line names: files, folders searched for audio, rows of a manifest. */
import { stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { readAudio } from '../../audio/index.js';
import { UserError } from '../../base/errors.js';
import { isAudioName } from '../../data/corpora/corpus.js';
import { filesBelow } from '../../data/corpora/walk.js';
import { loadUtterances, type Utterance } from '../../data/manifest.js';
import type { ReadPart } from '../../finetune/transcribe/windows.js';

/** Something to transcribe. */
export interface Recording {
  /** What a line calls it: the path as given, the id of a manifest's row. */
  readonly name: string;
  /** Below which folder of subtitles it goes, without an ending. */
  readonly place: string;
  /** Of a manifest's row. */
  readonly id?: string;
  readonly path: string;
  read: ReadPart;
}

export interface WantedRecordings {
  readonly audio: readonly string[];
  readonly manifest?: string | undefined;
  readonly root?: string | undefined;
  readonly splits?: readonly string[] | undefined;
}

/**
 * @throws UserError for a folder without audio, and as `loadUtterances`; a file that is not there is told when its turn comes
 */
export async function recordingsOf({
  audio,
  manifest,
  root,
  splits,
}: WantedRecordings): Promise<Recording[]> {
  if (manifest !== undefined) {
    const rows = await loadUtterances(manifest, { root, ...(splits && { splits }), mostMissing: 1 });
    return rows.map(ofRow);
  }
  const found: Recording[] = [];
  for (const given of audio) found.push(...(await ofPath(given)));
  return found;
}

async function ofPath(given: string): Promise<Recording[]> {
  const status = await stat(given).catch(() => undefined);
  if (!status?.isDirectory()) return [ofFile(given, basename(given))];
  const files = (await filesBelow(given)).filter(isAudioName);
  if (files.length > 0) return files.map((path) => ofFile(join(given, path), path));
  throw new UserError('has no audio files (.wav, .flac, .mp3, .ogg, .opus, .sph)', {
    file: given,
    hint: 'Use another folder, or name the files themselves',
  });
}

function ofFile(path: string, place: string): Recording {
  return {
    ...{ name: path, path, place: place.replace(/\.[^./]+$/, '') },
    read: (startSeconds, mostSeconds) => readAudio(path, { startSeconds, mostSeconds }),
  };
}

function ofRow({ id, path, startSeconds = 0, durationSeconds, channel }: Utterance): Recording {
  return {
    ...{ name: id, id, path, place: id },
    read: (start, mostSeconds) => {
      const rest = durationSeconds === undefined ? undefined : durationSeconds - start;
      const wanted = rest === undefined ? { mostSeconds } : { durationSeconds: Math.min(rest, mostSeconds) };
      return readAudio(path, { startSeconds: startSeconds + start, ...wanted, channel });
    },
  };
}
