/** @file Voice prompts of the Asterisk telephone exchange: one speaker a folder, file names shared across them. */
import { existsSync, readdirSync } from 'node:fs';
import { extname, join } from 'node:path';
import { UserError } from '../../src/errors.js';
import { readEnglish } from './english.js';
import type { Recording } from './recording.js';
import { splitOfText } from './splits.js';

/** Folder below `sounds`, who speaks, the language. Allison speaks two. */
const voices = [
  ['en_US_f_Allison', 'allison', 'en'],
  ['es_MX_f_Allison', 'allison', 'es'],
  ['es', 'july', 'es'],
  ['fr_CA_f_June', 'june', 'fr'],
  ['fr', 'armelle', 'fr'],
  ['it_IT_m_Carlo', 'carlo', 'it'],
  ['it_IT_f_Menardi', 'menardi', 'it'],
  ['ru_RU_f_IvrvoiceRU', 'ivrvoice', 'ru'],
] as const;

/** Tones, beeps, monkeys and silence. */
const notSpeech = /^silence\/|beep|[0-9]tone$|tt-monkeys$/;

/**
 * All prompts. What a prompt says in English decides its split (its name, where that is not known), whoever speaks it
 * in whatever language: prompts of different names say the same.
 */
export function findAsterisk(root: string): Recording[] {
  const texts = readEnglish(root);
  const sounds = join(root, 'usr/share/asterisk/sounds');
  return voices.flatMap(([folder, speaker, language]) => {
    const base = join(sounds, folder);
    if (!existsSync(base)) {
      throw new UserError(`holds no prompts of ${folder}`, {
        file: root,
        mend: 'Unpack the packages of manifests/recorded/README.md there',
      });
    }
    const files = readdirSync(base, { recursive: true, encoding: 'utf8' }).filter((file) =>
      /\.(wav|gsm|g722)$/.test(file),
    );
    return files.sort().flatMap((file): Recording[] => {
      const prompt = file.slice(0, -extname(file).length).replaceAll('\\', '/');
      if (notSpeech.test(prompt)) return [];
      const name = `asterisk/${folder}/${prompt}`;
      const text = texts.get(prompt);
      const split = splitOfText(text ?? prompt);
      return [
        {
          source: join(base, file),
          name,
          corpus: 'asterisk',
          speaker,
          language,
          split,
          ...(language === 'en' && text !== undefined && { text }),
        },
      ];
    });
  });
}
