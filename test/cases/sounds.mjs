/** @file Audio files of the cases, some of kinds that our own writer does not make. */
import { writeFile } from 'node:fs/promises';
import { load } from './program.mjs';

/** A gliding tone that comes and goes, at 16 kHz. */
function sound(seconds) {
  return Float32Array.from({ length: Math.round(16000 * seconds) }, (_, i) => {
    const time = i / 16000;
    return 0.3 * Math.sin(2 * Math.PI * (150 + 200 * time) * time) * Math.sin(4 * Math.PI * time) ** 2;
  });
}

/** The bytes of such a tone in 16 bits. */
export const wavOf = async (seconds) =>
  Buffer.from((await load('audio/wav.js')).encodeWav(sound(seconds), 16000));

export const writeWav = async (file, seconds) => writeFile(file, await wavOf(seconds));

/** WAV of 32-bit floats: not a digit of the samples is lost. */
export function floatWav(samples) {
  const bytes = Buffer.alloc(44 + 4 * samples.length);
  bytes.write('RIFF', 0, 'latin1');
  bytes.writeUInt32LE(bytes.length - 8, 4);
  bytes.write('WAVEfmt ', 8, 'latin1');
  const [size, format, channels, rate, second, frame, bits] = [16, 3, 1, 16000, 64000, 4, 32];
  bytes.writeUInt32LE(size, 16);
  bytes.writeUInt16LE(format, 20);
  bytes.writeUInt16LE(channels, 22);
  bytes.writeUInt32LE(rate, 24);
  bytes.writeUInt32LE(second, 28);
  bytes.writeUInt16LE(frame, 32);
  bytes.writeUInt16LE(bits, 34);
  bytes.write('data', 36, 'latin1');
  bytes.writeUInt32LE(4 * samples.length, 40);
  for (const [i, sample] of samples.entries()) bytes.writeFloatLE(sample, 44 + 4 * i);
  return bytes;
}

/** An ID3v2 tag with so many bytes (fewer than 128) inside. */
export const id3 = (bytes) =>
  Buffer.concat([Buffer.from([0x49, 0x44, 0x33, 3, 0, 0, 0, 0, 0, bytes]), Buffer.alloc(bytes)]);

/** Sony Wave64 of 16-bit samples at 16 kHz: chunks with 16 bytes of name and 8 of size. */
export function wave64(pcm) {
  const chunk = (name, ending, ...contents) => {
    const size = Buffer.alloc(8);
    size.writeBigUInt64LE(BigInt(24 + contents.reduce((sum, { length }) => sum + length, 0)));
    return Buffer.concat([Buffer.from(name, 'latin1'), Buffer.from(ending, 'hex'), size, ...contents]);
  };
  const inner = 'f3acd3118cd100c04f8edb8a';
  return chunk(
    'riff',
    '2e91cf11a5d628db04c10000',
    Buffer.concat([Buffer.from('wave', 'latin1'), Buffer.from(inner, 'hex')]),
    chunk('fmt ', inner, Buffer.from('01000100803e0000007d000002001000', 'hex')),
    chunk('data', inner, pcm),
  );
}
