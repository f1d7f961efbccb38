/** @file The end of a fine-tuning: its best weights recognise every split, and go into the folder with the record. */
import { sampleRateHz } from '../audio/index.js';
import { ownCommit } from '../base/package.js';
import { hashManifest } from '../data/manifest.js';
import { encoderOf } from '../encoders/checkpoint.js';
import { configure } from '../encoders/configured.js';
import { writeRecogniser } from '../encoders/recogniser.js';
import type { Parameters } from '../engine/tree.js';
import { type Finetuning, writeFinetuning } from '../results/finetuning-file.js';
import { recordedPath } from '../results/places.js';
import { encoderEntry, engineEntry } from '../results/record-entries.js';
import { type DecodedSplits, decodeSplits } from './decoding/decode-splits.js';
import type { FinetuneEnd, FinetuneState } from './loop.js';
import { compileRecognition, logitsOf } from './recognition.js';
import { samplesAtOnce } from './settings.js';
import { partsOfParameters } from './trained.js';
import type { FinetuneWork } from './work.js';

type Best = NonNullable<FinetuneState['best']>;

function bestOf({ state }: FinetuneEnd): Best {
  if (state.best === null) throw new Error('the last update ends with a look at dev');
  return state.best;
}

/**
 * Recognises dev and every further split with the best weights, greedily and with a language model where one is given.
 * @throws the signal's reason when it is aborted
 */
export async function recognised(work: FinetuneWork, end: FinetuneEnd): Promise<DecodedSplits> {
  const { options, folder, trained, letters, data, speech } = work;
  const { engine, settings, lm, quiet, signal } = options;
  const { encoder } = trained;
  const program = compileRecognition(engine, encoder);
  const weights = {
    trained: engine.hold<Parameters>(bestOf(end).parameters),
    frozen: engine.hold<Parameters>({}),
  };
  const recognising = { program, encoder, samplesAtOnce: samplesAtOnce(settings, engine.provider), speech };
  const splits = Object.entries(data.others).map(
    ([name, utterances]) => [name, logitsOf(recognising, weights, utterances)] as const,
  );
  try {
    return await decodeSplits({
      alphabet: letters.alphabet,
      splits: Object.fromEntries(splits),
      ...{ lm, scratch: folder.path, seed: settings.seed, quiet, signal },
    });
  } finally {
    await program.dispose();
    await weights.trained.release();
    await weights.frozen.release();
  }
}

/** Writes the folder's encoder with its output layer, then the record. */
export async function writeResult(
  { options, folder, training, letters, data }: FinetuneWork,
  end: FinetuneEnd,
  { splits, languageModel }: DecodedSplits,
  seconds: number,
): Promise<Finetuning> {
  const { encoder, settings, preset, engine, manifest, dev, root } = options;
  const best = bestOf(end);
  const { encoder: parameters, maskEmbedding, weight, bias } = partsOfParameters(best.parameters);
  const { config } = encoder;
  const recognition = { ...letters.alphabet, weight, bias };
  const { name, spec, hash: hashBefore } = encoder;
  const init = { name, spec: recordedPath(spec), hash: hashBefore };
  await writeRecogniser(folder.path, { config, parameters, maskEmbedding, recognition, training, init });
  const { hash } = encoderOf(encoder.name, folder.path, configure(config, folder.config), parameters);
  const commit = ownCommit();
  const { ids, audio } = training.data.train;
  return writeFinetuning(folder.path, {
    encoder: encoderEntry(encoder),
    result: { hash },
    manifest: { path: recordedPath(manifest), hash: await hashManifest(manifest, root) },
    ...(dev !== undefined && {
      devManifest: { path: recordedPath(dev), hash: await hashManifest(dev, root) },
    }),
    train: {
      utterances: data.train.length,
      seconds: data.train.reduce((sum, { samples }) => sum + samples, 0) / sampleRateHz,
      ...{ ids, audio, texts: training.data.texts },
    },
    preset,
    settings: { ...settings },
    seed: settings.seed,
    ...(data.fold !== undefined && { fold: data.fold }),
    tokens: [...letters.alphabet.tokens],
    updates: end.update,
    bestUpdate: best.update,
    curve: [...end.state.curve],
    skipped: [...data.skipped],
    splits,
    ...(languageModel !== undefined && { languageModel }),
    engine: engineEntry(engine),
    ...(commit !== undefined && { gitCommit: commit }),
    costs: {
      seconds,
      peakMemoryMB: process.resourceUsage().maxRSS / 1024,
      audioSeconds: end.state.audioSeconds,
    },
    createdAt: new Date().toISOString(),
  });
}
