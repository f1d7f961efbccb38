/** @file The four manifests made of the decoded recordings: asr, ks, sid, pretrain. */
import { join, relative } from 'node:path';
import { randomStream } from '../../src/base/random.js';
import type { ManifestRow } from '../../src/data/manifest.js';
import type { Decoded } from './recording.js';
import type { Split } from './splits.js';

export type Row = ManifestRow & { readonly split: Split; readonly durationSeconds: number };

/** Languages with two speakers each: knowing the language leaves speaker identification at one half. */
const sidLanguages = ['es', 'fr', 'it', 'nl', 'zh'];
const sidRows: Readonly<Record<Split, number>> = { train: 100, dev: 20, test: 40 };
/** One second a recording: from two, means of log-mel features already tell 96 % of the speakers. */
const sidSeconds = 1;
const asrSeconds = { shortest: 0.4, longest: 15 };
const pretrainShortestSeconds = 0.5;

/** A row whose path is relative to the manifests' folder. */
function rowOf(
  recording: Decoded,
  folder: string,
  more: Readonly<Record<string, string | number | undefined>> = {},
): Row {
  const { name, wav, split, speaker, durationSeconds } = recording;
  const path = relative(folder, wav).replaceAll('\\', '/');
  return { ...more, id: name.replaceAll('/', '-'), path, split, speaker, durationSeconds };
}

export function asrRows(recordings: readonly Decoded[], folder: string): Row[] {
  return recordings
    .filter(
      ({ text, durationSeconds: s }) =>
        text !== undefined && s >= asrSeconds.shortest && s <= asrSeconds.longest,
    )
    .map((recording) => rowOf(recording, folder, { text: recording.text }));
}

export function ksRows(recordings: readonly Decoded[], folder: string): Row[] {
  return recordings
    .filter(({ label }) => label !== undefined)
    .map((recording) => rowOf(recording, folder, { label: recording.label }));
}

/** Equally many recordings of each speaker, long enough to be fair; English Allison is left out, Spanish is in. */
export function chooseForSid(recordings: readonly Decoded[]): Decoded[] {
  const speakers = [...new Set(recordings.map(({ speaker }) => speaker))].sort();
  return speakers.flatMap((speaker) =>
    (['train', 'dev', 'test'] as const).flatMap((split) => {
      const fit = recordings.filter(
        (r) =>
          r.speaker === speaker &&
          r.split === split &&
          sidLanguages.includes(r.language) &&
          r.durationSeconds >= sidSeconds,
      );
      return randomStream(1, `sid ${speaker} ${split}`).shuffle(fit).slice(0, sidRows[split]);
    }),
  );
}

/** The middle second of each. */
export function sidRowsOf(recordings: readonly Decoded[], folder: string): Row[] {
  return recordings.map((recording) => {
    const { durationSeconds, speaker } = recording;
    // The codec may cut the last frame off.
    const duration = Math.min(durationSeconds, sidSeconds);
    const start = Math.floor(((durationSeconds - duration) / 2) * 1000) / 1000;
    return { ...rowOf(recording, folder, { start, duration, label: speaker }), durationSeconds: duration };
  });
}

/** Train parts only: every language as decoded, and the coded recordings of speaker identification. */
export function pretrainRows(recordings: readonly Decoded[], folder: string): Row[] {
  return recordings
    .filter(({ split, durationSeconds }) => split === 'train' && durationSeconds >= pretrainShortestSeconds)
    .map((recording) => rowOf(recording, folder));
}

/** Mandarin syllables are a third of a second long: five of one speaker and split make an utterance. */
export function fives(recordings: readonly Decoded[], audio: string): { parts: string[]; joined: Decoded }[] {
  const groups = new Map<string, Decoded[]>();
  for (const recording of recordings) {
    const key = `${recording.speaker}-${recording.split}`;
    groups.set(key, [...(groups.get(key) ?? []), recording]);
  }
  return [...groups].flatMap(([key, members]) => {
    const order = randomStream(1, `fives ${key}`).shuffle(members);
    return Array.from({ length: Math.floor(order.length / 5) }, (_five, i) => {
      const five = order.slice(5 * i, 5 * i + 5);
      const { label: _, ...first } = five[0] as Decoded;
      const name = `gcin-fives/${key}-${i}`;
      const durationSeconds = five.reduce((sum, part) => sum + part.durationSeconds, 0);
      return {
        parts: five.map(({ wav }) => wav),
        joined: { ...first, name, wav: join(audio, `${name}.wav`), durationSeconds },
      };
    });
  });
}
