/** @file The output layer of transformers' CTC models (`lm_head`), read when it is asked for. */
import { join } from 'node:path';
import { z } from 'zod';
import type { HubSource } from '../../api/encoder-family.js';
import { UserError } from '../../base/errors.js';
import { checked } from '../../base/validation.js';
import type { Checkpoint } from '../checkpoint.js';
import type { ConfiguredFamily } from '../configured.js';
import { layerOf } from '../recognition.js';
import type { SortedNames } from './names.js';
import type { StoredWeights } from './stored.js';
import { readVocabulary } from './vocabulary.js';

/** What stands between the last hidden state and the output layer, in the models that have it. */
const behindEncoder = ['add_adapter', 'use_intermediate_ffn_before_adapter'] as const;

const flag = z.boolean().nullish();
const schema = z.object({
  pad_token_id: z.int().nonnegative().nullish(),
  add_adapter: flag,
  use_intermediate_ffn_before_adapter: flag,
});

interface Found extends Pick<SortedNames, 'output'> {
  readonly source: HubSource;
  /** What `config.json` holds. */
  readonly settings: unknown;
  readonly stored: StoredWeights;
  readonly configured: ConfiguredFamily;
}

/** What reads the output layer; undefined where the model has none. */
export function recognitionIn(
  folder: string,
  { source, settings, stored, output, configured }: Found,
): Checkpoint['recognition'] {
  if (output === undefined) return undefined;
  return async () => {
    const { pad_token_id: padTokenId, ...found } = checked(schema, {
      value: settings,
      file: join(folder, 'config.json'),
    });
    if (source.recogniser === undefined) throw unsupported('its input is not the last hidden state', folder);
    const between = behindEncoder.find((name) => found[name] === true);
    if (between !== undefined)
      throw unsupported(`its input is the output of an adapter (${between})`, folder);
    const read = await stored.read(new Set(output));
    const count = read[output[0]]?.shape[0] ?? read[output[1]]?.shape[0] ?? 0;
    const tokens = await readVocabulary(folder, padTokenId, count);
    return layerOf(tokens, read, output, configured.encoder.dims.at(-1) as number, folder);
  };
}

const unsupported = (why: string, folder: string): UserError =>
  new UserError(`unsupported output layer: ${why}`, {
    file: folder,
    hint: 'The model can be used as an encoder only',
  });
