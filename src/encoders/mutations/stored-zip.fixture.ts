/** @file Zip files whose entries are stored uncompressed, with whatever names and contents a test wants. */

export interface ZipEntry {
  readonly name: string;
  readonly data: Uint8Array;
}

const localHeader = 0x04034b50;
const directoryHeader = 0x02014b50;
const directoryEnd = 0x06054b50;

/** The entries of a file that torch wrote. */
export function zipEntries(bytes: Uint8Array): ZipEntry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = new TextDecoder();
  const entries: ZipEntry[] = [];
  const end = lastIndexOf(view, directoryEnd);
  let at = view.getUint32(end + 16, true);
  while (view.getUint32(at, true) === directoryHeader) {
    const [size, nameLength, extra, comment] = [
      view.getUint32(at + 20, true),
      view.getUint16(at + 28, true),
      view.getUint16(at + 30, true),
      view.getUint16(at + 32, true),
    ];
    const local = view.getUint32(at + 42, true);
    const start = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    const name = text.decode(bytes.subarray(at + 46, at + 46 + nameLength));
    entries.push({ name, data: bytes.subarray(start, start + size) });
    at += 46 + nameLength + extra + comment;
  }
  return entries;
}

function lastIndexOf(view: DataView, signature: number): number {
  for (let at = view.byteLength - 22; at >= 0; at--) if (view.getUint32(at, true) === signature) return at;
  throw new Error('no zip file');
}

/** A zip file of these entries; checksums are left at zero, as nothing here looks at them. */
export function storedZip(entries: readonly ZipEntry[]): Uint8Array {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, data } of entries) {
    const bytes = Buffer.from(name);
    const local = Buffer.alloc(30);
    local.writeUInt32LE(localHeader);
    local.writeUInt16LE(20, 4);
    local.writeUInt32LE(data.length, 18);
    local.writeUInt32LE(data.length, 22);
    local.writeUInt16LE(bytes.length, 26);
    const header = Buffer.alloc(46);
    header.writeUInt32LE(directoryHeader);
    header.writeUInt16LE(20, 4);
    header.writeUInt16LE(20, 6);
    header.writeUInt32LE(data.length, 20);
    header.writeUInt32LE(data.length, 24);
    header.writeUInt16LE(bytes.length, 28);
    header.writeUInt32LE(offset, 42);
    parts.push(local, bytes, Buffer.from(data));
    directory.push(header, bytes);
    offset += 30 + bytes.length + data.length;
  }
  const listing = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.writeUInt32LE(directoryEnd);
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(listing.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, listing, end]);
}
