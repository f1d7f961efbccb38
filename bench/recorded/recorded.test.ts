/** @file Tests of how recorded speech is read, labelled and split. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import definition from '../../manifests/recorded/suite.json' with { type: 'json' };
import { frameCtc } from '../../src/heads/frame-ctc/index.js';
import { pooledLinear } from '../../src/heads/pooled-linear/index.js';
import { parseSettings } from '../../src/heads/settings.js';
import { knownTasks } from '../../src/plugins/known-tasks.js';
import { suiteSchema } from '../../src/suite/schema.js';
import { normalizeEnglish } from './english.js';
import { filletsSpeaker, normalizeDutch, parseDialogs } from './fillets.js';
import { parseSyllable } from './gcin.js';
import { splitMembers, splitOfText } from './splits.js';

describe('Dutch lines', () => {
  it('are read from a script with their escapes, and without untranslated ones', () => {
    const lua = `dialogId("a-m-x", "font_small", "He said: \\"No.\\"")\ndialogStr("Hij zei: \\"Nee.\\"")\n\n
dialogId("text0", "font_white",  "mplayer")\ndialogId("b-v-y", "font_big", "Yes (really)")\ndialogStr("Ja (echt)")\n`;
    expect(parseDialogs(lua)).toEqual([
      { id: 'a-m-x', font: 'font_small', text: 'Hij zei: "Nee."' },
      { id: 'b-v-y', font: 'font_big', text: 'Ja (echt)' },
    ]);
  });

  it.each([
    ['Zo’n ‘idee’ - één keer...', "ZO'N IDEE EEN KEER"],
    ["'s Avonds, co\u00ebfficiënt?", "'S AVONDS COEFFICIENT"],
    ["Ja ' nee", 'JA NEE'],
  ])('%s is spelt %s', (text, letters) => {
    expect(normalizeDutch(text)).toBe(letters);
  });

  it('have no text where digits hide what is spoken, or no letter is left', () => {
    expect(normalizeDutch('Druk op F2')).toBeUndefined();
    expect(normalizeDutch('...')).toBeUndefined();
  });

  it('are spelt in the same letters whatever they hold', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(normalizeDutch(text) ?? 'NONE').toMatch(/^[A-Z']+( [A-Z']+)*$/);
      }),
    );
  });

  it('tell their speaker by name, else by the character', () => {
    expect(filletsSpeaker({ id: 'let-m-divna', font: 'font_white', text: '' })).toBe('fillets-m');
    expect(filletsSpeaker({ id: 'rand-1', font: 'font_big', text: '' })).toBe('fillets-v');
    expect(filletsSpeaker({ id: 'hlp', font: 'font_statue', text: '' })).toBe('');
  });
});

describe('English prompts', () => {
  it.each([
    ['Press 1 now, or 2.', 'PRESS ONE NOW OR TWO'],
    ["... your party's last name.", "YOUR PARTY'S LAST NAME"],
    ['dial 500', undefined],
    ['3D audio enabled', undefined],
    ['...', undefined],
  ])('%s is spelt %s', (text, letters) => {
    expect(normalizeEnglish(text)).toBe(letters);
  });
});

describe('the suite', () => {
  it('has tasks that there are, with settings that their heads take', () => {
    for (const { name, settings } of suiteSchema.parse(definition).tasks) {
      const place = knownTasks.find(name).name;
      const parse = () =>
        name === 'asr'
          ? parseSettings(frameCtc.settings, settings, place)
          : parseSettings(pooledLinear.settings, settings, place);
      expect(parse).not.toThrow();
    }
  });
});

describe('Mandarin syllables', () => {
  it.each([
    ['ㄓㄨㄤ4', { initial: 'zh', rime: 'uang', tone: 4 }],
    ['ㄇㄚ', { initial: 'm', rime: 'a', tone: 1 }],
    ['ㄇㄚ1', { initial: 'm', rime: 'a', tone: 0 }],
    ['ㄢ2', { initial: '', rime: 'an', tone: 2 }],
    ['ㄕ3', { initial: 'sh', rime: '', tone: 3 }],
  ])('%s is read', (folder, syllable) => {
    expect(parseSyllable(folder)).toEqual(syllable);
  });

  it('with signs that make none are not', () => {
    expect(parseSyllable('README')).toBeUndefined();
    expect(parseSyllable('3')).toBeUndefined();
  });
});

describe('splits', () => {
  it('are about 70, 10 and 20 % of many texts', () => {
    const splits = Array.from({ length: 5000 }, (_, i) => splitOfText(`line ${i}`));
    const share = (name: string) => splits.filter((split) => split === name).length / splits.length;
    expect(share('train')).toBeCloseTo(0.7, 1);
    expect(share('dev')).toBeCloseTo(0.1, 1);
    expect(share('test')).toBeCloseTo(0.2, 1);
  });

  it('of a class do not depend on the order of its members, and none is empty', () => {
    const names = fc.uniqueArray(fc.string(), { minLength: 3, maxLength: 30 });
    fc.assert(
      fc.property(names, (members) => {
        const splits = splitMembers(members);
        const sorted = (map: Map<string, string>) => [...map].sort(([a], [b]) => (a < b ? -1 : 1));
        expect(sorted(splitMembers([...members].reverse()))).toEqual(sorted(splits));
        expect(new Set(splits.values()).size).toBe(3);
      }),
    );
  });
});
