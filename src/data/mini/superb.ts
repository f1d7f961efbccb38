/** @file Builds `mini-superb`: the mini suite, what six more tasks have besides, and manifests of all ten. */
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { stringify } from 'csv-stringify/sync';
import { encodeWav, readAudio } from '../../audio/index.js';
import { UserError } from '../../base/errors.js';
import { userCacheFolder, writeFileAtomic } from '../../base/files.js';
import { createProgress } from '../../base/progress.js';
import { type ManifestRow, writeManifest } from '../manifest.js';
import {
  buildMiniSuite,
  hashOfSuite,
  makeAudio,
  makeFolders,
  manifestOf,
  manifestRow,
  secondsOf,
} from './build.js';
import { type Checksums, readChecksums, writeChecksums } from './checksums.js';
import { mixed, type PlannedMixture, placedTurns, turnsText } from './mixture.js';
import { miniTasks, type PlannedUtterance, planSuite } from './plan.js';
import { miniRateHz } from './render.js';
import { slotsOf } from './slots.js';
import { judgingGroups, readSuperbSource, type SuperbSource } from './superb-definition.js';
import { documentsOf, planSuperb, type SuperbPlan } from './superb-plan.js';
import { audioPathOf } from './worker.js';

export interface MiniSuperbOptions {
  /** Where corpora are kept (default: the user's cache folder). */
  readonly cacheFolder?: string;
  /** No progress bar. */
  readonly quiet?: boolean;
  /** Synthesis threads (default: as many as the machine has cores). */
  readonly workers?: number;
  /** Ends the synthesis between two files: what is made stays. */
  readonly signal?: AbortSignal;
  /** Another definition than the package's own. */
  readonly source?: SuperbSource;
}

const ownTasks = ['pr', 'er', 'sf', 'asv', 'sd', 'qbe'] as const;
export const superbTasks = ['pr', 'asr', 'ks', 'qbe', 'sid', 'asv', 'sd', 'er', 'ic', 'sf'] as const;
type SuperbTask = (typeof superbTasks)[number];

/** Manifests of the ten tasks, and the files of pairs of those that judge pairs. */
export interface MiniSuperb {
  readonly root: string;
  readonly pretrain: string;
  readonly tasks: Readonly<Record<SuperbTask, string>>;
  readonly pairs: Readonly<Partial<Record<SuperbTask, string>>>;
}

/**
 * Made on first use, as the mini suite is: what is missing or damaged is made again, with the same bytes.
 * @throws UserError when a folder cannot be written or a synthesiser is not installed
 */
export async function buildMiniSuperb(options: MiniSuperbOptions = {}): Promise<MiniSuperb> {
  const source = options.source ?? (await readSuperbSource());
  const { superb, prose } = source;
  // The further test utterances of the mini suite are for its own tasks.
  const { moreTest: _, ...definition } = source.definition;
  const mini = await buildMiniSuite({ ...options, source });
  const hash = await hashOfSuite(definition, prose, superb);
  const root = join(options.cacheFolder ?? userCacheFolder(), `mini-superb-${hash}`);
  const miniPlan = planSuite({ definition, prose });
  const plan = planSuperb(source, miniPlan);
  await makeFolders(root, ['er', 'sd-speech', 'qbe', 'sd']);
  const whole = {
    ...definition,
    conditions: { ...definition.conditions, ...superb.conditions },
  };
  const noted = await readChecksums(root);
  const checksums = await makeAudio(root, whole, [...plan.er, ...plan.sdSpeech, ...plan.queries], options);
  const lengths = await speechLengths(root, plan);
  const mixtures = await makeMixtures(root, plan.mixtures, noted, { ...options, seed: definition.seed });
  const place: Place = { root, mini: mini.root };
  const rows: Readonly<Record<(typeof ownTasks)[number], readonly ManifestRow[]>> = {
    pr: await phoneRows(place, miniPlan),
    er: await rowsOf(place, plan.er),
    sf: await slotRows(place, miniPlan, source),
    asv: await rowsOf(place, plan.asv),
    sd: await mixtureRows(root, plan.mixtures, lengths),
    qbe: await rowsOf(place, [
      ...plan.queries,
      ...judgingGroups.flatMap((split) => documentsOf(miniPlan, split)),
    ]),
  };
  for (const task of ownTasks) await writeManifest(manifestOf(root, task), rows[task]);
  const pairs = await writePairs(root, plan);
  await writeChecksums(root, new Map([...checksums, ...mixtures]));
  return {
    root,
    pretrain: mini.pretrain,
    tasks: { ...tasksOf(root, ownTasks), ...mini.tasks },
    pairs,
  };
}

const tasksOf = <Name extends string>(root: string, names: readonly Name[]): Record<Name, string> =>
  Object.fromEntries(names.map((name) => [name, manifestOf(root, name)])) as Record<Name, string>;

/** Where the audio of the two corpora is. */
interface Place {
  readonly root: string;
  readonly mini: string;
}

const miniFolders: readonly string[] = miniTasks;

