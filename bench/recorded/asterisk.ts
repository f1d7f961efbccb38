/** @file Voice prompts of the Asterisk telephone exchange: one speaker a folder, file names shared across them. */
import { asteriskPrompts } from '../../src/data/corpora/asterisk.js';
import type { Recording } from './recording.js';
import { splitOfText } from './splits.js';

/** All prompts; a prompt's name decides its split, whoever speaks it. */
export async function findAsterisk(root: string): Promise<Recording[]> {
  return (await asteriskPrompts(root)).map(({ file, folder, prompt, speaker, language }) => ({
    source: file,
    name: `asterisk/${folder}/${prompt}`,
    corpus: 'asterisk',
    speaker,
    language,
    split: splitOfText(prompt),
  }));
}
