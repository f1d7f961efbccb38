/** @file Recordings to transcripts, one after the other: what is wrong with one is told, and the next one's turn comes. */

import { statedSeconds } from '../../audio/index.js';
import { UserError } from '../../base/errors.js';
import { createProgress, durationText, type Progress } from '../../base/progress.js';
import { loadRecogniser } from '../../encoders/recogniser.js';
import type { EngineChoice } from '../../engine/choice.js';
import { type OpenRecogniser, openRecogniser } from '../../finetune/transcribe/recogniser.js';
import { transcribe } from '../../finetune/transcribe/transcribe.js';
import { checkWindows, type Windows } from '../../finetune/transcribe/windows.js';
import { isResultOfHead, openHead } from '../../suite/head-recogniser.js';
import { chosenEngine } from '../engine.js';
import { type LanguageRequest, loadLanguage } from './language.js';
import { type Output, type OutputOptions, openOutput } from './output.js';
import { type Recording, recordingsOf, type WantedRecordings } from './recordings.js';

export interface TranscribeRequest extends WantedRecordings, Windows, OutputOptions {
  readonly model: string;
  /** Of a result's head, where its encoder lies elsewhere. */
  readonly encoder: string | undefined;
  readonly language: LanguageRequest | undefined;
  readonly engine: EngineChoice;
  readonly quiet: boolean;
  readonly signal: AbortSignal;
  /** A remark. */
  say(text: string): void;
  /** What is wrong with a recording. */
  complain(text: string): void;
}

export interface Transcribed {
  readonly done: number;
  readonly failed: number;
  readonly interrupted: boolean;
}

/**
 * Transcribes all recordings.
 * @throws UserError for what concerns all of them: no recogniser, no audio, a language model that does not fit, an output that
 *   cannot be written
 */
export async function transcribeAll(request: TranscribeRequest): Promise<Transcribed> {
  checkWindows(request);
  const recordings = await recordingsOf(request);
  const engine = await chosenEngine(request.engine, request.say);
  const recogniser = await openModel(request, engine);
  try {
    const { language, model, say } = request;
    const loaded = language && (await loadLanguage(recogniser.alphabet, model, language));
    if (loaded !== undefined) {
      const { lm, word, silence } = loaded.weights;
      say(`ehmam: language model with weight ${lm}, word score ${word}, silence score ${silence}`);
    }
    const output = await openOutput(recordings, request);
    return await inTurn(request, recogniser, loaded?.decoder, recordings, output);
  } finally {
    await recogniser.close();
  }
}

type Engine = Awaited<ReturnType<typeof chosenEngine>>;

async function openModel(
  { model, encoder, quiet, say }: TranscribeRequest,
  engine: Engine,
): Promise<OpenRecogniser> {
  if (isResultOfHead(model)) return openHead(engine, model, { encoder, quiet });
  if (encoder !== undefined) {
    throw new UserError('--encoder requires the folder of a result of asr', { hint: 'Remove --encoder' });
  }
  const recogniser = await loadRecogniser(model, { quiet });
  for (const note of recogniser.encoder.notes ?? []) say(`${model}: ${note}`);
  return openRecogniser(engine, recogniser);
}

async function inTurn(
  request: TranscribeRequest,
  recogniser: OpenRecogniser,
  decoder: NonNullable<Awaited<ReturnType<typeof loadLanguage>>>['decoder'] | undefined,
  recordings: readonly Recording[],
  output: Output,
): Promise<Transcribed> {
  const { signal, complain, windowSeconds, overlapSeconds } = request;
  const waiting = recordings.filter((recording) => !output.has(recording));
  const progress = await progressOf(request, waiting, recordings.length);
  let [done, failed] = [0, 0];
  try {
    for (const recording of waiting) {
      if (signal.aborted) break;
      try {
        const transcript = await transcribe(recogniser, recording.read, {
          ...{ windowSeconds, overlapSeconds, decoder, signal },
          onProgress: (seconds) => progress.within(recording, seconds),
        });
        await output.write(recording, transcript);
        done++;
      } catch (error) {
        if (signal.aborted) break;
        // An output that cannot be written concerns all of them.
        if (!(error instanceof UserError) || error.exitCode === 1) throw error;
        failed++;
        const { id } = recording;
        complain(`${id === undefined ? '' : `utterance '${id}': `}${error.message}`);
      }
      progress.next();
    }
  } finally {
    progress.stop();
  }
  return { done, failed, interrupted: signal.aborted };
}

interface RecordingProgress extends Pick<Progress, 'stop'> {
  within(recording: Recording, seconds: number): void;
  next(): void;
}

/** By the seconds of a single recording whose header says them, else by recordings. */
async function progressOf(
  { quiet, out }: TranscribeRequest,
  waiting: readonly Recording[],
  all: number,
): Promise<RecordingProgress> {
  // Lines that are printed and a bar would write over each other.
  const isHidden = quiet || (out === undefined && process.stdout.isTTY === true && all > 1);
  const [single] = waiting;
  const seconds =
    all === 1 && single?.id === undefined && single !== undefined
      ? await statedSeconds(single.path).catch(() => undefined)
      : undefined;
  if (seconds !== undefined) {
    const progress = createProgress('transcribe, seconds', Math.ceil(seconds), { quiet: isHidden });
    return {
      within: (_, done) => progress.update(Math.min(Math.ceil(seconds), Math.ceil(done))),
      next: () => undefined,
      stop: () => progress.stop(),
    };
  }
  const progress = createProgress('transcribe', all, { quiet: isHidden, initial: all - waiting.length });
  let done = all - waiting.length;
  return {
    within: ({ name }, at) => progress.update(done, `${name} ${durationText(at)}`),
    next: () => progress.update(++done),
    stop: () => progress.stop(),
  };
}
