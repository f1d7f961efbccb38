/** @file A mini suite of a few utterances. */
import { groups, type MiniSource, readMiniSource } from './definition.js';

/** The package's definition with so many speakers a group (of the fastest voices) and a handful of utterances. */
export async function tinySource(speakersOfGroup: number): Promise<MiniSource> {
  const {
    definition: { moreTest: _, ...definition },
    prose,
  } = await readMiniSource();
  const { parts } = definition;
  const few = <T extends { utterances: number }>(split: T): T => ({ ...split, utterances: 2, prose: 1 });
  const fewOfEach = <T extends { utterances: number }>(splits: { train: T; dev: T; test: T }) => ({
    train: few(splits.train),
    dev: few(splits.dev),
    test: few(splits.test),
  });
  const one = (splits: typeof parts.sid) => ({
    train: { ...splits.train, utterancesPerSpeaker: 1 },
    dev: { ...splits.dev, utterancesPerSpeaker: 1 },
    test: { ...splits.test, utterancesPerSpeaker: 1 },
  });
  const speakers = groups.flatMap((group) =>
    definition.speakers.filter((speaker) => speaker.group === group).slice(0, speakersOfGroup),
  );
  return {
    prose: prose.slice(0, 10),
    definition: {
      ...definition,
      speakers,
      parts: {
        pretrain: { ...parts.pretrain, utterances: 2 },
        asr: fewOfEach(parts.asr),
        ks: fewOfEach(parts.ks),
        sid: one(parts.sid),
        ic: fewOfEach(parts.ic),
      },
    },
  };
}
