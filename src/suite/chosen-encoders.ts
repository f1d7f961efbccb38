/** @file The encoders of a suite that the command line names, and what of its fine-tuning is left with them. */
import { resolve } from 'node:path';
import { UserError } from '../base/errors.js';
import type { FinetuneEntry } from './finetune-definition.js';
import type { Suite, SuiteEncoder } from './schema.js';

type Encoders = Required<Pick<Suite, 'encoders' | 'finetune'>>;

const nameOf = (encoder: SuiteEncoder): string => (typeof encoder === 'string' ? encoder : encoder.name);

/** A suite's SPECs are paths from its folder, those of the command line from the working folder. */
const isSame = (a: string, b: string): boolean => a === b || resolve(a) === resolve(b);

/** Names that stand for something in the suite: they are no SPECs. */
export function namesOfSuite({ encoders, finetune = [] }: Suite): ReadonlySet<string> {
  const pretrained = encoders.filter((encoder) => typeof encoder !== 'string');
  return new Set([...pretrained, ...finetune].map(({ name }) => name));
}

/**
 * A suite's encoders and fine-tunings; where some are asked for, those in the place of the suite's: SPECs, what the suite
 * pre-trains, and what comes of its fine-tuning, by name. An entry trains those of its encoders that are asked for, or all
 * where it names none; without one it is left out.
 * @throws UserError for an entry that is asked for and none of whose encoders is
 */
export function chosenEncoders(suite: Suite, asked: readonly string[] | undefined): Encoders {
  const { encoders, finetune = [] } = suite;
  if (asked === undefined) return { encoders, finetune };
  const entries = new Set(finetune.map(({ name }) => name));
  const others = asked.filter((spec) => !entries.has(spec));
  return {
    encoders: asked.map((spec) => encoders.find((encoder) => nameOf(encoder) === spec) ?? spec),
    finetune: finetune.flatMap((entry): FinetuneEntry[] => {
      const { name, encoders: own } = entry;
      const chosen = own?.filter((spec) => others.some((one) => isSame(one, spec)));
      if ((chosen ?? others).length > 0) return [{ ...entry, encoders: chosen }];
      if (!asked.includes(name)) return [];
      const known = own ?? encoders.map(nameOf).filter((spec) => !entries.has(spec));
      throw new UserError(`--encoders names the finetune entry '${name}' and no encoder that it trains`, {
        hint: `Add one of them: ${known.join(', ')}`,
      });
    }),
  };
}
