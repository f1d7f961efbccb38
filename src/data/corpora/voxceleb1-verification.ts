/** @file VoxCeleb1 for speaker verification: all speakers but those of the trials to learn from, and files of trials. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../base/errors.js';
import { randomStream } from '../../base/random.js';
import {
  type Corpus,
  type CorpusOptions,
  type CorpusRow,
  countRemark,
  firstThere,
  linesOf,
  missingRemark,
  notThere,
} from './corpus.js';
import { audioFolders } from './voxceleb1.js';
import { filesBelow } from './walk.js';

/** Of https://www.robots.ox.ac.uk/~vgg/data/voxceleb/vox1.html, verification split; trials of s3prl's list, half of them targets. */
const known = { train: 148_642, test: 4715, trials: 37_720 } as const;

/** s3prl's list first, then the ones that are published with the corpus. */
const trialFiles = ['voxceleb1_test_v2.txt', 'veri_test.txt', 'veri_test2.txt'].flatMap((name) => [
  name,
  `meta/${name}`,
]);

/** As s3prl's dev list: so many speakers of the training set, so many trials of theirs. */
const held = { speakers: 40, trials: 20_000 } as const;

interface Trial {
  readonly same: boolean;
  readonly enrol: string;
  readonly test: string;
}

const idOf = (path: string): string => path.slice(0, -'.wav'.length).replaceAll('/', '-');
const speakerOf = (path: string): string => path.slice(0, path.indexOf('/'));

export const voxceleb1Verification: Corpus = {
  name: 'voxceleb1-verification',
  summary: 'VoxCeleb1, trials of its test speakers, the other speakers for training (asv)',
  understands: ['trials', 'devTrials'],
  async find(root, options) {
    const remarks: string[] = [];
    const files = await wavsOf(root, remarks);
    const list = options.trials ?? firstThere(root, trialFiles);
    if (list === undefined) throw notThere(root, "VoxCeleb1's list of trials", trialFiles);
    const test = await readTrials(list);
    const ofTest = new Set(test.flatMap(({ enrol, test: other }) => [speakerOf(enrol), speakerOf(other)]));
    const others = [...files.keys()].filter((path) => !ofTest.has(speakerOf(path))).sort();
    const dev = await devTrialsOf(options, others, remarks);
    const ofDev = new Set(dev.flatMap(({ enrol, test: other }) => [speakerOf(enrol), speakerOf(other)]));
    const wanted = {
      train: others.filter((path) => !ofDev.has(speakerOf(path))),
      dev: filesOf(dev),
      test: filesOf(test),
    };
    const rows: CorpusRow[] = [];
    for (const [split, paths] of Object.entries(wanted)) {
      const missing = paths.filter((path) => !files.has(path));
      remarks.push(...missingRemark(`${split}: of the trials`, missing));
      for (const path of paths) {
        const file = files.get(path);
        if (file !== undefined)
          rows.push({ id: idOf(path), file, split, columns: { speaker: speakerOf(path) } });
      }
    }
    if (rows.length === 0) throw notThere(root, 'audio of VoxCeleb1', ['dev/wav/id10001/VIDEO/00001.wav']);
    remarks.push(...countRemark('train and dev', others.length, known.train));
    if (test.length === known.trials) remarks.push(...countRemark('test', wanted.test.length, known.test));
    else remarks.push(`test: ${test.length} trials, expected ${known.trials} as in s3prl's list`);
    return { manifests: { asv: rows }, pairs: { 'asv-trials': pairsOf({ dev, test }) }, remarks };
  },
};

/** Audio by its path below a folder of speakers. */
async function wavsOf(root: string, remarks: string[]): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  for (const folder of audioFolders.filter((name) => existsSync(join(root, name)))) {
    if (folder === '.' && files.size > 0) continue;
    const below = join(root, folder);
    for (const name of await filesBelow(below, remarks))
      if (/^[^/]+\/[^/]+\/[^/]+\.wav$/.test(name) && !files.has(name)) files.set(name, join(below, name));
  }
  return files;
}

