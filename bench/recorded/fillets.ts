/** @file Dutch lines of the game Fish Fillets NG: two actors, with texts from the game's scripts. */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../src/base/errors.js';
import { plainLetters } from './letters.js';
import type { Recording } from './recording.js';
import { splitOfText } from './splits.js';

export interface Line {
  readonly id: string;
  /** The colour of the subtitle, which tells the character. */
  readonly font: string;
  readonly text: string;
}

/** Lines of a `dialogs_nl.lua`: `dialogId("id", "font", "English")`, then `dialogStr("Dutch")`. */
export function parseDialogs(lua: string): Line[] {
  const text = '"((?:[^"\\\\]|\\\\.)*)"';
  const line = new RegExp(`dialogId\\(${text},\\s*${text},\\s*${text}\\)\\s*dialogStr\\(${text}\\)`, 'g');
  return [...lua.matchAll(line)].map(([, id = '', font = '', , dutch = '']) => ({
    id,
    font,
    text: dutch.replace(/\\(.)/g, '$1'),
  }));
}

/**
 * Upper case, letters A to Z, apostrophes and single spaces; accents go. Undefined where the letters do not say
 * what is spoken (digits, placeholders) or nothing is left.
 */
export function normalizeDutch(text: string): string | undefined {
  if (/[0-9%]/.test(text)) return undefined;
  return plainLetters(
    text
      .normalize('NFD')
      .replace(/\p{Mark}/gu, '')
      .replace(/‘([^‘’]*)’/g, '$1')
      .replace(/’/g, "'"),
  );
}

/** The small fish (`-m-`) and the big one (`-v-`) have an actor each; who speaks the rest is not written down. */
export function filletsSpeaker({ id, font }: Line): string {
  if (/(^|-)m-/.test(id) || font === 'font_small') return 'fillets-m';
  if (/(^|-)v-/.test(id) || font === 'font_big') return 'fillets-v';
  return '';
}

/** Lines that are recorded and have a usable text; the same text is always in the same split. */
export function findFillets(root: string): Recording[] {
  const game = join(root, 'usr/share/games/fillets-ng');
  const sounds = join(game, 'sound');
  if (!existsSync(sounds)) {
    throw new UserError('holds no fillets-ng-data-nl', {
      file: root,
      hint: 'Unpack the packages of manifests/recorded/README.md there',
    });
  }
  return readdirSync(sounds)
    .sort()
    .flatMap((level): Recording[] => {
      const script = join(game, 'script', level, 'dialogs_nl.lua');
      if (!existsSync(script)) return [];
      return parseDialogs(readFileSync(script, 'utf8')).flatMap((line): Recording[] => {
        const source = join(sounds, level, 'nl', `${line.id}.ogg`);
        const text = normalizeDutch(line.text);
        if (text === undefined || !existsSync(source)) return [];
        const name = `fillets/${level}/${line.id}`;
        return [
          {
            source,
            name,
            corpus: 'fillets',
            speaker: filletsSpeaker(line),
            language: 'nl',
            split: splitOfText(text),
            text,
          },
        ];
      });
    });
}