/** Rows of utterances; paths into the mini suite's folder are relative, too. */
async function rowsOf(
  { root, mini }: Place,
  utterances: readonly PlannedUtterance[],
): Promise<ManifestRow[]> {
  return Promise.all(
    utterances.map(async (utterance) => {
      if (!miniFolders.includes(utterance.part)) return manifestRow(root, utterance);
      const row = await manifestRow(mini, utterance);
      return { ...row, path: relative(root, join(mini, row.path)).replaceAll('\\', '/') };
    }),
  );
}

/** The sentences of recognition with their phones. */
async function phoneRows(place: Place, mini: readonly PlannedUtterance[]): Promise<ManifestRow[]> {
  // Large, and needed here alone.
  const { dictionary } = await import('cmu-pronouncing-dictionary');
  const phonesOf = (text: string): string =>
    text
      .split(' ')
      .map((word) => {
        const phones = dictionary[word];
        if (phones === undefined)
          throw new UserError(`the dictionary has no phones of '${word}'`, { hint: 'Use another word' });
        return phones;
      })
      .join(' ');
  const sentences = mini
    .filter(({ part }) => part === 'asr')
    .map((utterance) => ({ ...utterance, columns: { phones: phonesOf(utterance.spoken) } }));
  return rowsOf(place, sentences);
}

/** The commands with their slots. */
async function slotRows(
  place: Place,
  mini: readonly PlannedUtterance[],
  { definition }: SuperbSource,
): Promise<ManifestRow[]> {
  const commands = mini
    .filter(({ part }) => part === 'ic')
    .map((utterance) => ({ ...utterance, columns: { slots: slotsOf(utterance, definition.intents) } }));
  return rowsOf(place, commands);
}

/** Samples of every dry utterance, by its id. */
async function speechLengths(root: string, { sdSpeech }: SuperbPlan): Promise<ReadonlyMap<string, number>> {
  const lengths = await Promise.all(
    sdSpeech.map(async (utterance): Promise<[string, number]> => {
      const seconds = await secondsOf(join(root, audioPathOf(utterance)));
      return [utterance.id, Math.round(seconds * miniRateHz)];
    }),
  );
  return new Map(lengths);
}

const mixturePath = ({ id }: PlannedMixture): string => `audio/sd/${id}.wav`;

async function mixtureRows(
  root: string,
  mixtures: readonly PlannedMixture[],
  lengths: ReadonlyMap<string, number>,
): Promise<ManifestRow[]> {
  return Promise.all(
    mixtures.map(async (mixture) => {
      const turns = placedTurns(
        mixture,
        mixture.turns.map(({ speech }) => lengths.get(speech.id) as number),
      );
      const path = mixturePath(mixture);
      const duration = await secondsOf(join(root, path));
      return { id: mixture.id, path, duration, split: mixture.split, turns: turnsText(turns) };
    }),
  );
}

/** Mixes what is not there as it was noted; the checksums of all mixtures. */
async function makeMixtures(
  root: string,
  mixtures: readonly PlannedMixture[],
  noted: Checksums,
  { quiet, seed }: Pick<MiniSuperbOptions, 'quiet'> & { readonly seed: number },
): Promise<Checksums> {
  const checksums = new Map<string, string>();
  const progress = createProgress('mini-superb: mix', mixtures.length, {
    ...(quiet !== undefined && { quiet }),
  });
  const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
  try {
    for (const [i, mixture] of mixtures.entries()) {
      const path = mixturePath(mixture);
      const file = join(root, path);
      const there = await readFile(file).catch(() => undefined);
      const known = noted.get(path);
      if (there === undefined || known === undefined || digest(there) !== known) {
        const speech: Float32Array[] = [];
        for (const turn of mixture.turns) speech.push(await readAudio(join(root, audioPathOf(turn.speech))));
        const wav = encodeWav(mixed(mixture, speech, seed), miniRateHz);
        await writeFile(file, wav);
        checksums.set(path, digest(wav));
      } else checksums.set(path, known);
      progress.update(i + 1);
    }
  } finally {
    progress.stop();
  }
  return checksums;
}

/** The trials of verification, and every query with every document. */
async function writePairs(
  root: string,
  { trials, pairsOfQueries }: SuperbPlan,
): Promise<MiniSuperb['pairs']> {
  const pairs = { asv: join(root, 'asv-trials.csv'), qbe: join(root, 'qbe-pairs.csv') };
  await writeFileAtomic(
    pairs.asv,
    stringify(
      trials.map(({ split, enrol, test }) => ({
        split,
        enrol: enrol.id,
        test: test.id,
        target: enrol.speaker?.id === test.speaker?.id ? 1 : 0,
        enrol_speaker: enrol.speaker?.id,
        test_speaker: test.speaker?.id,
      })),
      { header: true },
    ),
  );
  await writeFileAtomic(
    pairs.qbe,
    stringify(
      pairsOfQueries.map(({ split, query, document, occurs }) => ({
        split,
        query: query.id,
        document: document.id,
        target: occurs ? 1 : 0,
      })),
      { header: true },
    ),
  );
  return pairs;
}
