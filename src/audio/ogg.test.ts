/** @file Tests of Ogg files that are not one whole stream: joined, cut out of a longer one, damaged. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checksumOf } from './ogg-pages.js';
import { audioSeconds, readAudio } from './read.js';

const fixture = (name: string): string =>
  fileURLToPath(new URL(`../../test/fixtures/audio/${name}`, import.meta.url));

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-ogg-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function written(bytes: Uint8Array): Promise<string> {
  const path = join(folder, 'x.ogg');
  await writeFile(path, bytes);
  return path;
}

const samplesOf = async (bytes: Uint8Array): Promise<Float32Array> => readAudio(await written(bytes));

/** The pages of a file, each a copy. */
async function pagesOf(name: string): Promise<Buffer[]> {
  const whole = await readFile(fixture(name));
  const starts: number[] = [];
  for (let at = whole.indexOf('OggS'); at >= 0; at = whole.indexOf('OggS', at + 1)) starts.push(at);
  return starts.map((start, i) => Buffer.from(whole.subarray(start, starts[i + 1])));
}

/** A page with another granule position, another place in the order, other flags; its checksum is right. */
function changed(
  page: Buffer,
  { granule, sequence, flags }: { granule?: bigint; sequence?: number; flags?: number },
): Buffer {
  const copy = Buffer.from(page);
  if (granule !== undefined) copy.writeBigInt64LE(granule, 6);
  if (sequence !== undefined) copy.writeUInt32LE(sequence, 18);
  if (flags !== undefined) copy[5] = flags;
  copy.writeUInt32LE(checksumOf(copy), 22);
  return copy;
}

const granuleOf = (page: Buffer): bigint => page.readBigInt64LE(6);

/** Rates of the granule positions, and pages of headers. */
const streams = [
  ['vorbis-pages.ogg', 16000, 2],
  ['opus-pages.opus', 48000, 2],
] as const;

describe.each(streams)('%s', (name, rate, headerPages) => {
  it('reads streams that are joined to all of their samples, of one serial number or of several', async () => {
    const pages = await pagesOf(name);
    const once = await readAudio(fixture(name));
    expect(once).toHaveLength(8000);
    const twice = Buffer.concat([...pages, ...pages]);
    const both = await samplesOf(twice);
    expect(both).toHaveLength(16000);
    // At the joint the filter that changes the rate sees both.
    expect(both.subarray(0, 7800)).toEqual(once.subarray(0, 7800));
    expect(both.subarray(8200)).toEqual(once.subarray(200));
    expect(await audioSeconds(await written(twice))).toBe(1);
    const others = pages.map((page) => {
      const copy = Buffer.from(page);
      copy.writeUInt32LE(4711, 14);
      return changed(copy, {});
    });
    const thrice = Buffer.concat([...others, ...pages, ...others]);
    expect(await samplesOf(thrice)).toHaveLength(24000);
    const part = await readAudio(await written(thrice), { startSeconds: 0.5, durationSeconds: 0.5 });
    expect(part.subarray(200, 7800)).toEqual(once.subarray(200, 7800));
  });

  it('reads what was cut out of a longer stream: positions start late, and there may be no end', async () => {
    const pages = await pagesOf(name);
    const hour = BigInt(3600 * rate);
    const late = pages.map((page, i) =>
      i < headerPages ? page : changed(page, { granule: granuleOf(page) + hour, sequence: i + 9000 }),
    );
    const whole = await readAudio(fixture(name));
    expect(await samplesOf(Buffer.concat(late))).toEqual(whole);
    const openEnd = await samplesOf(Buffer.concat(late.slice(0, -2)));
    expect(openEnd.length).toBeGreaterThan(6000);
    expect(openEnd.length).toBeLessThan(8000);
    expect(openEnd.subarray(0, 6000)).toEqual(whole.subarray(0, 6000));
    // Joined a little later: what is there is read, and no more is said to be.
    const joined = [...pages.slice(0, headerPages), ...pages.slice(headerPages + 4)];
    const path = await written(Buffer.concat(joined));
    expect(await audioSeconds(path)).toBeCloseTo((await readAudio(path)).length / 16000, 4);
    expect((await readAudio(path)).length).toBeLessThan(7500);
  });

  it('reads a stream whose last page is empty and has no position', async () => {
    const pages = await pagesOf(name);
    const last = pages.at(-1) as Buffer;
    const open = changed(last, { flags: 0 });
    const empty = changed(Buffer.concat([last.subarray(0, 26), Buffer.from([0])]), {
      granule: -1n,
      sequence: pages.length,
      flags: 4,
    });
    const bytes = Buffer.concat([...pages.slice(0, -1), open, empty]);
    expect(await samplesOf(bytes)).toEqual(await readAudio(fixture(name)));
  });

  it('says that it is damaged where any byte of a page was changed', async () => {
    const whole = await readFile(fixture(name));
    for (const share of [0.3, 0.6, 0.9]) {
      const damaged = Buffer.from(whole);
      const at = Math.floor(whole.length * share);
      damaged[at] = (damaged[at] as number) ^ 0x10;
      await expect(samplesOf(damaged)).rejects.toThrow(/the Ogg file is truncated or damaged: /);
      await expect(audioSeconds(await written(damaged))).rejects.toThrow(/truncated or damaged/);
    }
  });

  it('says that a page is missing in the middle or at the end', async () => {
    const pages = await pagesOf(name);
    const without = [...pages.slice(0, 6), ...pages.slice(7)];
    await expect(samplesOf(Buffer.concat(without))).rejects.toThrow('a page is missing');
    await expect(samplesOf(Buffer.concat(pages.slice(0, -1)))).rejects.toThrow('its last page is missing');
  });

  it('passes what was put behind the last page, and another stream beside it', async () => {
    const pages = await pagesOf(name);
    const expected = await readAudio(fixture(name));
    expect(await samplesOf(Buffer.concat([...pages, Buffer.from('TAG'.padEnd(128))]))).toEqual(expected);
    const skeleton = Buffer.concat([
      Buffer.from((pages[0] as Buffer).subarray(0, 26)),
      Buffer.from([8, ...Buffer.from('fishead\0')]),
    ]);
    skeleton.fill(0, 14, 18);
    // One segment of eight bytes.
    const beside = changed(
      Buffer.concat([skeleton.subarray(0, 26), Buffer.from([1, 8]), Buffer.from('fishead\0')]),
      {},
    );
    expect(await samplesOf(Buffer.concat([beside, ...pages]))).toEqual(expected);
  });
});

it('refuses streams of several rates in one file, since a part of it would be too fast', async () => {
  const both = Buffer.concat([...(await pagesOf('vorbis-pages.ogg')), ...(await pagesOf('vorbis.ogg'))]);
  await expect(samplesOf(both)).rejects.toThrow('the sample rate changes from 16000 to 22050 Hz');
});
