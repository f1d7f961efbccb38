/** @file eSpeak NG as a function from text to samples, the same bytes every time. */
import type { EspeakModule } from '@echogarden/espeak-ng-emscripten';
import { UserError } from '../../base/errors.js';

export interface EspeakRequest {
  readonly text: string;
  /** Accent and variant: 'en-us+f2'. */
  readonly voice: string;
  /** Words a minute, 80 to 450. */
  readonly rate: number;
  /** 0 to 99. */
  readonly pitch: number;
  /** Pitch range, 0 to 99. */
  readonly range: number;
}

/** Samples in [-1, 1] at `rateHz`. */
export interface Espeak {
  readonly rateHz: number;
  speak(request: EspeakRequest): Float32Array;
}

/**
 * Starts eSpeak NG (once a thread). Two things make it give other bytes from run to run: what earlier
 * utterances left in its memory, and a random seed it takes from the clock. So each utterance starts from
 * a copy of the memory as it was after start-up, and the clock stands still while eSpeak runs.
 */
export async function loadEspeak(): Promise<Espeak> {
  const module = await importEspeak();
  const worker = withClockStopped(() => new module.eSpeakNGWorker());
  const memoryAtStart = module.HEAPU8.slice();
  const speak = ({ text, voice, rate, pitch, range }: EspeakRequest): Float32Array => {
    module.HEAPU8.set(memoryAtStart);
    module.HEAPU8.fill(0, memoryAtStart.length);
    if (worker.set_voice(voice) !== 0) {
      throw new UserError(`eSpeak NG has no voice "${voice}"`, {
        hint: 'Correct the voice in the definition of the mini suite',
      });
    }
    worker.set_rate(rate);
    worker.set_pitch(pitch);
    worker.set_range(range);
    const chunks: Int16Array[] = [];
    worker.synthesize(text, (pcm) => {
      if (pcm !== null) chunks.push(pcm.slice());
      return false;
    });
    return joined(chunks);
  };
  return { rateHz: worker.get_samplerate(), speak: (request) => withClockStopped(() => speak(request)) };
}

async function importEspeak(): Promise<EspeakModule> {
  try {
    return await (await import('@echogarden/espeak-ng-emscripten')).default();
  } catch (cause) {
    throw new UserError('eSpeak NG is not installed; the mini suite needs it to synthesize speech', {
      exitCode: 1,
      hint: 'Run npm ci with its optional dependencies (without --omit=optional)',
      cause,
    });
  }
}

function withClockStopped<T>(work: () => T): T {
  const { now } = Date;
  Date.now = () => 0;
  try {
    return work();
  } finally {
    Date.now = now;
  }
}

function joined(chunks: readonly Int16Array[]): Float32Array {
  const result = new Float32Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  let at = 0;
  for (const chunk of chunks) {
    for (const value of chunk) result[at++] = value / 32768;
  }
  return result;
}
