/** @file A fine-tuning small enough for tests: words of three letters, each letter a tone, and a model of two blocks. */
import { join } from 'node:path';
import { writeWav } from '../audio/index.js';
import { randomStream } from '../base/random.js';
import { writeManifest } from '../data/manifest.js';
import { encoderOf } from '../encoders/checkpoint.js';
import { configure } from '../encoders/configured.js';
import type { Encoder } from '../encoders/encoder.js';
import { startParameters } from '../encoders/parameter-specs.js';
import { melConfig } from '../pretrain/training.fixture.js';
import { type FinetuneSettings, finetunePreset } from './settings.js';

const letters = 'ENO';

/** A type, so that it is a row of a manifest. */
export type SpokenRow = {
  readonly id: string;
  readonly path: string;
  readonly split: string;
  readonly speaker: string;
  readonly text: string;
};

/** Writes the audio of utterances, 125 ms a letter, and gives their rows. */
export async function writeSpoken(
  folder: string,
  counts: Readonly<Record<string, number>>,
): Promise<SpokenRow[]> {
  const rows: SpokenRow[] = [];
  for (const [split, count] of Object.entries(counts))
    for (let i = 0; i < count; i++) {
      const random = randomStream(7, split, i);
      const length = 2 + (i % 3);
      // No letter twice in a row: a tone that goes on would not tell.
      let place = random.integer(letters.length);
      const text = Array.from({ length }, () => {
        place = (place + 1 + random.integer(letters.length - 1)) % letters.length;
        return letters[place];
      }).join('');
      const samples = Float32Array.from({ length: 2000 * length }, (_, n) => {
        const letter = letters.indexOf(text[Math.floor(n / 2000)] ?? '');
        return 0.2 * Math.sin(n * (0.3 + 0.4 * letter)) + 0.02 * random.normal();
      });
      const id = `${split}${i}`;
      await writeWav(join(folder, `${id}.wav`), samples, 16000);
      rows.push({ id, path: `${id}.wav`, split, speaker: `s${i % 2}`, text });
    }
  return rows;
}

/** The same as a manifest. */
export async function writeSpokenManifest(
  folder: string,
  counts: Readonly<Record<string, number>>,
): Promise<string> {
  const manifest = join(folder, 'spoken.csv');
  await writeManifest(manifest, await writeSpoken(folder, counts));
  return manifest;
}

/** An untrained EH-MAM of two blocks over log-mel frames. */
export function spokenEncoder(): Encoder {
  const configured = configure(melConfig.encoder, 'toy');
  return encoderOf('toy', 'toy', configured, startParameters(configured.specs, 3));
}

/** What such a model learns the letters with. */
export function spokenSettings(change: Partial<FinetuneSettings> = {}): FinetuneSettings {
  return {
    ...finetunePreset('10m'),
    updates: 24,
    learningRate: 0.005,
    frozenUpdates: 3,
    masking: { time: { probability: 0.2, span: 2 }, channels: { probability: 0.1, span: 4 }, noise: 0.01 },
    batch: { samples: 400_000, multiple: 8, accumulation: 1 },
    dev: { from: 12, everyUpdates: 6, everyEpochs: 0 },
    ...change,
  };
}
