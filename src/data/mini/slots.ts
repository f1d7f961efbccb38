/** @file The slots of a spoken command: what is to be done something with, and where. */
import type { MiniDefinition } from './definition.js';
import type { PlannedUtterance } from './plan.js';

/** `SWITCH ON THE B-object LIGHTS E-object B-place IN THE KITCHEN E-place` */
export function slotsOf(
  { spoken, columns }: Pick<PlannedUtterance, 'spoken' | 'columns'>,
  { objects, places }: MiniDefinition['intents'],
): string {
  const values = {
    object: objects[columns['intent.object'] ?? ''],
    place: places[columns['intent.location'] ?? ''],
  };
  let text = ` ${spoken} `;
  for (const [slot, words] of Object.entries(values)) {
    if (words === undefined) continue;
    if (!text.includes(` ${words} `)) throw new Error(`'${spoken}' does not contain the words '${words}'`);
    text = text.replace(` ${words} `, ` B-${slot} ${words} E-${slot} `);
  }
  return text
    .trim()
    .split(' ')
    .map((word) => (/^[BE]-/.test(word) ? word : word.toUpperCase()))
    .join(' ');
}
