import { describe, expect, it } from 'vitest';
import { jsonSource } from '../../base/source-text.js';
import { definitionSchema, parseDefinition, readMiniSource } from './definition.js';

describe('the definition of the mini suite', () => {
  it('is valid, with at least 40 speakers, most speech by the intelligible synthesiser', async () => {
    const { definition, prose } = await readMiniSource();
    expect(definition.speakers.length).toBeGreaterThanOrEqual(40);
    expect(definition.fliteShare).toBeGreaterThan(0.5);
    expect(prose.length).toBeGreaterThan(300);
  });

  it('has no two speakers with the same voice, formants and pitch', async () => {
    const { definition } = await readMiniSource();
    const all = [...definition.speakers, ...(definition.moreTest?.speakers ?? [])];
    const voices = all.map((speaker) => `${speaker.voice} ${speaker.formants}`);
    expect(new Set(voices).size).toBe(voices.length);
  });

  it('has prose that is lower-case words alone, each sentence once', async () => {
    const { prose } = await readMiniSource();
    expect(prose.filter((line) => !/^[a-z]+( [a-z]+)*$/.test(line))).toEqual([]);
    expect(new Set(prose).size).toBe(prose.length);
  });

  it('is refused with the file and the place of the fault', () => {
    const source = jsonSource('{"speakers": [],\n "seed": 1.5}', 'suite.json');
    expect(() => parseDefinition(source)).toThrow(
      "suite.json:2:10: invalid value for 'seed': expected a whole number, got 1.5",
    );
  });

  it('is refused when two speakers share an id, also where one is for further test utterances', async () => {
    const {
      definition: { moreTest: _more, ...definition },
    } = await readMiniSource();
    const [first] = definition.speakers.filter(({ synthesiser }) => synthesiser === 'flite');
    const { synthesiser: _, ...speaker } = first as NonNullable<typeof first>;
    const moreTest = { speakers: [speaker], ks: 1, sidPerSpeaker: 1, ic: 1 };
    for (const twice of [
      { ...definition, speakers: { flite: [speaker, speaker], espeak: [] } },
      { ...definition, speakers: { flite: [speaker], espeak: [] }, moreTest },
    ]) {
      expect(definitionSchema.safeParse(twice).success).toBe(true);
      const source = jsonSource(JSON.stringify(twice), 'suite.json');
      expect(() => parseDefinition(source)).toThrow(`suite.json: duplicate speaker '${speaker.id}'`);
    }
  });
});
