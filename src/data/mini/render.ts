/** @file One utterance from plan to samples: speech, speaker, room, noise, microphone. */
import { hashText, type RandomStream, randomStream } from '../../base/random.js';
import type { Conditions, MiniDefinition, Range, Speaker } from './definition.js';
import { type Espeak, loadEspeak } from './espeak.js';
import { type Flite, fliteRateHz, loadFlite } from './flite.js';
import { noise } from './noise.js';
import type { PlannedUtterance } from './plan.js';
import { impulseResponse, inRoom } from './room.js';
import {
  amplitudeOfDecibels,
  biquad,
  filterInPlace,
  peak,
  resampled,
  rms,
  scaleInPlace,
  trimmed,
} from './signal.js';
import { pick } from './texts.js';

export const miniRateHz = 16000;

/** By which Flite's voices let their pitch move, about. */
const usualDeviationHz = 15;

/** The synthesisers of one thread, each started when it is first needed. */
export interface Synthesisers {
  flite(): Promise<Flite>;
  espeak(): Promise<Espeak>;
}

export function createSynthesisers(): Synthesisers {
  let flite: Promise<Flite> | undefined;
  let espeak: Promise<Espeak> | undefined;
  return {
    flite: () => (flite ??= loadFlite()),
    espeak: () => (espeak ??= loadEspeak()),
  };
}

/** Samples at 16 kHz in [-1, 1]; they depend on the definition and the utterance's id alone. */
export async function renderUtterance(
  synthesisers: Synthesisers,
  definition: MiniDefinition,
  utterance: PlannedUtterance,
): Promise<Float32Array> {
  const { id, speaker, spoken, seconds } = utterance;
  const conditions = definition.conditions[utterance.conditions];
  if (conditions === undefined) throw new Error(`unknown conditions '${utterance.conditions}'`);
  const key = hashText(id);
  const random = randomStream(definition.seed, 'mini render', key);
  const speech =
    speaker === undefined
      ? new Float32Array(0)
      : await speechOf(synthesisers, speaker, spoken, {
          pace: draw(conditions.pace, random),
          pitch: draw(conditions.pitch, random),
          liveliness: conditions.liveliness && draw(conditions.liveliness, random),
        });
  const placed = padded(speech, conditions.paddingSeconds, seconds, random);
  const heard = random.uniform() < conditions.roomShare ? reverberant(placed, conditions, random) : placed;
  const withNoise = noisy(heard, speech, conditions, random, (colour) =>
    noise(colour, heard.length, miniRateHz, [definition.seed, 'mini noise', key]),
  );
  return throughMicrophone(withNoise, conditions, random);
}

/** Factors on a speaker's own way of speaking. */
interface Delivery {
  readonly pace: number;
  readonly pitch: number;
  readonly liveliness?: number | undefined;
}

/** Speech at 16 kHz without silence at its ends. */
async function speechOf(
  synthesisers: Synthesisers,
  speaker: Speaker,
  text: string,
  { pace, pitch, liveliness }: Delivery,
): Promise<Float32Array> {
  const { formants } = speaker;
  if (speaker.synthesiser === 'flite') {
    // Reading faster raises pitch and formants and shortens: pitch and length are given as they will be heard.
    const stretch = formants / (speaker.pace * pace);
    const pitchHz = (speaker.pitchHz * pitch) / formants;
    const flite = await synthesisers.flite();
    const deviationHz = liveliness === undefined ? undefined : usualDeviationHz * liveliness;
    const samples = flite({ text, voice: speaker.voice, stretch, pitchHz, deviationHz });
    return trimmed(resampled(samples, (formants * fliteRateHz) / miniRateHz));
  }
  const espeak = await synthesisers.espeak();
  const samples = espeak.speak({
    text,
    voice: speaker.voice,
    rate: Math.round((speaker.wordsPerMinute * pace) / formants),
    pitch: Math.min(99, Math.round(speaker.pitch * pitch)),
    range: Math.min(99, Math.round(speaker.range * (liveliness ?? 1))),
  });
  return trimmed(resampled(samples, (formants * espeak.rateHz) / miniRateHz));
}

/** Silence around the speech, so that the whole is as long as asked for; too long a speech loses its end. */
function padded(
  speech: Float32Array,
  paddingSeconds: Range,
  seconds: Range | undefined,
  random: RandomStream,
): Float32Array {
  const before = draw(paddingSeconds, random);
  const after = draw(paddingSeconds, random);
  const wanted = before + speech.length / miniRateHz + after;
  const [shortest, longest] = seconds ?? [0, Number.POSITIVE_INFINITY];
  const length = Math.round(Math.min(Math.max(wanted, shortest), longest) * miniRateHz);
  const kept = speech.subarray(0, length);
  const room = length - kept.length;
  const start =
    shortest === longest ? random.integer(room + 1) : Math.round((room * before) / (before + after));
  const output = new Float32Array(length);
  output.set(kept, Math.min(start, room));
  return output;
}

function reverberant(samples: Float32Array, conditions: Conditions, random: RandomStream): Float32Array {
  const room = {
    decaySeconds: draw(conditions.decaySeconds, random),
    directToReverbDb: draw(conditions.directToReverbDb, random),
  };
  return inRoom(samples, impulseResponse(room, miniRateHz, random));
}

/** Adds noise below the speech's level; where nobody speaks there is noise alone. */
function noisy(
  samples: Float32Array,
  speech: Float32Array,
  { noiseShare, snrDb, quietSnrDb, colours }: Conditions,
  random: RandomStream,
  make: (colour: Conditions['colours'][number]) => Float32Array,
): Float32Array {
  const colour = pick(colours, random);
  const snr = draw(random.uniform() < noiseShare ? snrDb : quietSnrDb, random);
  const level = speech.length > 0 ? rms(speech) * amplitudeOfDecibels(-snr) : 1;
  const output = make(colour);
  for (let n = 0; n < output.length; n++) output[n] = level * (output[n] as number) + (samples[n] as number);
  return output;
}

/** Filters and scales in place. */
function throughMicrophone(
  samples: Float32Array,
  conditions: Conditions,
  random: RandomStream,
): Float32Array {
  const filters = [
    biquad('highpass', draw(conditions.lowCutHz, random), miniRateHz, Math.SQRT1_2),
    biquad('lowpass', draw(conditions.highCutHz, random), miniRateHz, Math.SQRT1_2),
    biquad('highshelf', 2000, miniRateHz, Math.SQRT1_2, draw(conditions.tiltDb, random)),
    biquad(
      'peak',
      300 * (4000 / 300) ** random.uniform(),
      miniRateHz,
      1,
      draw(conditions.resonanceDb, random),
    ),
  ];
  for (const filter of filters) filterInPlace(samples, filter);
  const largest = peak(samples);
  const level = amplitudeOfDecibels(draw(conditions.levelDb, random));
  scaleInPlace(samples, largest === 0 ? 0 : level / largest);
  return samples;
}

/** Any number of a range. */
export function draw([low, high]: Range, random: RandomStream): number {
  return low + (high - low) * random.uniform();
}
