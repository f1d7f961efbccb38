/** @file What the speakers say: sentences from a grammar, prose, commands, keywords. */
import type { RandomStream } from '../../base/random.js';
import type { Group, MiniDefinition } from './definition.js';

/** A spoken command and what it means. */
export interface Command {
  readonly text: string;
  readonly action: string;
  readonly object: string;
  readonly location: string;
}

export interface Meaning {
  readonly action: string;
  readonly object: string;
  readonly location: string;
}

/** One random text of a grammar: every `<name>` gives way to one of its alternatives. */
export function expand(grammar: MiniDefinition['grammar'], start: string, random: RandomStream): string {
  const alternatives = grammar[start];
  if (alternatives === undefined) throw new Error(`the grammar has no <${start}>`);
  const chosen = pick(alternatives, random);
  const text = chosen.replaceAll(/<([a-z-]+)>/g, (_match, name: string) => expand(grammar, name, random));
  return tidied(text);
}

/** `amount` different texts of the grammar, none of them in `taken`; they are added to `taken`. */
export function newSentences(
  grammar: MiniDefinition['grammar'],
  amount: number,
  random: RandomStream,
  taken: Set<string>,
  fits: (text: string) => boolean = () => true,
): string[] {
  const sentences: string[] = [];
  const mostTries = 1000 * (amount + 1);
  for (let tries = 0; sentences.length < amount; tries++) {
    if (tries === mostTries) throw new Error(`the grammar cannot generate ${amount} more sentences`);
    const text = expand(grammar, 'sentence', random);
    if (taken.has(text) || !fits(text)) continue;
    taken.add(text);
    sentences.push(text);
  }
  return sentences;
}

/** Every meaning that the definition allows, in its order. */
export function meaningsOf({ meanings }: MiniDefinition['intents']): Meaning[] {
  return meanings.flatMap(({ actions, objects, places }) =>
    actions.flatMap((action) =>
      objects.flatMap((object) => places.map((location) => ({ action, object, location }))),
    ),
  );
}

/** A meaning in one of the wordings of a split. */
export function command(
  intents: MiniDefinition['intents'],
  meaning: Meaning,
  split: Group,
  random: RandomStream,
): Command {
  const wordings = intents.wordings[meaning.action];
  const object = intents.objects[meaning.object];
  const place = meaning.location === 'none' ? '' : intents.places[meaning.location];
  if (wordings === undefined || object === undefined || place === undefined) {
    throw new Error(`no words for ${meaning.action}, ${meaning.object}, ${meaning.location}`);
  }
  const text = pick(wordings[split], random).replace('<object>', object).replace('<place>', place);
  return { text: tidied(text), ...meaning };
}

export function pick<T>(items: readonly T[], random: RandomStream): T {
  const item = items[random.integer(items.length)];
  if (item === undefined) throw new Error('nothing to choose from');
  return item;
}

function tidied(text: string): string {
  return text.replaceAll(/ +/g, ' ').trim();
}
