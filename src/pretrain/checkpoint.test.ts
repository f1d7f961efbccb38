/** @file The checkpoints of a pre-training: kept as the settings say, read again, refused where they are of something else. */
import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { normals } from '../engine/engines.fixture.js';
import { writeSafetensors } from '../formats/safetensors.js';
import { checkpointPath, checkpointUpdates } from '../training/keep-by-updates.js';
import { keepRun, newestState } from './checkpoint.js';
import { type RunFolder, runFolder } from './run-folder.js';
import type { TrainingState } from './step.js';
import { melConfig, stateOf } from './training.fixture.js';

const made: string[] = [];
let folder: RunFolder;
beforeEach(async () => {
  const out = await mkdtemp(join(tmpdir(), 'ehmam-checkpoint-'));
  made.push(out);
  folder = runFolder(out);
});
afterAll(() => Promise.all(made.map((each) => rm(each, { recursive: true, force: true }))));

const unsaid = (remark: string): never => {
  throw new Error(remark);
};
const open = (start: TrainingState, config = melConfig) => keepRun(folder, { config }, start, unsaid);

async function write(updates: readonly number[], keep: number): Promise<void> {
  const keeper = await open(stateOf('b'), { ...melConfig, keepCheckpoints: keep });
  for (const update of updates) await keeper.write(update, async () => stateOf('a'));
}

describe('a checkpoint', () => {
  it('gives back the state that was written', async () => {
    await write([7], 2);
    expect((await open(stateOf('b'), { ...melConfig, keepCheckpoints: 2 })).restored).toEqual({
      update: 7,
      state: stateOf('a'),
    });
    const newest = await newestState(folder, { config: { ...melConfig, keepCheckpoints: 2 } });
    expect(newest).toEqual({ state: stateOf('a'), file: checkpointPath(folder.checkpoints, 7) });
  });

  it('is kept as long as it is among the last ones, by number and not by name', async () => {
    await mkdir(folder.checkpoints);
    await writeFile(join(folder.checkpoints, 'notes.txt'), 'mine');
    await write([8, 9, 10, 11, 100], 3);
    expect(await checkpointUpdates(folder.checkpoints)).toEqual([10, 11, 100]);
    expect(await readdir(folder.checkpoints)).toHaveLength(4);
  });

  it('of other parameters is an error that names the file and the parameter', async () => {
    const keeper = await open(stateOf('b'));
    await keeper.write(1, async () => stateOf('a'));
    const expected = stateOf('a');
    const wider = { ...expected, teacher: { b: normals([4], 'b') } };
    const more = { ...expected, student: { ...expected.student, extra: normals([1], 'b') } };
    await expect(open(wider)).rejects.toThrow(
      /step-1\.safetensors: teacher b is missing or has the wrong shape\. Start again/,
    );
    await expect(open(more)).rejects.toThrow(/student extra is missing/);
  });

  it('of other settings is refused, whatever its shapes are', async () => {
    const keeper = await open(stateOf('b'));
    await keeper.write(1, async () => stateOf('a'));
    const slower = { ...melConfig, optimizer: { ...melConfig.optimizer, learningRate: 1e-4 } };
    await expect(open(stateOf('a'), slower)).rejects.toThrow(
      /step-1\.safetensors: .* of a different training/,
    );
  });

  it('of an earlier version is refused by name, for going on and for an analysis', async () => {
    const { student, teacher, adam } = stateOf('a');
    const trees = Object.entries({ student, teacher, ...adam }).flatMap(([group, tree]) =>
      Object.entries(tree).map(([name, tensor]) => [`${group}/${name}`, tensor]),
    );
    const file = checkpointPath(folder.checkpoints, 7);
    await writeSafetensors(file, Object.fromEntries(trees), { step: '7' });
    const refusal =
      /step-7\.safetensors: is a checkpoint of an earlier version .*\. Finish that training with the version/;
    await expect(open(stateOf('a'))).rejects.toThrow(refusal);
    await expect(newestState(folder, { config: melConfig })).rejects.toThrow(refusal);
    expect(await readdir(folder.checkpoints)).toEqual(['step-7.safetensors']);
  });

  it('that is not there yet is an error of an analysis', async () => {
    await expect(newestState(folder, { config: melConfig })).rejects.toThrow(/has no checkpoint yet/);
  });
});
