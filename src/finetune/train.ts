/** @file A fine-tuning from its data to its record: an encoder becomes a recogniser of speech. */
import { UserError } from '../base/errors.js';
import { sha256OfFile } from '../base/files.js';
import { createProgress } from '../base/progress.js';
import { sayingWhatToDo } from '../base/runtime-failures.js';
import { inputThreads } from '../data/input-threads.js';
import type { Encoder } from '../encoders/encoder.js';
import type { RecognitionLayer } from '../encoders/recognition.js';
import { runDataOf } from '../pretrain/run-data.js';
import { type Finetuning, readFinetuning } from '../results/finetuning-file.js';
import { keepByTime, usualSecondsBetweenCheckpoints } from '../training/keep-by-time.js';
import { scalarLog } from '../training/scalar-log.js';
import { waitingText } from '../training/waiting.js';
import { type FinetuneData, finetuneData, loadRows, textsDigest, trainingTexts } from './data.js';
import type { DecodingLm } from './decoding/settings.js';
import { type FinetuneEnd, type FinetuneLog, finetuneStateSchema, runFinetuning } from './loop.js';
import { recognised, writeResult } from './result.js';
import {
  beginFolder,
  checkFinetuneFolder,
  closeFolder,
  type FinetuneTraining,
  finetuneFolder,
  trainingDigest,
} from './run-folder.js';
import { openSpeech } from './speech.js';
import { chosenLetters, type Letters, lettersOfRecogniser } from './tokens.js';
import { trainable } from './trained.js';
import type { FinetuneOptions, FinetuneWork } from './work.js';

export type { FinetuneOptions } from './work.js';

export interface FinetuneResult {
  readonly finished: boolean;
  /** Updates done. */
  readonly updates: number;
  /** Where it is finished. */
  readonly record?: Finetuning;
}

/**
 * Fine-tunes an encoder with CTC into the folder `out`, which is then an encoder and a recogniser; recognises dev and every
 * further split with the weights that did best on dev, and writes the record. A training that is finished is left as it is.
 * @throws UserError for data, an encoder or a folder that it cannot be done with, and where a loss is not a number
 */
export async function finetune(options: FinetuneOptions): Promise<FinetuneResult> {
  const { encoder, settings, resume = false, say = () => undefined } = options;
  const trained = trainable(encoder, settings);
  const keptOutput = options.keepOutput ? await outputOf(encoder) : undefined;
  const rows = await loadRows(options);
  const letters =
    keptOutput === undefined
      ? chosenLetters(trainingTexts(rows), settings.alphabet)
      : lettersOfRecogniser(keptOutput);
  const data = await finetuneData(rows, letters, trained.encoder, say);
  const folder = finetuneFolder(options.out);
  const training = await trainingOf(options, letters, data);
  if ((await checkFinetuneFolder(folder, training, resume)) === 'finished') {
    const { record } = await readFinetuning(folder.path);
    await closeFolder(folder);
    return { finished: true, updates: record.updates, record };
  }
  const speech = openSpeech(
    [data.train, ...Object.values(data.others)].flat(),
    inputThreads(options.engine).decoding,
  );
  try {
    return await trainAndRecognise({ options, folder, training, trained, letters, keptOutput, data, speech });
  } finally {
    await speech.close();
  }
}

async function outputOf({ name, recognition }: Encoder): Promise<RecognitionLayer> {
  if (recognition !== undefined) return recognition();
  throw new UserError(`the encoder '${name}' has no output layer to keep`, {
    hint: 'Omit --keep-output to train a new one',
  });
}

async function trainingOf(
  { encoder, preset, settings, lm }: FinetuneOptions,
  { alphabet }: Letters,
  { train, others }: FinetuneData,
): Promise<FinetuneTraining> {
  const { name, hash } = encoder;
  const digests = (of: FinetuneData['train']) => runDataOf(of.map(({ utterance }) => utterance));
  return {
    kind: 'finetune',
    encoder: { name, hash },
    preset,
    settings,
    data: { train: await digests(train), dev: await digests(others.dev ?? []), texts: textsDigest(train) },
    tokens: [...alphabet.tokens],
    decoding: lm === undefined ? null : await decodingOf(lm),
  };
}

/** What files hold decides what is decoded, not where they lie. */
async function decodingOf({ arpa, lexicon, ...settings }: DecodingLm): Promise<unknown> {
  return {
    ...settings,
    arpa: await sha256OfFile(arpa),
    ...(lexicon !== undefined && { lexicon: await sha256OfFile(lexicon) }),
  };
}

const remedies = {
  lower: 'Lower batch.samplesAtOnce: updates stay the same; the last checkpoint is kept',
  again: 'Run the same command with --resume: the last checkpoint is kept',
};

async function trainAndRecognise(work: FinetuneWork): Promise<FinetuneResult> {
  const { options, folder, training, trained, letters, keptOutput, data, speech } = work;
  const { settings, engine, encoder, signal, say, onProgress = () => undefined, quiet = false } = options;
  const keeper = await keepByTime({
    file: folder.checkpoint,
    origin: { kind: 'finetune', digest: trainingDigest(training) },
    schema: finetuneStateSchema,
    everySeconds: options.checkpointSeconds ?? usualSecondsBetweenCheckpoints,
    title: `fine-tuning of ${encoder.name}`,
    say,
  });
  const first = keeper.restored?.update ?? 0;
  const progress = createProgress('fine-tune', settings.updates, { quiet, initial: first });
  const log = options.tensorboard === undefined ? undefined : scalarLog(options.tensorboard);
  let end: FinetuneEnd;
  try {
    const loop = (): Promise<FinetuneEnd> =>
      runFinetuning({
        ...{ engine, settings, speech, signal, keptOutput, keeper },
        ...{ trainable: trained, alphabet: letters.alphabet, log: folder.log },
        ...{ train: data.train, dev: data.others.dev ?? [] },
        begin: (updatesDone) => beginFolder(folder, encoder.config, training, updatesDone),
        report(line, waiting, wer, look) {
          log?.(line.step, {
            'loss/train': line.loss,
            learning_rate: line.learningRate,
            gradient_norm: line.gradientNorm,
            waiting_for_input: line.waiting,
            ...(look !== undefined && { 'dev/wer': look.wer }),
          });
          const note = noteOf(line, waiting, wer);
          progress.update(line.step, note);
          onProgress(line.step / settings.updates, note);
        },
      });
    end = await sayingWhatToDo(engine, remedies, loop);
  } finally {
    progress.stop();
  }
  const { state, interrupted, update } = end;
  if (interrupted) return { finished: false, updates: update };
  // What follows may be interrupted: no update is done again.
  if (first < settings.updates) await keeper.write(update, async () => state);
  const started = performance.now();
  const decoded = await recognised(work, end).catch((error: unknown) => {
    if (signal?.aborted) return undefined;
    throw error;
  });
  if (decoded === undefined) return { finished: false, updates: update };
  const spent = state.seconds + (performance.now() - started) / 1000;
  const record = await writeResult(work, end, decoded, spent);
  await closeFolder(folder);
  return { finished: true, updates: update, record };
}

/** What the progress says of an update, the most telling first. */
function noteOf(
  { loss, learningRate, gradientNorm }: FinetuneLog,
  waiting: number,
  wer: number | undefined,
): string {
  const dev = wer === undefined ? '' : ` dev ${(100 * wer).toFixed(1)} %`;
  return `loss ${loss.toFixed(1)}${dev} ${waitingText(waiting)} rate ${learningRate.toExponential(1)} grad ${gradientNorm.toPrecision(2)}`;
}
