/** @file What a file of audio is to be named that had no name of its own. */
import { extname } from 'node:path';

const starts: readonly (readonly [start: RegExp, extension: string])[] = [
  [/^RIFF.{4}WAVE/s, 'wav'],
  [/^fLaC/, 'flac'],
  [/^OggS.{24}.{0,10}OpusHead/s, 'opus'],
  [/^OggS/, 'ogg'],
  [/^ID3|^\xff[\xe2-\xff]/, 'mp3'],
  [/^NIST_1A/, 'sph'],
];

/** The extension that audio has by how it begins, else that of the path it is said to come from. */
export function extensionOf(bytes: Uint8Array, path = ''): string {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, 64)).toString('latin1');
  const known = starts.find(([start]) => start.test(head))?.[1];
  const [, named] = /^\.([A-Za-z0-9]{1,5})$/.exec(extname(path)) ?? [];
  return known ?? named?.toLowerCase() ?? 'audio';
}
