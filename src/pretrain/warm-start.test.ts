/** @file Pre-training that goes on from a checkpoint: which weights it takes, what starts anew, what is refused. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HostParameters, HostTensor } from '../base/host-tensor.js';
import type { Utterance } from '../data/manifest.js';
import { encoderSpecs, predictorSpecs } from '../encoders/families/ehmam-parameters.js';
import { readOfficialCheckpoint } from '../encoders/official/weights.js';
import { writeSafetensors } from '../formats/safetensors.js';
import { planPretraining } from '../suite/pretraining.js';
import type { PretrainConfig } from './config.js';
import { runDataOf } from './run-data.js';
import { type RunFolder, readRun, runFolder, writeConfig, writeEncoder } from './run-folder.js';
import { startState } from './start-state.js';
import { pretrain } from './train.js';
import {
  interrupting,
  logOf,
  melConfig,
  oneStepConfig,
  trainingEngine,
  weightsOf,
  writeUtterances,
} from './training.fixture.js';
import { readWarmStart } from './warm-start.js';

let root: string;
let utterances: Utterance[];
/** A run that ended with the weights that a run of another seed starts with. */
let start: RunFolder;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'ehmam-warm-'));
  utterances = await writeUtterances(root);
  start = await written('start', startState({ ...melConfig, seed: 77 }));
});
afterAll(() => rm(root, { recursive: true, force: true }));

async function written(name: string, state: ReturnType<typeof startState>): Promise<RunFolder> {
  const folder = runFolder(join(root, name));
  await writeConfig(folder, { config: melConfig, data: await runDataOf(utterances) });
  await writeEncoder(folder, state);
  return folder;
}

const official = 'test/fixtures/ehmam-official/tiny.pt';

const namesThatDiffer = (these: HostParameters, those: HostParameters): string[] =>
  Object.entries(these).flatMap(([name, { data }]) => {
    const other = those[name]?.data;
    return other !== undefined && data.every((value, i) => value === other[i]) ? [] : [name];
  });

/** @param signal stops the run after an update */
const train = async (name: string, config: PretrainConfig, init?: string, signal?: AbortSignal) => {
  const engine = await trainingEngine();
  const controller = new AbortController();
  return pretrain({
    config,
    utterances,
    init: init === undefined ? undefined : await readWarmStart(init),
    out: join(root, name),
    engine: signal === undefined ? engine : interrupting(engine, 1, () => controller.abort()),
    signal: signal === undefined ? undefined : controller.signal,
    resume: true,
    quiet: true,
  });
};

describe('a run that starts with the weights of another', () => {
  it('makes the update that a run with these weights makes first, with moments and schedule anew', async () => {
    // Seed 3 draws these weights for the run without --init, and they lie in a folder for the other.
    const same = await written('of seed 3', startState(oneStepConfig));
    await train('drawn', oneStepConfig);
    await train('read', oneStepConfig, same.path);
    expect(await logOf(join(root, 'read'))).toEqual(await logOf(join(root, 'drawn')));
    expect(await weightsOf(join(root, 'read'))).toEqual(await weightsOf(join(root, 'drawn')));
    await train('other', oneStepConfig, start.path);
    expect(await weightsOf(join(root, 'other'))).not.toEqual(await weightsOf(join(root, 'drawn')));
  });

  it('keeps name and hash of the checkpoint, goes on after a stop to the same bytes, and with no other start', async () => {
    const config = { ...melConfig, optimizer: { ...melConfig.optimizer, steps: 2 }, checkpointEvery: 1 };
    await train('whole', config, start.path);
    const stopped = await train('stopped', config, start.path, new AbortController().signal);
    expect(stopped).toMatchObject({ steps: 1, finished: false });
    const { origin } = await readWarmStart(start.path);
    expect(await readRun(runFolder(join(root, 'stopped')))).toMatchObject({ init: origin });
    await expect(train('stopped', config, join(root, 'of seed 3'))).rejects.toThrow(
      /the run in this folder has a different start: it started from .*start \([0-9a-f]{8}\), not from .*of seed 3/,
    );
    await expect(train('stopped', config)).rejects.toThrow(
      /not with new weights\. Resume with --init .*start/,
    );
    await train('stopped', config, start.path);
    expect(await weightsOf(join(root, 'stopped'))).toEqual(await weightsOf(join(root, 'whole')));
  });
});

