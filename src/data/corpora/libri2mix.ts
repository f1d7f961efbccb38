/** @file Libri2Mix as SUPERB diarises it: two speakers, noise, 16 kHz, as long as the longer one (mode max, mix_both). */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { formatTurns, type Turn } from '../../metrics/index.js';
import { readRttm } from '../rttm.js';
import { type Corpus, type CorpusRow, countRemark, firstThere, notThere } from './corpus.js';

/** Parts as scripts/create_librimix_from_metadata.py names them, and their mixtures (s3prl/LibriMix, metadata). */
const parts = {
  train: { folder: 'train-100', rttm: 'train_clean_100', known: 13_900 },
  dev: { folder: 'dev', rttm: 'dev_clean', known: 3000 },
  test: { folder: 'test', rttm: 'test_clean', known: 3000 },
} as const;

const places = ['Libri2Mix/wav16k/max', 'wav16k/max', '.'];
const rttmPlaces = ['metadata/LibriSpeech', 'LibriMix/metadata/LibriSpeech', 'LibriSpeech'];

export const libri2mix: Corpus = {
  name: 'libri2mix',
  summary: 'Libri2Mix, 16 kHz, max, mix_both, with turns from RTTM (sd)',
  understands: [],
  async find(root) {
    const rows: CorpusRow[] = [];
    const remarks: string[] = [];
    const looked = places.map((place) => join(place, 'PART/mix_both'));
    for (const [split, { folder, rttm, known }] of Object.entries(parts)) {
      const audio = firstThere(
        root,
        places.map((place) => join(place, folder, 'mix_both')),
      );
      if (audio === undefined) continue;
      const turnsOf = await turnsIn(root, split, rttm, remarks);
      const without: string[] = [];
      const names = (await readdir(audio)).filter((name) => name.endsWith('.wav')).sort();
      for (const name of names) {
        const id = name.slice(0, -'.wav'.length);
        const turns = turnsOf(id);
        if (turns.length === 0) without.push(name);
        else rows.push({ id, file: join(audio, name), split, columns: { turns: formatTurns(turns) } });
      }
      if (without.length > 0)
        remarks.push(
          `${folder}: ${without.length} mixtures without turns in the RTTM file skipped, the first is ${without[0]}`,
        );
      remarks.push(...countRemark(folder, names.length, known));
    }
    if (rows.length === 0) throw notThere(root, 'mixtures of Libri2Mix with their turns', looked, remarks);
    return { manifests: { sd: rows }, remarks };
  },
};

/**
 * The turns of a mixture: from the RTTM of mixtures that prepare_diarization.py writes, else those of its two utterances,
 * which both start with it, put together.
 */
async function turnsIn(
  root: string,
  split: string,
  name: string,
  remarks: string[],
): Promise<(id: string) => readonly Turn[]> {
  const ofMixtures = firstThere(root, [`data/${split}/rttm`, `LibriMix/data/${split}/rttm`]);
  const file =
    ofMixtures ??
    firstThere(
      root,
      rttmPlaces.map((place) => join(place, `${name}.rttm`)),
    );
  if (file === undefined || !existsSync(file))
    throw notThere(root, `turns of Libri2Mix's ${split}`, [
      `data/${split}/rttm`,
      ...rttmPlaces.map((place) => join(place, `${name}.rttm`)),
    ]);
  const { recordings, remarks: overlaps } = await readRttm(file);
  remarks.push(...overlaps);
  if (ofMixtures !== undefined) return (id) => recordings.get(id) ?? [];
  return (id) => {
    const turns = id.split('_').map((utterance) => {
      const [speaker = '', ...rest] = utterance.split('-');
      // The file field is the utterance without its speaker; another LibriSpeech speaker may have read the chapter too.
      const own = recordings.get(rest.join('-')) ?? recordings.get(utterance) ?? [];
      return own.filter((turn) => turn.speaker === speaker);
    });
    return turns.some((own) => own.length === 0) ? [] : turns.flat();
  };
}
