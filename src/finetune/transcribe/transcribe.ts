/** @file A recording of any length to its transcript. */
import type { LexiconDecoder } from '../../lm/beam-search.js';
import { greedyPass } from '../../lm/greedy.js';
import type { OpenRecogniser } from './recogniser.js';
import { greedyWords, type Transcript, transcriptOf } from './transcript.js';
import { emissionsOf, type ReadPart, type Windows } from './windows.js';

export interface TranscribeOptions extends Windows {
  /** With a language model; where it finds no words, the greedy ones stay. */
  readonly decoder?: LexiconDecoder | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Says how many seconds are done. */
  readonly onProgress?: ((seconds: number) => void) | undefined;
}

/**
 * Transcribes a recording part by part: its samples and frames are never held whole.
 * @throws whatever `read` throws, and the signal's reason when it is aborted
 */
export async function transcribe(
  recogniser: OpenRecogniser,
  read: ReadPart,
  { decoder, signal, onProgress, ...windows }: TranscribeOptions,
): Promise<Transcript> {
  const tokens = recogniser.alphabet.tokens.length;
  const [greedy, search] = [greedyPass(tokens), decoder?.open(tokens)];
  let seconds = 0;
  for await (const part of emissionsOf(recogniser, read, windows)) {
    greedy.push(part.emissions);
    search?.push(part.emissions);
    seconds = part.seconds;
    onProgress?.(seconds);
    signal?.throwIfAborted();
  }
  const searched = search?.finish().spoken() ?? [];
  const words = searched.length > 0 ? searched : greedyWords(recogniser, greedy.finish());
  return transcriptOf(recogniser, words, seconds);
}
