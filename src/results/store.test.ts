/** @file Records are written whole, read back as they were, and refused with file and field when wrong. */
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { exampleRecord, newRecord } from './records.fixture.js';
import { readRecords, recordFolder, writeRecord } from './store.js';

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-results-'));
});
afterEach(() => rm(folder, { recursive: true }));

const lines = [
  { id: 'u1', prediction: { text: 'A' }, reference: { text: 'A' }, speaker: 's1' },
  { id: 'u2', prediction: { text: 'B' }, reference: { text: 'C' } },
];

describe('writeRecord', () => {
  it('writes record and predictions that read back as they were given', async () => {
    const { path } = await writeRecord(folder, newRecord(), lines);
    expect(path).toBe(join(folder, 'tiny', 'asr', 'record.json'));
    const [stored] = await readRecords([folder]);
    expect(stored?.record).toEqual({
      ...exampleRecord(),
      predictionsHash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    const predictions = await readFile(join(folder, 'tiny', 'asr', 'predictions.jsonl'), 'utf8');
    expect(
      predictions
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual(lines);
    expect(await readdir(join(folder, 'tiny', 'asr'))).toEqual(['predictions.jsonl', 'record.json']);
  });

  it('writes the same bytes for the same result', async () => {
    const { path } = await writeRecord(join(folder, 'a'), newRecord(), lines);
    const again = await writeRecord(join(folder, 'b'), newRecord(), lines);
    expect(await readFile(again.path, 'utf8')).toBe(await readFile(path, 'utf8'));
  });

  it('keeps names apart that a file system would not take', () => {
    expect(recordFolder('r', 'random:tiny', 'ks')).toBe(join('r', 'random%3Atiny', 'ks'));
    expect(recordFolder('r', '../up', 'ks')).toBe(join('r', '%2e.%2Fup', 'ks'));
  });

  it('refuses a value that is no number, before anything is written', async () => {
    const metrics = { wer: { value: Number.NaN, direction: 'lower' as const, utterances: 3 } };
    await expect(writeRecord(folder, newRecord({ metrics }), lines)).rejects.toThrow(/metrics/);
    expect(await readdir(folder)).toEqual([]);
  });

  it('names the folder that cannot be written', async () => {
    const file = join(folder, 'taken');
    await writeFile(file, '');
    await expect(writeRecord(file, newRecord(), lines)).rejects.toMatchObject({
      name: 'UserError',
      exitCode: 1,
      message: expect.stringContaining(join('taken', 'tiny', 'asr')),
    });
  });
});

describe('readRecords', () => {
  const put = async (name: string, text: string): Promise<string> => {
    const file = join(folder, name, 'record.json');
    await mkdir(join(folder, name), { recursive: true });
    await writeFile(file, text);
    return file;
  };

  it('finds records in order under folders and counts a record named twice once', async () => {
    const b = await put('b/ks', JSON.stringify(exampleRecord()));
    const a = await put('a/asr', JSON.stringify(exampleRecord()));
    expect((await readRecords([folder, b, join(folder, 'a')])).map((stored) => stored.path)).toEqual([a, b]);
  });

  it('names file and field of a wrong record', async () => {
    const { metrics } = exampleRecord();
    const bad = { ...exampleRecord(), metrics: { ...metrics, wer: { ...metrics.wer, value: 'low' } } };
    const file = await put('x', JSON.stringify(bad));
    await expect(readRecords([folder])).rejects.toMatchObject({
      exitCode: 2,
      message: expect.stringMatching(
        `^${file}:1:\\d+: invalid value for 'metrics\\.wer\\.value': expected a number, got "low"`,
      ),
    });
  });

  it('names a field that is missing and one that is not known', async () => {
    const { seed, ...rest } = exampleRecord();
    await put('x', JSON.stringify({ ...rest, sead: seed }));
    await expect(readRecords([folder])).rejects.toThrow(
      /missing key 'seed'\n.*unknown key 'sead'\. Did you mean 'seed'\?/s,
    );
  });

  it('says that a file is not JSON', async () => {
    await put('x', '{ "schemaVersion": 1,');
    await expect(readRecords([folder])).rejects.toThrow(
      /record\.json:1:22: invalid JSON: expected a key in double quotes/,
    );
  });

  it('sends the reader of a newer record to a newer ehmam', async () => {
    await put('x', JSON.stringify({ ...exampleRecord(), schemaVersion: 3 }));
    await expect(readRecords([folder])).rejects.toThrow(/schemaVersion 3; this ehmam supports 2/);
  });

  it('reads a record of schema 1 and leaves the paths of its machine behind', async () => {
    const record = exampleRecord();
    await put(
      'x',
      JSON.stringify({
        ...record,
        schemaVersion: 1,
        manifest: { ...record.manifest, path: '/data/speech/asr.csv' },
        encoder: { ...record.encoder, spec: '/data/runs/tiny' },
      }),
    );
    expect((await readRecords([folder]))[0]?.record).toEqual({
      ...record,
      manifest: { ...record.manifest, path: 'asr.csv' },
      encoder: { ...record.encoder, spec: 'tiny' },
    });
  });

  it('refuses a schema that no step leads from, by its number', async () => {
    await put('x', JSON.stringify({ ...exampleRecord(), schemaVersion: 0 }));
    await expect(readRecords([folder])).rejects.toThrow(/record\.json: unsupported schemaVersion 0/);
  });

  it('refuses a path of one machine in a record of today', async () => {
    const manifest = { ...exampleRecord().manifest, path: '/data/speech/asr.csv' };
    await expect(writeRecord(folder, newRecord({ manifest }), lines)).rejects.toThrow(/path of one machine/);
  });

  it('names a path that is not there, and folders that hold no record', async () => {
    await expect(readRecords([join(folder, 'nowhere')])).rejects.toThrow(/nowhere: no such file/);
    await expect(readRecords([folder])).rejects.toThrow(/no record\.json under/);
  });
});
