/** @file Voice prompts of the Asterisk telephone exchange: one speaker a folder, file names shared across them. */

import { UserError } from '../../src/base/errors.js';
import { asteriskPrompts } from '../../src/data/corpora/asterisk.js';
import { normalizeEnglish } from './english.js';
import type { Recording } from './recording.js';
import { splitOfText } from './splits.js';

/**
 * All prompts. What a prompt says in English decides its split (its name, where that is not known), whoever speaks it
 * in whatever language: prompts of different names say the same.
 * @throws UserError when prompts or the texts of the English ones are not there
 */
export async function findAsterisk(root: string): Promise<Recording[]> {
  const prompts = await asteriskPrompts(root);
  const texts = new Map(
    prompts.flatMap(({ language, prompt, text }) => {
      const letters = language === 'en' && text !== undefined ? normalizeEnglish(text) : undefined;
      return letters === undefined ? [] : [[prompt, letters] as const];
    }),
  );
  if (texts.size === 0) {
    throw new UserError('holds no English prompts with their texts', {
      file: root,
      hint: 'Unpack asterisk-core-sounds-en and asterisk-core-sounds-en-g722 there',
    });
  }
  return prompts.map(({ file, folder, prompt, speaker, language }) => {
    const text = texts.get(prompt);
    return {
      source: file,
      name: `asterisk/${folder}/${prompt}`,
      corpus: 'asterisk',
      speaker,
      language,
      split: splitOfText(text ?? prompt),
      ...(language === 'en' && text !== undefined && { text }),
    };
  });
}
