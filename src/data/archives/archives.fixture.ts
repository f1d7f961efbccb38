/** @file Archives for tests: tar, tar.gz and zip of given entries, honest and hostile. */
import { createWriteStream } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { crc32, createGzip, deflateRawSync } from 'node:zlib';
import { type Headers, pack } from 'tar-stream';

export type Entries = readonly (readonly [header: Headers, content?: string | Buffer])[];

/** Writes a tar file, through gzip where its name says so. */
export async function writeTar(file: string, entries: Entries): Promise<void> {
  const stream = pack();
  for (const [header, content] of entries) stream.entry(header, content ?? '');
  stream.finalize();
  const out = createWriteStream(file);
  await (file.endsWith('gz') ? pipeline(stream, createGzip(), out) : pipeline(stream, out));
}

/** Every file below a folder as entries. */
export async function entriesOf(folder: string): Promise<Entries> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const names = files.map((file) => file.slice(folder.length + 1)).sort();
  return Promise.all(names.map(async (name) => [{ name }, await readFile(join(folder, name))] as const));
}

/** Writes a zip file: deflated entries, with the attributes that Unix keeps there. */
export async function writeZip(
  file: string,
  entries: readonly { readonly name: string; readonly content: string | Buffer; readonly mode?: number }[],
): Promise<void> {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, content, mode = 0o100644 } of entries) {
    const data = Buffer.from(content);
    const packed = deflateRawSync(data);
    const shared = Buffer.alloc(26);
    shared.writeUInt16LE(20, 0);
    shared.writeUInt16LE(8, 4);
    shared.writeUInt32LE(crc32(data), 10);
    shared.writeUInt32LE(packed.length, 14);
    shared.writeUInt32LE(data.length, 18);
    shared.writeUInt16LE(Buffer.byteLength(name), 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04'), shared, Buffer.from(name), packed]);
    const more = Buffer.alloc(14);
    more.writeUInt32LE(mode * 0x10000, 6);
    more.writeUInt32LE(offset, 10);
    // Made on Unix: the attributes are its own.
    directory.push(Buffer.from('PK\x01\x02'), Buffer.from([20, 3]), shared, more, Buffer.from(name));
    parts.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  await writeFile(file, Buffer.concat([...parts, central, end]));
}
