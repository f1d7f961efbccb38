/** @file Audio through ffmpeg, many files a process. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { messageOf, UserError } from '../../src/base/errors.js';

const run = promisify(execFile);
const sampleRateHz = 16000;
const headerBytes = 44;
const filesPerProcess = 24;

export interface Conversion {
  readonly from: string;
  readonly to: string;
}

const wavOutput = [
  '-ar',
  String(sampleRateHz),
  '-ac',
  '1',
  '-c:a',
  'pcm_s16le',
  '-bitexact',
  '-map_metadata',
  '-1',
  '-f',
  'wav',
];
const codedOutput = ['-ar', '8000', '-ac', '1', '-c:a', 'g723_1', '-b:a', '6300', '-f', 'wav'];

/** Makes 16 kHz mono WAVs; files that are there already are left alone. */
export async function decodeAll(conversions: readonly Conversion[], ffmpeg: string): Promise<void> {
  await convert(conversions, wavOutput, ffmpeg);
}

/** The same through an 8 kHz telephone codec (G.723.1, 6.3 kbit/s), which hides what band and codec they came with. */
export async function codeAll(conversions: readonly Conversion[], ffmpeg: string): Promise<void> {
  const coded = conversions
    .filter(({ to }) => !existsSync(to))
    .map(({ from, to }) => ({ from, to: `${to}.g723` }));
  await convert(coded, codedOutput, ffmpeg);
  await convert(
    conversions.map(({ to }) => ({ from: `${to}.g723`, to })),
    wavOutput,
    ffmpeg,
  );
}

async function convert(
  conversions: readonly Conversion[],
  output: readonly string[],
  ffmpeg: string,
): Promise<void> {
  const waiting = conversions.filter(({ to }) => !existsSync(to));
  for (const { to } of waiting) await mkdir(dirname(to), { recursive: true });
  const worker = async (): Promise<void> => {
    for (
      let batch = waiting.splice(0, filesPerProcess);
      batch.length > 0;
      batch = waiting.splice(0, filesPerProcess)
    ) {
      await convertBatch(batch, output, ffmpeg);
    }
  };
  await Promise.all([worker(), worker()]);
}

async function convertBatch(
  batch: readonly Conversion[],
  output: readonly string[],
  ffmpeg: string,
): Promise<void> {
  // Raw streams are named to ffmpeg: a short one is not recognised.
  const inputs = batch.flatMap(({ from }) => {
    const raw = /\.(gsm|g722)$/.exec(from)?.[1];
    return raw === undefined ? ['-i', from] : ['-f', raw, '-i', from];
  });
  const outputs = batch.flatMap(({ to }, i) => ['-map', `${i}:a`, ...output, `${to}.part`]);
  try {
    await run(ffmpeg, ['-nostdin', '-v', 'error', '-y', ...inputs, ...outputs]);
  } catch (cause) {
    const { stderr } = cause as { readonly stderr?: unknown };
    const complaint = typeof stderr === 'string' && stderr !== '' ? stderr.trim() : messageOf(cause);
    throw new UserError(`ffmpeg failed: ${complaint.slice(-600)}`, {
      exitCode: 1,
      hint: 'Install ffmpeg, or name it with --ffmpeg',
      cause,
    });
  }
  for (const { to } of batch) await rename(`${to}.part`, to);
}

/** Length of a WAV that `decodeAll` wrote. */
export async function secondsOf(wav: string): Promise<number> {
  return ((await stat(wav)).size - headerBytes) / 2 / sampleRateHz;
}

/** Puts WAVs that `decodeAll` wrote one after the other. */
export async function joinWavs(parts: readonly string[], to: string): Promise<void> {
  const files = await Promise.all(parts.map((part) => readFile(part)));
  const header = Buffer.from((files[0] as Buffer).subarray(0, headerBytes));
  const samples = Buffer.concat(files.map((file) => file.subarray(headerBytes)));
  header.writeUInt32LE(headerBytes - 8 + samples.length, 4);
  header.writeUInt32LE(samples.length, 40);
  await mkdir(dirname(to), { recursive: true });
  await writeFile(to, Buffer.concat([header, samples]));
}
