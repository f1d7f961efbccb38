/** @file A disk that fills up while a run is under way: the system's error is made here, at a write of one's choice. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { UserError } from '../base/errors.js';
import type { Utterance } from '../data/manifest.js';
import { pretrain } from './train.js';
import { logOf, melConfig, trainingEngine, weightsOf, writeUtterances } from './training.fixture.js';

/** Whether a write to this file finds the disk full. */
const disk = vi.hoisted(() => ({ fullFor: (_file: string): boolean => false }));

vi.mock('node:fs/promises', async (original) => {
  const real = await original<typeof import('node:fs/promises')>();
  const noSpace = () =>
    Object.assign(new Error('ENOSPC: no space left on device, write'), { code: 'ENOSPC', syscall: 'write' });
  return {
    ...real,
    open: async (...given: Parameters<typeof real.open>) => {
      const handle = await real.open(...given);
      if (given[1] === 'wx' && disk.fullFor(String(given[0]))) {
        // A part reaches the disk.
        handle.writeFile = async () => {
          await handle.write('cut');
          throw noSpace();
        };
      }
      return handle;
    },
    appendFile: async (...given: Parameters<typeof real.appendFile>) => {
      if (!disk.fullFor(String(given[0]))) return real.appendFile(...given);
      await real.appendFile(given[0], String(given[1]).slice(0, 9));
      throw noSpace();
    },
  };
});

let folder: string;
let utterances: Utterance[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-full-'));
  utterances = await writeUtterances(folder);
  await train('whole');
});
beforeEach(() => {
  disk.fullFor = () => false;
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const outOf = (name: string): string => join(folder, name);

async function train(name: string, resume = false) {
  const engine = await trainingEngine();
  return pretrain({ config: melConfig, utterances, out: outOf(name), engine, quiet: true, resume });
}

describe('a full disk', () => {
  it.each([
    ['a checkpoint', /step-4\.safetensors/, ['step-2.safetensors']],
    ['the encoder', /model\.safetensors/, ['step-4.safetensors', 'step-6.safetensors']],
  ])('met by %s is one error, and the last good checkpoint stays', async (what, file, left) => {
    disk.fullFor = (path) => file.test(path);
    const error = await train(what).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UserError);
    expect(error).toMatchObject({
      exitCode: 1,
      message: expect.stringMatching(/: cannot be written \(ENOSPC.*\)\. The disk is full: free some space/),
    });
    expect((error as UserError).message).not.toContain('\n');
    expect((await readdir(join(outOf(what), 'checkpoints'))).sort()).toEqual(left);
    expect((await readdir(outOf(what))).filter((name) => /tmp$|^model/.test(name))).toEqual([]);
    disk.fullFor = () => false;
    expect(await train(what, true)).toMatchObject({ finished: true });
    expect(await weightsOf(outOf(what))).toEqual(await weightsOf(outOf('whole')));
  });

  it('met by the log is one error, and resuming hints the line that was cut', async () => {
    let lines = 0;
    disk.fullFor = (path) => path.endsWith('log.jsonl') && ++lines === 4;
    await expect(train('log')).rejects.toMatchObject({
      exitCode: 1,
      message: expect.stringMatching(/log\.jsonl: cannot be written \(ENOSPC/),
    });
    expect(await readFile(join(outOf('log'), 'log.jsonl'), 'utf8')).toMatch(/\n\{"step":4$/);
    expect(await train('log', true)).toMatchObject({ finished: true });
    expect(await logOf(outOf('log'))).toEqual(await logOf(outOf('whole')));
  });

  it('met by the very first write leaves nothing that would be taken for a run', async () => {
    disk.fullFor = (path) => path.includes('config.json');
    await expect(train('first')).rejects.toThrow(/config\.json: cannot be written/);
    expect(await readdir(outOf('first'))).toEqual([]);
    disk.fullFor = () => false;
    expect(await train('first')).toMatchObject({ finished: true });
  });
});
