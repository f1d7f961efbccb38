/** @file Tests of tar files as lists of members: formats of others, long and foreign names, and what is damaged. */
import { mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sourceOf } from '../base/byte-source.js';
import { tarMembers } from './tar.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-tar-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Names and contents of all members. */
async function membersOf(bytes: Uint8Array): Promise<[string, string][]> {
  const file = join(folder, 'x.tar');
  await writeFile(file, bytes);
  const handle = await open(file);
  try {
    const source = sourceOf(handle, file, bytes.length);
    const members: [string, string][] = [];
    for await (const { name, offset, bytes: size } of tarMembers(source))
      members.push([name, Buffer.from(await source.read(offset, size)).toString('latin1')]);
    return members;
  } finally {
    await handle.close();
  }
}

type Headers = Parameters<ReturnType<typeof pack>['entry']>[0];

async function tarOf(entries: readonly (readonly [Headers, string])[]): Promise<Buffer> {
  const stream = pack();
  for (const [header, content] of entries) stream.entry(header, content);
  stream.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

describe('tarMembers', () => {
  it('lists files with the places of their bytes, whatever their names', async () => {
    const long = `${'folder/'.repeat(40)}file.wav`;
    const names = ['a.wav', 'b/c.flac', long, 'd/\u00fc\u4e09.wav'];
    const bytes = await tarOf([
      [{ name: 'b', type: 'directory' }, ''],
      ...names.map((name) => [{ name }, `of ${name.slice(-8)}`] as const),
      [{ name: 'link', type: 'symlink', linkname: 'a.wav' }, ''],
      [{ name: 'empty' }, ''],
    ]);
    expect(await membersOf(bytes)).toEqual([
      ...names.map((name) => [name, Buffer.from(`of ${name.slice(-8)}`).toString('latin1')]),
      ['empty', ''],
    ]);
    // Some writers leave out the two blocks of zeros at the end.
    expect(await membersOf(bytes.subarray(0, bytes.length - 1024))).toHaveLength(5);
  });

  it("lists what Python's tarfile wrote", async () => {
    // By test/fixtures/scripts/toolkits.py, through WebDataset's TarWriter.
    const bytes = await readFile('test/fixtures/toolkits/webdataset/train-000000.tar');
    const members = await membersOf(bytes);
    expect(members.map(([name]) => name)).toEqual([
      's1/utt-1.flac',
      's1/utt-1.json',
      's1/utt-2.cls',
      's1/utt-2.txt',
      's1/utt-2.wav',
      'no-audio.txt',
      `s2/${'long-'.repeat(24)}utt.flac`,
      `s2/${'long-'.repeat(24)}utt.txt`,
      's2/\u00fctt.ogg',
      's2/\u00fctt.txt',
    ]);
    expect(members[0]?.[1].startsWith('fLaC')).toBe(true);
    expect(members[7]?.[1]).toBe('three');
  });

  it('refuses what is none, is compressed, or is cut off', async () => {
    const bytes = await tarOf([[{ name: 'a.wav' }, 'x'.repeat(2000)]]);
    await expect(membersOf(Buffer.from('text'.repeat(300)))).rejects.toThrow('is not a tar file');
    await expect(membersOf(gzipSync(bytes))).rejects.toThrow(
      'is compressed: its files cannot be read in place',
    );
    await expect(membersOf(bytes.subarray(0, 1500))).rejects.toThrow(
      "'a.wav' declares 2000 bytes, but 988 are left",
    );
    const flipped = Buffer.from(bytes);
    flipped[3] = 65;
    await expect(membersOf(Buffer.concat([bytes.subarray(0, 2560), flipped]))).rejects.toThrow(
      'no header at byte 2560',
    );
  });
});
