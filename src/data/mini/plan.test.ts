import { beforeAll, describe, expect, it } from 'vitest';
import { type MiniSource, readMiniSource } from './definition.js';
import { listedIn, type PartName, type PlannedUtterance, planSuite, silenceLabel } from './plan.js';

let source: MiniSource;
let plan: PlannedUtterance[];
beforeAll(async () => {
  source = await readMiniSource();
  plan = planSuite(source);
});

const of = (part: PartName, split?: string): PlannedUtterance[] =>
  plan.filter((utterance) => utterance.part === part && (split === undefined || utterance.split === split));
const textsOf = (utterances: readonly PlannedUtterance[]): Set<string> =>
  new Set(utterances.map(({ spoken }) => spoken));
const speakersOf = (utterances: readonly PlannedUtterance[]): Set<string | undefined> =>
  new Set(utterances.map(({ speaker }) => speaker?.id).filter((id) => id !== undefined));
const common = <T>(a: ReadonlySet<T>, b: ReadonlySet<T>): T[] => [...a].filter((item) => b.has(item));

describe('the plan of the mini suite', () => {
  it('is the same every time, and another one for another seed', () => {
    expect(planSuite(source)).toEqual(plan);
    const other = planSuite({ ...source, definition: { ...source.definition, seed: 1 } });
    expect(other.map(({ spoken }) => spoken)).not.toEqual(plan.map(({ spoken }) => spoken));
  });

  it('gives every utterance an id of its own', () => {
    expect(new Set(plan.map(({ id }) => id)).size).toBe(plan.length);
  });

  it('has as many utterances a split as the definition says', () => {
    const { asr, ks, ic, pretrain } = source.definition.parts;
    const more = source.definition.moreTest ?? { ks: 0, ic: 0 };
    for (const split of ['train', 'dev', 'test'] as const) {
      expect(of('asr', split)).toHaveLength(asr[split].utterances);
      const further = split === 'test' ? more : { ks: 0, ic: 0 };
      expect(of('ks', split)).toHaveLength(ks[split].utterances + further.ks);
      expect(of('ic', split)).toHaveLength(ic[split].utterances + further.ic);
    }
    expect(of('pretrain')).toHaveLength(pretrain.utterances);
  });

  it('has the utterances that it has without the further ones of test, which come last', () => {
    const { moreTest, ...definition } = source.definition;
    const without = planSuite({ ...source, definition });
    expect(plan.slice(0, without.length)).toEqual(without);
    const further = plan.slice(without.length);
    expect(new Set(further.map(({ split }) => split))).toEqual(new Set(['test']));
    const [ks, ic] = ['ks', 'ic'].map((name) => further.filter(({ part }) => part === name));
    const ids = moreTest?.speakers.map(({ id }) => id) ?? [];
    expect([...speakersOf(ic ?? [])].sort()).toEqual([...ids].sort());
    expect(common(speakersOf(ks ?? []), new Set(ids))).toHaveLength(ids.length);
    expect(common(speakersOf(without), new Set(ids))).toEqual([]);
  });

  it('says no ASR or SID test sentence anywhere else, and not during pre-training', () => {
    const heldOut = textsOf([...of('asr', 'test'), ...of('sid', 'test')]);
    const others = plan.filter(
      ({ part, split }) => !(split === 'test' && (part === 'asr' || part === 'sid')),
    );
    expect(common(heldOut, textsOf(others))).toEqual([]);
    const heard = listedIn('pretrain', plan, source.definition).map(({ spoken }) => spoken);
    expect([...heldOut].filter((sentence) => heard.some((text) => text.includes(sentence)))).toEqual([]);
  });

  it('shares no sentence between the splits of ASR and of SID', () => {
    for (const part of ['asr', 'sid'] as const) {
      expect(common(textsOf(of(part, 'train')), textsOf(of(part, 'dev')))).toEqual([]);
    }
  });

  it('keeps the test and dev speakers of KS and IC out of their training and out of pre-training', () => {
    const heardBeforehand = listedIn('pretrain', plan, source.definition);
    for (const part of ['ks', 'ic'] as const) {
      const known = new Set([...speakersOf(of(part, 'train')), ...speakersOf(heardBeforehand)]);
      const test = speakersOf(of(part, 'test'));
      expect(test.size).toBeGreaterThanOrEqual(4);
      expect(common(test, known)).toEqual([]);
      expect(common(speakersOf(of(part, 'dev')), new Set([...known, ...test]))).toEqual([]);
    }
  });

  it('words the commands of the test and dev splits of IC as no other split does', () => {
    for (const split of ['dev', 'test']) {
      const others = plan.filter((utterance) => utterance.part === 'ic' && utterance.split !== split);
      expect(common(textsOf(of('ic', split)), textsOf(others))).toEqual([]);
    }
  });

  it('uses no word in an IC test command that training never has', () => {
    const words = (split: string): Set<string> =>
      new Set(of('ic', split).flatMap(({ spoken }) => spoken.split(' ')));
    const known = words('train');
    expect([...words('test')].filter((word) => !known.has(word))).toEqual([]);
  });

  it('has every speaker in every split of SID, equally often', () => {
    for (const split of ['train', 'dev', 'test'] as const) {
      const counts = new Map<string, number>();
      for (const { columns } of of('sid', split)) {
        counts.set(columns.label ?? '', (counts.get(columns.label ?? '') ?? 0) + 1);
      }
      expect(counts.size).toBe(source.definition.speakers.length);
      expect(new Set(counts.values()).size).toBe(1);
    }
  });

  it('has nobody speak in silence clips, and every KS label in every split', () => {
    for (const split of ['train', 'dev', 'test']) {
      const clips = of('ks', split);
      expect(new Set(clips.map(({ columns }) => columns.label)).size).toBe(12);
      for (const { columns, speaker } of clips) {
        expect(speaker === undefined).toBe(columns.label === silenceLabel);
      }
    }
  });

  it('lets pre-training hear every keyword', () => {
    const heard = new Set(of('pretrain').flatMap(({ spoken }) => spoken.split(/[ ,]+/)));
    expect(source.definition.keywords.filter((word) => !heard.has(word))).toEqual([]);
  });
});
