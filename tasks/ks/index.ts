/** @file Keyword spotting: which of a few words an utterance is (SUPERB KS). */
import { classificationTask, type Task, type Utterance } from '../../src/api/index.js';

const silence = '_silence_';

export const ks = {
  ...classificationTask({
    name: 'ks',
    version: 1,
    summary: 'keyword spotting: the word of a one-second clip (column label)',
    title: 'keyword spotting',
    columns: ['label'],
  }),
  /**
   * s3prl's (downstream/speech_commands): everything 3 dB softer, which only encoders that do not normalise notice; draws
   * balanced over the classes, in train and in dev, so that dev decides by an accuracy over classes; silence is a fresh
   * random second of the six noise files each time that it is drawn, the same files in train and dev. Here 64 seeded
   * seconds of each file, others in train than in dev, stand in for it; 384 are about as many as a word has in dev. Kept
   * quirk: pieces of train and dev may overlap. Not kept: dev is no random draw, but what such draws have on average.
   * `clean` takes audio as it is, the manifest's own pieces, which are disjoint, and every utterance as often.
   */
  settings: {
    superb: {
      gainDecibels: -3,
      drawing: 'balanced',
      devOver: 'classes',
      crops: { seconds: 1, perUtterance: 64 },
    },
  },
  async crop({ train, dev, test }, cropsOf) {
    const files = new Map([...train, ...dev].filter(isPiece).map((piece) => [piece.path, piece]));
    const recut = async (split: string, utterances: readonly Utterance[]): Promise<Utterance[]> => {
      const kept = utterances.filter((utterance) => !isPiece(utterance));
      for (const piece of files.values()) kept.push(...(await cropsOf(wholeFile(piece, split))));
      return kept;
    };
    return { train: await recut('train', train), dev: await recut('dev', dev), test };
  },
} satisfies Task;

/** Silence that is a part of a longer file. */
function isPiece({ columns, startSeconds }: Utterance): boolean {
  return columns.label === silence && startSeconds !== undefined;
}

function wholeFile(piece: Utterance, split: string): Utterance {
  const { startSeconds: _start, durationSeconds: _duration, ...file } = piece;
  return { ...file, split, id: `${silence}-${split}-${piece.columns.path ?? piece.path}` };
}
