/** @file Decoded audio of a fine-tuning's utterances: on threads, the last used of it in memory. */
import { audioCache, defaultCacheBytes } from '../data/audio-cache.js';
import { decodePool } from '../data/decoding.js';
import type { Transcribed } from './data.js';

export interface Speech {
  /** The samples of an utterance, 16 kHz mono. @throws UserError that names the manifest's line and the audio file */
  read(utterance: Transcribed): Promise<Float32Array>;
  /** Begins to read utterances that will be asked for. */
  expect(utterances: readonly Transcribed[]): void;
  close(): Promise<void>;
}

/** @param threads that decode */
export function openSpeech(utterances: readonly Transcribed[], threads: number): Speech {
  const pool = decodePool(threads);
  const places = new Map(utterances.map((each, place) => [each, place]));
  const audio = audioCache(
    utterances.map(({ utterance }) => utterance),
    defaultCacheBytes,
    pool,
  );
  const read: Speech['read'] = (utterance) => audio(places.get(utterance) as number);
  return {
    read,
    expect(soon) {
      // Who awaits it gets the error; one that nobody awaits must not end the process.
      for (const each of soon) read(each).catch(() => undefined);
    },
    close: () => pool.close(),
  };
}
