/** @file Recordings of two speakers who take turns and talk over each other: planned, placed in time, mixed. */
import { type RandomStream, randomStream } from '../../base/random.js';
import type { Group, Speaker } from './definition.js';
import { groups } from './definition.js';
import { noise } from './noise.js';
import { idOf, type PlannedUtterance } from './plan.js';
import { draw, miniRateHz } from './render.js';
import { amplitudeOfDecibels, peak, rms, scaleInPlace } from './signal.js';
import type { SuperbDefinition } from './superb-definition.js';
import { pick } from './texts.js';

type MixtureSettings = SuperbDefinition['parts']['sd'];

export interface PlannedMixture {
  readonly id: string;
  readonly split: Group;
  /** In the order in which they begin to speak. */
  readonly turns: readonly PlannedTurn[];
  readonly snrDb: number;
  readonly colour: MixtureSettings['colours'][number];
  readonly key: number;
}

interface PlannedTurn {
  readonly speech: PlannedUtterance;
  readonly speaker: Speaker;
  /** From the end of what was said before, in seconds. */
  readonly gapSeconds: number;
  readonly gainDb: number;
}

/** @param speech dry utterances of every speaker */
export function planMixtures(
  settings: MixtureSettings,
  speech: readonly PlannedUtterance[],
  seed: number,
): PlannedMixture[] {
  return groups.flatMap((split) => {
    const random = randomStream(seed, `mini-superb sd ${split}`);
    const own = speech.filter((utterance) => utterance.split === split);
    return Array.from({ length: settings.mixtures[split] }, (_, index) =>
      planMixture(settings, own, { id: idOf('sd', split, index), split, random, key: index }),
    );
  });
}

function planMixture(
  settings: MixtureSettings,
  speech: readonly PlannedUtterance[],
  { id, split, random, key }: { id: string; split: Group; random: RandomStream; key: number },
): PlannedMixture {
  const first = pick(speech, random).speaker as Speaker;
  const second = pick(
    speech.filter(({ speaker }) => speaker?.id !== first.id),
    random,
  ).speaker as Speaker;
  const voices = [first, second].map((speaker) => ({
    speaker,
    gainDb: draw(settings.gainDb, random),
    said: random.shuffle(speech.filter((one) => one.speaker?.id === speaker.id)),
  }));
  const turns: PlannedTurn[] = [];
  for (let turn = 0; turn < settings.turnsPerSpeaker; turn++) {
    for (const { speaker, gainDb, said } of voices) {
      const one = said[turn % said.length] as PlannedUtterance;
      turns.push({ speech: one, speaker, gapSeconds: draw(settings.gapSeconds, random), gainDb });
    }
  }
  const snrDb = draw(settings.snrDb, random);
  return { id, split, turns, snrDb, colour: pick(settings.colours, random), key };
}

/** A turn in time, in samples. */
export interface PlacedTurn {
  readonly speaker: string;
  readonly start: number;
  readonly end: number;
}

/**
 * When who speaks. Nobody begins before the other has begun, nor before having finished.
 * @param lengths samples of each turn's speech
 */
export function placedTurns({ turns }: PlannedMixture, lengths: readonly number[]): PlacedTurn[] {
  const placed: PlacedTurn[] = [];
  for (const [i, { speaker, gapSeconds }] of turns.entries()) {
    const before = placed.at(-1);
    const own = placed.filter((turn) => turn.speaker === speaker.id).at(-1);
    const wanted = (before?.end ?? 0) + Math.round(gapSeconds * miniRateHz);
    const start = Math.max(
      before === undefined ? Math.abs(wanted) : wanted,
      before?.start ?? 0,
      own?.end ?? 0,
    );
    placed.push({ speaker: speaker.id, start, end: start + (lengths[i] as number) });
  }
  return placed;
}

/** Turns as the column `turns` has them. */
export function turnsText(turns: readonly PlacedTurn[]): string {
  const seconds = (samples: number): string => (samples / miniRateHz).toFixed(4);
  return turns.map(({ speaker, start, end }) => `${speaker} ${seconds(start)} ${seconds(end)}`).join('; ');
}

/** Half a second of noise follows the last word. */
const tailSamples = miniRateHz / 2;

/** Samples in [-1, 1] of all that is said, and noise. */
export function mixed(mixture: PlannedMixture, speech: readonly Float32Array[], seed: number): Float32Array {
  const placed = placedTurns(
    mixture,
    speech.map(({ length }) => length),
  );
  const length = Math.max(...placed.map(({ end }) => end)) + tailSamples;
  const voices = new Float32Array(length);
  for (const [i, { start }] of placed.entries()) {
    const gain = amplitudeOfDecibels(mixture.turns[i]?.gainDb ?? 0);
    (speech[i] as Float32Array).forEach((sample, n) => {
      voices[start + n] = (voices[start + n] as number) + gain * sample;
    });
  }
  const level = rms(voices) * amplitudeOfDecibels(-mixture.snrDb);
  const key = [seed, `mini-superb noise ${mixture.split}`, mixture.key] as const;
  const output = noise(mixture.colour, length, miniRateHz, key);
  for (let n = 0; n < length; n++) output[n] = level * (output[n] as number) + (voices[n] as number);
  scaleInPlace(output, amplitudeOfDecibels(-3) / peak(output));
  return output;
}
