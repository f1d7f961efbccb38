/** @file The logits of whole splits, as a recogniser in training or at its end gives them. */
import { floatsOf } from '../base/host-tensor.js';
import { waveformBatch } from '../encoders/batch.js';
import type { Encoder } from '../encoders/encoder.js';
import type { Engine, Held, Program } from '../engine/engine.js';
import type * as tf from '../engine/ops.js';
import type { Parameters } from '../engine/tree.js';
import { type Part, packBatches, partsOf } from './batches.js';
import { framesOf, type Transcribed } from './data.js';
import type { SplitLogits, UtteranceLogits } from './decoding/split-logits.js';
import { recognitionLogits, type SpeechBatch } from './model.js';
import type { Speech } from './speech.js';

/** Parameters where the engine has them, some of them frozen; types, so that they are trees. */
type RecognitionInputs = {
  readonly trained: Parameters;
  readonly frozen: Parameters;
  readonly speech: SpeechBatch;
};
export type RecognitionProgram = Program<RecognitionInputs, { readonly logits: tf.Tensor }>;
export interface RecognitionWeights {
  readonly trained: Held<Parameters>;
  readonly frozen: Held<Parameters>;
}

export function compileRecognition(engine: Engine, encoder: Encoder): RecognitionProgram {
  return engine.compile(
    ({ trained, frozen, speech }: RecognitionInputs) => ({
      logits: recognitionLogits(encoder, { ...frozen, ...trained }, speech),
    }),
    { name: `recognition by ${encoder.name}` },
  );
}

/** Utterances that are read and sorted by length together: what is given is in their order again. */
const window = 256;

/** What recognising takes. */
export interface Recognising {
  readonly program: RecognitionProgram;
  readonly encoder: Encoder;
  /** Samples of a part at most, padding counted. */
  readonly samplesAtOnce: number;
  readonly speech: Speech;
}

/** The logits of utterances, one after the other in their order, each as if it were alone. */
export function logitsOf(
  recognising: Recognising,
  weights: RecognitionWeights,
  utterances: readonly Transcribed[],
): SplitLogits {
  return {
    count: utterances.length,
    async *read() {
      for (let start = 0; start < utterances.length; start += window)
        yield* await logitsOfSome(recognising, weights, utterances.slice(start, start + window));
    },
  };
}

async function logitsOfSome(
  { program, encoder, samplesAtOnce, speech }: Recognising,
  weights: RecognitionWeights,
  utterances: readonly Transcribed[],
): Promise<UtteranceLogits[]> {
  const lengths = utterances.map(({ samples }) => Math.max(samples, encoder.minimumSamples));
  const batches = packBatches(lengths, { samples: samplesAtOnce, multiple: 1 }, 0);
  const parts = batches.flatMap((rows) => partsOf(rows, lengths, samplesAtOnce, encoder));
  const found: UtteranceLogits[] = [];
  for (const [at, part] of parts.entries()) {
    const soon = parts[at + 1]?.rows ?? [];
    speech.expect(soon.map((row) => utterances[row] as Transcribed));
    const own = part.rows.map((row) => utterances[row] as Transcribed);
    const logits = await logitsOfPart(
      program,
      encoder,
      weights,
      part,
      await Promise.all(own.map(speech.read)),
    );
    for (const [i, row] of part.rows.entries()) {
      const { utterance, text } = own[i] as Transcribed;
      const { speaker } = utterance.columns;
      found[row] = {
        id: utterance.id,
        text,
        ...(speaker && { speaker }),
        logits: logits[i] as Float32Array,
      };
    }
  }
  return found;
}

/** [frames, tokens] of every row. */
async function logitsOfPart(
  program: RecognitionProgram,
  encoder: Encoder,
  weights: RecognitionWeights,
  part: Part,
  samples: readonly Float32Array[],
): Promise<Float32Array[]> {
  const speech = waveformBatch(encoder, samples, part);
  const { logits } = await program.run({ ...weights, speech });
  const [, frames, tokens] = logits.shape as [number, number, number];
  return samples.map((each, row) => {
    const own = framesOf(encoder, { samples: each.length });
    const start = row * frames * tokens;
    return floatsOf(logits).slice(start, start + own * tokens);
  });
}