const filesOf = (trials: readonly Trial[]): string[] =>
  [...new Set(trials.flatMap(({ enrol, test }) => [enrol, test]))].sort();

/** @throws UserError for a line that is no trial */
async function readTrials(file: string): Promise<Trial[]> {
  return (await linesOf(file)).map((line, i) => {
    const [, target, enrol, test] =
      /^([01])\s+(\S+\/\S+\/\S+\.wav)\s+(\S+\/\S+\/\S+\.wav)\s*$/.exec(line) ?? [];
    if (target === undefined || enrol === undefined || test === undefined)
      throw new UserError(`invalid trial '${line}'`, {
        ...{ file, line: i + 1 },
        hint: 'Expected lines such as: 1 id10270/x6uYqmx31kE/00001.wav id10270/8jEAjG6SegY/00008.wav',
      });
    return { same: target === '1', enrol, test };
  });
}

/** The trials that choose checkpoints: those of a list, each once, or drawn here of speakers that are held out; none if so asked. */
async function devTrialsOf(
  { devTrials }: CorpusOptions,
  paths: readonly string[],
  remarks: string[],
): Promise<readonly Trial[]> {
  if (devTrials === 'none') return [];
  if (devTrials === undefined) {
    const drawn = drawTrials(paths);
    const speakers = new Set(drawn.map(({ enrol }) => speakerOf(enrol))).size;
    remarks.push(
      `dev: ${drawn.length} random trials of ${speakers} speakers that are not in train (--dev-trials LIST or none to change this)`,
    );
    return drawn;
  }
  const all = await readTrials(devTrials);
  const seen = new Set<string>();
  const once = all.filter(({ enrol, test }) => {
    const key = `${enrol} ${test}`;
    return enrol !== test && seen.size < seen.add(key).size;
  });
  if (once.length < all.length)
    remarks.push(
      `dev: ${all.length - once.length} duplicate trials, or trials of a file with itself, skipped`,
    );
  return once;
}

/** Trials of some speakers, half of them of one speaker: a matter of the files alone. */
function drawTrials(paths: readonly string[]): Trial[] {
  const bySpeaker = new Map<string, string[]>();
  for (const path of paths) bySpeaker.set(speakerOf(path), [...(bySpeaker.get(speakerOf(path)) ?? []), path]);
  const random = randomStream(1, 'verification: held out speakers');
  const able = [...bySpeaker].filter(([, own]) => own.length > 1);
  // At most a tenth of them, but the two that a trial of different ones needs.
  const count = Math.min(held.speakers, Math.max(2, Math.floor(bySpeaker.size / 10)));
  const chosen = random.shuffle(able).slice(0, count);
  const trials = new Map<string, Trial>();
  const most = Math.min(held.trials, chosen.reduce((sum, [, own]) => sum + own.length, 0) * 4);
  // Small corpora have fewer pairs than that: the draws end anyhow.
  for (let tries = 0; trials.size < most && tries < 20 * most; tries++) {
    const same = trials.size % 2 === 0;
    const [a = 0, b = 0] = random.shuffle([...chosen.keys()]);
    const [first, second] = [chosen[a]?.[1] ?? [], chosen[same ? a : b]?.[1] ?? []];
    const enrol = first[random.integer(first.length)] as string;
    const test = second[random.integer(second.length)] as string;
    if (enrol !== test) trials.set(`${enrol} ${test}`, { same, enrol, test });
  }
  return [...trials.values()];
}

function pairsOf(trials: Readonly<Record<'dev' | 'test', readonly Trial[]>>) {
  return {
    first: 'enrol',
    second: 'test',
    columns: ['split', 'enrol', 'test', 'target', 'enrol_speaker', 'test_speaker'],
    *rows() {
      for (const [split, own] of Object.entries(trials))
        for (const { same, enrol, test } of own)
          yield {
            ...{ split, enrol: idOf(enrol), test: idOf(test), target: same ? '1' : '0' },
            enrol_speaker: speakerOf(enrol),
            test_speaker: speakerOf(test),
          };
    },
  };
}
