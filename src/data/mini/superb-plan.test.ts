import { beforeAll, describe, expect, it } from 'vitest';
import { groups } from './definition.js';
import { placedTurns, turnsText } from './mixture.js';
import { type PlannedUtterance, planSuite } from './plan.js';
import { slotsOf } from './slots.js';
import { readSuperbSource, type SuperbSource } from './superb-definition.js';
import { planSuperb, type SuperbPlan } from './superb-plan.js';

let source: SuperbSource;
let mini: PlannedUtterance[];
let plan: SuperbPlan;
beforeAll(async () => {
  source = await readSuperbSource();
  mini = planSuite(source);
  plan = planSuperb(source, mini);
});

describe('the plan of mini-superb', () => {
  it('is the same every time', () => {
    expect(planSuperb(source, mini)).toEqual(plan);
  });

  it('leaves the mini suite as it is', () => {
    expect(planSuite(source)).toEqual(mini);
  });

  it('has every style as often in every session, and no speaker in two sessions', () => {
    const { sessions, styles, utterancesPerStyle } = source.superb.parts.er;
    const counts = new Map<string, number>();
    const sessionOf = new Map<string, string>();
    for (const { columns, speaker } of plan.er) {
      const key = `${columns.session} ${columns.label}`;
      counts.set(key, (counts.get(key) ?? 0) + 1);
      const known = sessionOf.get(speaker?.id ?? '') ?? columns.session;
      expect(columns.session).toBe(known);
      sessionOf.set(speaker?.id ?? '', columns.session ?? '');
    }
    expect(counts.size).toBe(sessions * Object.keys(styles).length);
    expect(new Set(counts.values())).toEqual(new Set([utterancesPerStyle]));
  });

  it('verifies voices that training never has, in as many trials of one speaker as of two', () => {
    const speakersOf = (split: string) =>
      new Set(plan.asv.filter((one) => one.split === split).map(({ speaker }) => speaker?.id));
    for (const split of ['dev', 'test'] as const) {
      for (const id of speakersOf(split)) expect(speakersOf('train').has(id)).toBe(false);
      const trials = plan.trials.filter((trial) => trial.split === split);
      expect(trials).toHaveLength(source.superb.parts.asv.trials[split]);
      const same = trials.filter(({ enrol, test }) => enrol.speaker?.id === test.speaker?.id);
      expect(same.length).toBe(trials.length / 2);
      expect(trials.every(({ enrol, test }) => enrol.split === split && test.split === split)).toBe(true);
    }
    const keys = plan.trials.map(({ enrol, test }) => [enrol.id, test.id].sort().join(' '));
    expect(new Set(keys).size).toBe(keys.length);
  });

  it('pairs every query with every document of its split; each occurs somewhere and not everywhere', () => {
    for (const query of plan.queries) {
      const own = plan.pairsOfQueries.filter((pair) => pair.query === query);
      const documents = mini.filter(({ part, split }) => part === 'asr' && split === query.split);
      expect(own).toHaveLength(documents.length);
      const occurring = own.filter(({ occurs }) => occurs).length;
      expect(occurring).toBeGreaterThanOrEqual(4);
      expect(occurring).toBeLessThan(documents.length / 3);
    }
  });

  it('mixes two speakers of one group', () => {
    for (const split of groups) {
      const own = plan.mixtures.filter((mixture) => mixture.split === split);
      expect(own).toHaveLength(source.superb.parts.sd.mixtures[split]);
      for (const { turns } of own) {
        expect(new Set(turns.map(({ speaker }) => speaker.id)).size).toBe(2);
        expect(new Set(turns.map(({ speaker }) => speaker.group))).toEqual(new Set([split]));
      }
    }
  });
});

describe('turns of a mixture', () => {
  const lengths = [32000, 16000, 24000, 8000];

  it('follow each other by their gaps; nobody talks over himself', () => {
    let overlaps = 0;
    for (const mixture of plan.mixtures) {
      const placed = placedTurns(mixture, lengths);
      for (const [i, turn] of placed.entries()) {
        expect(turn.end - turn.start).toBe(lengths[i]);
        const before = placed[i - 1];
        if (before !== undefined) {
          expect(turn.start).toBeGreaterThanOrEqual(before.start);
          if (turn.start < before.end) overlaps++;
        }
        for (const other of placed.slice(0, i))
          if (other.speaker === turn.speaker) expect(turn.start).toBeGreaterThanOrEqual(other.end);
      }
    }
    expect(overlaps).toBeGreaterThan(plan.mixtures.length / 2);
  });

  it('are written in seconds', () => {
    expect(turnsText([{ speaker: 'a', start: 1600, end: 8001 }])).toBe('a 0.1000 0.5001');
  });
});

describe('slots of a command', () => {
  it('stand around the words of object and place', () => {
    const columns = { 'intent.object': 'lights', 'intent.location': 'kitchen' };
    const spoken = 'switch the lights on in the kitchen';
    expect(slotsOf({ spoken, columns }, source.definition.intents)).toBe(
      'SWITCH THE B-object LIGHTS E-object ON B-place IN THE KITCHEN E-place',
    );
  });

  it('are found in every command', () => {
    const commands = mini.filter(({ part }) => part === 'ic');
    for (const command of commands)
      expect(slotsOf(command, source.definition.intents)).toContain(' B-object ');
  });
});
