/** @file Tests of the checks over a whole manifest and of its digest. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hashManifest, loadUtterances } from './manifest.js';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-utterances-'));
  file = join(folder, 'm.csv');
  for (const [name, size] of [
    ['a.wav', 10],
    ['b.wav', 20],
    ['c.wav', 30],
  ] as const) {
    await writeFile(join(folder, name), new Uint8Array(size));
  }
});
afterEach(() => rm(folder, { recursive: true, force: true }));

const rows = 'id,path,split,label\n1,a.wav,train,x\n2,b.wav,dev,y\n3,c.wav,train,\n4,a.wav,train,z\n';

describe('loadUtterances', () => {
  it('keeps the splits asked for, in order', async () => {
    await writeFile(file, rows);
    const ids = async (splits?: string[]) =>
      (await loadUtterances(file, splits ? { splits } : {})).map(({ id }) => id);
    expect(await ids()).toEqual(['1', '2', '3', '4']);
    expect(await ids(['train'])).toEqual(['1', '3', '4']);
    expect(await ids(['dev', 'train'])).toEqual(['1', '2', '3', '4']);
  });

  it('leaves the columns out where they are not wanted', async () => {
    await writeFile(file, rows);
    const [kept] = await loadUtterances(file);
    const [bare] = await loadUtterances(file, { keepColumns: false });
    expect(kept?.columns.label).toBe('x');
    expect(bare).toEqual({ ...kept, columns: {} });
  });

  it('names both lines of a duplicate id, whatever the split', async () => {
    await writeFile(file, `${rows}2,a.wav,test,x\n`);
    await expect(loadUtterances(file, { splits: ['train'] })).rejects.toThrow(
      `${file}:6: duplicate id '2' (first used on line 3)`,
    );
  });

  it('names the line and the resolved path of the first missing file, and counts the others', async () => {
    await writeFile(file, `${rows}5,no/d.wav,train,x\n6,e.wav,dev,x\n7,no/f.wav,train,x\n`);
    await expect(loadUtterances(file, { splits: ['train'] })).rejects.toThrow(
      `${file}:6: audio file 'no/d.wav' not found at ${join(folder, 'no/d.wav')} (and 1 more of 4). ` +
        'If the audio is in another folder, pass it with --root',
    );
  });

  it('sees in whole folders what is missing, a folder, or a link', async () => {
    await mkdir(join(folder, 'many', '3.wav'), { recursive: true });
    const names = Array.from({ length: 20 }, (_, i) => `many/${i}.wav`);
    for (const name of names.filter((_, i) => i !== 3 && i !== 7 && i !== 9))
      await writeFile(join(folder, name), 'x');
    await symlink(join(folder, 'a.wav'), join(folder, 'many/7.wav'));
    await symlink(join(folder, 'nowhere'), join(folder, 'many/9.wav'));
    await writeFile(
      file,
      `id,path,split\n${names.map((name, i) => `${i},${name},train\n`).join('')}0a,a.wav,train\n`,
    );
    await expect(loadUtterances(file)).rejects.toThrow(
      `${file}:5: audio file 'many/3.wav' not found at ${join(folder, 'many/3.wav')} (and 1 more of 21)`,
    );
    expect(await loadUtterances(file, { mostMissing: 0.1 })).toHaveLength(21);
    await expect(loadUtterances(file, { keepColumns: false })).rejects.toThrow('many/3.wav');
  });

  it('does not take a folder for audio', async () => {
    await mkdir(join(folder, 'd'));
    await writeFile(file, 'id,path,split\n1,d,train\n');
    await expect(loadUtterances(file)).rejects.toThrow("audio file 'd' not found at");
  });

  it('lists the splits found when one asked for is empty', async () => {
    await writeFile(file, rows);
    await expect(loadUtterances(file, { splits: ['train', 'test'] })).rejects.toThrow(
      `${file}: no utterances in split 'test'. Its splits: train (3), dev (1)`,
    );
    await writeFile(file, 'id,path,split\n');
    await expect(loadUtterances(file)).rejects.toThrow(
      'no utterances. The manifest has a header, but no rows',
    );
  });

  it('wants the required columns filled in the splits asked for only', async () => {
    await writeFile(file, rows);
    await expect(loadUtterances(file, { columns: ['label'] })).rejects.toThrow(
      `${file}:4: column 'label' is empty`,
    );
    expect(await loadUtterances(file, { columns: ['label'], splits: ['dev'] })).toHaveLength(1);
  });

  it('wants a column of some splits filled in their rows alone, and in the header all the same', async () => {
    const columns = [{ name: 'label', splits: ['dev'] }];
    await writeFile(file, rows);
    expect(await loadUtterances(file, { columns })).toHaveLength(4);
    await writeFile(file, rows.replace('b.wav,dev,y', 'b.wav,dev,'));
    await expect(loadUtterances(file, { columns })).rejects.toThrow(`${file}:3: column 'label' is empty`);
    await expect(loadUtterances(file, { columns: [{ name: 'trials', splits: ['test'] }] })).rejects.toThrow(
      /the column 'trials' is missing/,
    );
  });
});

describe('hashManifest', () => {
  it('does not depend on quoting, line ends, the order of columns or the place', async () => {
    await writeFile(file, rows);
    const moved = join(folder, 'moved');
    await mkdir(moved);
    await writeFile(
      join(moved, 'other.csv'),
      '\ufeff"split",id,label,path\r\ntrain,"1",x,a.wav\r\ndev,2,y,b.wav\r\ntrain,3,,c.wav\r\ntrain,4,"z",a.wav\r\n',
    );
    const hash = await hashManifest(file);
    expect(hash).toMatch(/^[0-9a-f]{64}$/);
    expect(await hashManifest(join(moved, 'other.csv'), folder)).toBe(hash);
  });

  it('changes with a cell, the order of the rows, or the size or sound of an audio file', async () => {
    await writeFile(file, rows);
    const hashes = [await hashManifest(file)];
    await writeFile(file, rows.replace('z', 'y'));
    hashes.push(await hashManifest(file));
    await writeFile(
      file,
      'id,path,split,label\n2,b.wav,dev,y\n1,a.wav,train,x\n3,c.wav,train,\n4,a.wav,train,z\n',
    );
    hashes.push(await hashManifest(file));
    await writeFile(file, rows);
    await writeFile(join(folder, 'b.wav'), new Uint8Array(21));
    hashes.push(await hashManifest(file));
    await writeFile(join(folder, 'b.wav'), new Uint8Array(21).fill(1));
    hashes.push(await hashManifest(file));
    expect(new Set(hashes).size).toBe(5);
  });
});