describe('the start that is read', () => {
  it("of the official trainer's file has all of student and teacher", async () => {
    const { origin, encoder, topBlocks, ...init } = await readWarmStart(official);
    const file = await readOfficialCheckpoint(official);
    expect({ fresh: origin.fresh, encoder, topBlocks }).toEqual({
      fresh: [],
      encoder: file.config,
      topBlocks: file.topBlocks,
    });
    const { student, teacher, adam } = startState({ encoder, seed: 1 }, init);
    expect(Object.keys(student).sort()).toEqual(Object.keys(file.student).sort());
    expect(namesThatDiffer(student, file.student)).toEqual([]);
    expect(namesThatDiffer(teacher, file.teacher ?? {})).toEqual([]);
    expect(Object.values(adam.first).every(({ data }) => data.every((value) => value === 0))).toBe(true);
  });

  it('of an encoder alone takes it for student and teacher; decoder and loss predictor are drawn', async () => {
    const { encoder, seed } = melConfig;
    const folder = runFolder(join(root, 'alone'));
    const { student } = startState({ encoder, seed: 77 });
    const own = Object.keys(encoderSpecs(encoder));
    await writeSafetensors(
      folder.student,
      Object.fromEntries(own.map((name) => [name, student[name] as HostTensor])),
    );
    await writeFile(folder.config, JSON.stringify({ encoder }));
    const init = await readWarmStart(folder.path);
    expect(init.origin.fresh).toEqual(['decoder', 'loss predictor', 'teacher']);
    const [begun, drawn] = [startState({ encoder, seed }, init), startState({ encoder, seed })];
    const taught = Object.keys(begun.teacher);
    expect(taught).toEqual(Object.keys(drawn.teacher));
    expect(namesThatDiffer(begun.teacher, begun.student)).toEqual([]);
    expect(
      namesThatDiffer(
        Object.fromEntries(own.map((name) => [name, begun.student[name] as HostTensor])),
        student,
      ),
    ).toEqual([]);
    const drawnAnew = namesThatDiffer(drawn.student, student).filter((name) => !own.includes(name));
    expect(namesThatDiffer(begun.student, student)).toEqual(drawnAnew);
    expect(drawnAnew).toContain(Object.keys(predictorSpecs(encoder))[0]);
    const { remarks } = await planPretraining({ init: folder.path });
    expect(remarks).toEqual([
      "no preset has the sizes of alone: batches and schedule of the preset 'tiny' are used",
      'alone has no decoder: initialised from the seed',
      'alone has no loss predictor: initialised from the seed',
      'alone has no teacher: copied from the student',
    ]);
  });

  it.each([
    [
      'test/fixtures/huggingface/hubert-layer',
      /hubert-layer' is an encoder of the family 'hubert', which cannot be pre-trained\. Families that can be: ehmam/,
    ],
    ['fbank', /of the family 'fbank', which cannot be pre-trained/],
    ['random:tiny', /has no weights to start from\. Use --preset tiny/],
  ])('is refused from %s', async (spec, message) => {
    await expect(readWarmStart(spec)).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(message),
    });
  });

  it('is refused where a part of it is not whole', async () => {
    const state = startState(melConfig);
    const [first] = Object.keys(predictorSpecs(melConfig.encoder)) as [string];
    const { [first]: _, ...student } = state.student;
    const { path } = await written('holed', { ...state, student });
    await expect(readWarmStart(path)).rejects.toThrow(`${first} of the loss predictor is missing`);
  });
});

describe('the settings of such a run', () => {
  it('have the sizes of the checkpoint, and the schedule of its preset', async () => {
    const { config, remarks } = await planPretraining({ init: start.path, steps: 5, seed: 9 });
    expect(config).toMatchObject({ encoder: melConfig.encoder, seed: 9, optimizer: { steps: 5 } });
    expect(config.teacher.topBlocks).toBe(melConfig.teacher.topBlocks);
    expect(remarks).toHaveLength(1);
  });

  it('refuse a preset and a file of other sizes, naming them; other dropout is none', async () => {
    await expect(planPretraining({ init: start.path, preset: 'tiny' })).rejects.toThrow(
      /the preset 'tiny' has different sizes than .*start: frontend\.bins \(8 there, 80 here\), width \(32 there, 144 here\)/,
    );
    const file = join(root, 'wider.yaml');
    await writeFile(file, 'encoder: { width: 64, dropout: { layer: 0.1 } }\n');
    await expect(planPretraining({ init: start.path, config: file })).rejects.toThrow(
      /wider\.yaml: the configuration has different sizes than .*: width \(32 there, 64 here\)\. Sizes come from the checkpoint/,
    );
    await writeFile(file, 'encoder: { dropout: { layer: 0.1 } }\n');
    const { config } = await planPretraining({ init: start.path, config: file });
    expect(config.encoder.dropout.layer).toBe(0.1);
    expect(JSON.parse(await readFile(start.config, 'utf8'))).not.toHaveProperty('init');
  });
});
