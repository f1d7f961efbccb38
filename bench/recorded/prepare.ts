/** @file Recorded human speech from Debian packages: 16 kHz WAVs and manifests for the suite. */
import { join } from 'node:path';
import Table from 'cli-table3';
import { writeManifest } from '../../src/data/manifest.js';
import { findAsterisk } from './asterisk.js';
import { codeAll, decodeAll, joinWavs, secondsOf } from './ffmpeg.js';
import { findFillets } from './fillets.js';
import { findGcin } from './gcin.js';
import { asrRows, chooseForSid, fives, ksRows, pretrainRows, type Row, sidRowsOf } from './manifests.js';
import type { Decoded, Recording } from './recording.js';

export type Manifests = Readonly<Record<string, readonly Row[]>>;

/**
 * Decodes every recording to `<work>/audio` (what is there already is kept) and writes the manifests to
 * `<work>/manifests`.
 * @param packages folder whose `usr` holds the recordings
 * @returns the manifests' rows
 */
export async function prepare(packages: string, work: string, ffmpeg: string): Promise<Manifests> {
  const audio = join(work, 'audio');
  const folder = join(work, 'manifests');
  const fillets = await decode(findFillets(packages), audio, ffmpeg);
  const syllables = await decode(findGcin(packages), audio, ffmpeg);
  const prompts = await decode(await findAsterisk(packages), audio, ffmpeg);

  const joined = fives(syllables, audio);
  for (const five of joined) await joinWavs(five.parts, five.joined.wav);
  const utterances = [...fillets, ...prompts, ...joined.map((five) => five.joined)];

  const chosen = chooseForSid(utterances.filter(({ speaker }) => speaker !== ''));
  const coded = chosen.map((recording) => {
    const name = `sid/${recording.name}`;
    return { ...recording, name, wav: join(audio, `${name}.wav`) };
  });
  await codeAll(
    chosen.map(({ wav }, i) => ({ from: wav, to: coded[i]?.wav ?? '' })),
    ffmpeg,
  );
  const forSid: Decoded[] = [];
  for (const recording of coded) {
    forSid.push({ ...recording, durationSeconds: await secondsOf(recording.wav) });
  }

  const manifests: Manifests = {
    asr: asrRows(prompts, folder),
    'asr-dutch': asrRows(fillets, folder),
    ks: ksRows(syllables, folder),
    sid: sidRowsOf(forSid, folder),
    pretrain: pretrainRows([...utterances, ...forSid], folder),
  };
  for (const [name, rows] of Object.entries(manifests)) {
    const written = rows.map(({ durationSeconds: _, ...row }) => row);
    await writeManifest(join(folder, `${name}.csv`), written);
  }
  return manifests;
}

async function decode(recordings: readonly Recording[], audio: string, ffmpeg: string): Promise<Decoded[]> {
  const placed = recordings.map((recording) => ({ ...recording, wav: join(audio, `${recording.name}.wav`) }));
  await decodeAll(
    placed.map(({ source, wav }) => ({ from: source, to: wav })),
    ffmpeg,
  );
  const decoded: Decoded[] = [];
  for (const recording of placed) {
    decoded.push({ ...recording, durationSeconds: await secondsOf(recording.wav) });
  }
  return decoded;
}

/** A table of what the manifests hold. */
export function countsOf(manifests: Manifests): string {
  const table = new Table({
    head: ['manifest', 'split', 'utterances', 'minutes', 'speakers', 'labels', 'texts'],
    style: { head: [], border: [] },
  });
  for (const [name, rows] of Object.entries(manifests)) {
    for (const split of ['train', 'dev', 'test']) {
      const part = rows.filter((row) => row.split === split);
      if (part.length === 0) continue;
      const minutes = part.reduce((sum, { durationSeconds }) => sum + durationSeconds, 0) / 60;
      const distinct = (column: string) => new Set(part.map((row) => row[column]).filter(Boolean)).size;
      table.push([
        name,
        split,
        part.length,
        minutes.toFixed(1),
        distinct('speaker'),
        distinct('label'),
        distinct('text'),
      ]);
    }
  }
  return table.toString();
}
