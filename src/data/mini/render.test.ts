import { createHash } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { type MiniSource, readMiniSource } from './definition.js';
import { type PlannedUtterance, planSuite } from './plan.js';
import { createSynthesisers, renderUtterance } from './render.js';
import { peak, rms } from './signal.js';

let source: MiniSource;
let plan: PlannedUtterance[];
let chosen: PlannedUtterance[];
beforeAll(async () => {
  source = await readMiniSource();
  plan = planSuite(source);
  // The first SID utterance of each of six speakers: every Flite voice and two eSpeak variants; f2 has random breath.
  const wanted = ['kal16-a', 'awb-a', 'rms-a', 'slt-a', 'es-f2', 'es-klatt2'];
  chosen = wanted
    .map((id) => plan.find(({ part, speaker }) => part === 'sid' && speaker?.id === id))
    .filter((utterance) => utterance !== undefined);
});

/** Digests of the utterances' samples, all from the same synthesisers. */
async function digestsOf(utterances: readonly PlannedUtterance[]): Promise<string[]> {
  const synthesisers = createSynthesisers();
  const digests: string[] = [];
  for (const utterance of utterances) {
    const samples = await renderUtterance(synthesisers, source.definition, utterance);
    expect(rms(samples)).toBeGreaterThan(0.005);
    digests.push(createHash('sha256').update(new Uint8Array(samples.buffer)).digest('hex'));
  }
  return digests;
}

describe('renderUtterance', () => {
  it('gives the same samples from fresh synthesisers in another order', async () => {
    expect(chosen).toHaveLength(6);
    const forth = await digestsOf(chosen);
    const back = await digestsOf([...chosen].reverse());
    expect(back.reverse()).toEqual(forth);
    expect(new Set(forth).size).toBe(forth.length);
  });

  it('makes keyword clips exactly one second long, also when nobody speaks', async () => {
    const synthesisers = createSynthesisers();
    const clips = plan.filter(({ part, split }) => part === 'ks' && split === 'dev').slice(9, 12);
    for (const clip of clips) {
      const samples = await renderUtterance(synthesisers, source.definition, clip);
      expect(samples).toHaveLength(16000);
      expect(peak(samples)).toBeLessThanOrEqual(1);
      expect(rms(samples)).toBeGreaterThan(0);
    }
  });

  it('names a voice that eSpeak NG does not have', async () => {
    const espeak = await createSynthesisers().espeak();
    const request = { text: 'yes', voice: 'xx-nowhere', rate: 160, pitch: 50, range: 50 };
    expect(() => espeak.speak(request)).toThrow(/no voice "xx-nowhere"/);
  });
});
