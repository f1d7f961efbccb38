/** @file What a pre-training run leaves on disk. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { normals } from '../engine/engines.fixture.js';
import { readSafetensors } from '../formats/safetensors.js';
import { adamStart } from '../nn/adam.js';
import {
  checkpointFile,
  checkpointSteps,
  type RunFolder,
  readConfig,
  runFolder,
  stateFrom,
  trimLog,
  writeCheckpoint,
  writeConfig,
  writeEncoder,
} from './checkpoint.js';
import type { TrainingState } from './step.js';
import { melConfig } from './training.fixture.js';

const made: string[] = [];
let out: string;
let folder: RunFolder;
beforeEach(async () => {
  out = await mkdtemp(join(tmpdir(), 'ehmam-checkpoint-'));
  made.push(out);
  folder = runFolder(out);
});
afterAll(() => Promise.all(made.map((each) => rm(each, { recursive: true, force: true }))));

function stateOf(purpose: string): TrainingState {
  const student = { 'blocks.0.w': normals([2, 3], purpose), b: normals([3], purpose) };
  return {
    student,
    teacher: { b: normals([3], `${purpose} teacher`) },
    adam: {
      ...adamStart(student),
      second: { 'blocks.0.w': normals([2, 3], 'second'), b: normals([3], 'second') },
    },
  };
}

async function readState(step: number, expected: TrainingState): Promise<TrainingState> {
  const file = checkpointFile(folder, step);
  return stateFrom((await readSafetensors(file)).tensors, expected, file);
}

describe('a checkpoint', () => {
  it('gives back the state that was written', async () => {
    await writeCheckpoint(folder, 7, stateOf('a'), 2);
    expect(await readState(7, stateOf('b'))).toEqual(stateOf('a'));
  });

  it('is kept as long as it is among the last ones, by number and not by name', async () => {
    for (const step of [8, 9, 10, 11, 100]) await writeCheckpoint(folder, step, stateOf('a'), 3);
    expect(await checkpointSteps(folder)).toEqual([10, 11, 100]);
    await writeFile(join(folder.checkpoints, 'notes.txt'), 'mine');
    await writeCheckpoint(folder, 101, stateOf('a'), 1);
    expect((await readdir(folder.checkpoints)).sort()).toEqual(['notes.txt', 'step-101.safetensors']);
  });

  it('of other parameters is an error that names the file and the parameter', async () => {
    await writeCheckpoint(folder, 1, stateOf('a'), 1);
    const expected = stateOf('a');
    const wider = { ...expected, teacher: { b: normals([4], 'b') } };
    const more = { ...expected, student: { ...expected.student, extra: normals([1], 'b') } };
    await expect(readState(1, wider)).rejects.toThrow(
      /step-1\.safetensors: teacher b is missing or has another shape\. Start anew/,
    );
    await expect(readState(1, more)).rejects.toThrow(/student extra is missing/);
  });
});

describe('the settings of a run', () => {
  it('are read as they were written, and lie where an encoder is looked for', async () => {
    expect(await readConfig(folder)).toBeUndefined();
    await writeConfig(folder, melConfig);
    expect(await readConfig(folder)).toEqual(melConfig);
    const written = JSON.parse(await readFile(folder.config, 'utf8')) as { encoder: unknown };
    expect(written.encoder).toEqual(melConfig.encoder);
  });

  it.each(['{', '{}', '{"encoder": {"family": "ehmam"}, "training": {}}'])(
    'that are no settings (%s) are an error that names the file',
    async (text) => {
      await writeFile(folder.config, text);
      await expect(readConfig(folder)).rejects.toThrow(
        /config\.json: is not the settings of a pre-training run/,
      );
    },
  );
});

describe('the log', () => {
  const line = (step: number): string => `${JSON.stringify({ step, loss: 1 / step })}\n`;

  it('loses the steps that will be done again, and a line that was cut short', async () => {
    await writeFile(folder.log, `${line(1)}${line(2)}${line(3)}{"step":4,"lo`);
    await trimLog(folder, 2);
    expect(await readFile(folder.log, 'utf8')).toBe(line(1) + line(2));
  });

  it('is empty at the start, whatever was there', async () => {
    await trimLog(folder, 0);
    expect(await readFile(folder.log, 'utf8')).toBe('');
  });
});

it("the trained encoder is the student's weights, with the teacher's beside it", async () => {
  await writeEncoder(folder, stateOf('a'));
  expect((await readdir(out)).sort()).toEqual(['ema.safetensors', 'model.safetensors']);
});
