/** @file Mandarin syllables of gcin-voice: two speakers say the same labels. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { UserError } from '../../src/base/errors.js';
import type { Recording } from './recording.js';
import { splitMembers } from './splits.js';

/** Bopomofo in letters; 'ü' is written v, as keyboards do. */
const initials = new Map(
  Object.entries({
    ㄅ: 'b',
    ㄆ: 'p',
    ㄇ: 'm',
    ㄈ: 'f',
    ㄉ: 'd',
    ㄊ: 't',
    ㄋ: 'n',
    ㄌ: 'l',
    ㄍ: 'g',
    ㄎ: 'k',
    ㄏ: 'h',
    ㄐ: 'j',
    ㄑ: 'q',
    ㄒ: 'x',
    ㄓ: 'zh',
    ㄔ: 'ch',
    ㄕ: 'sh',
    ㄖ: 'r',
    ㄗ: 'z',
    ㄘ: 'c',
    ㄙ: 's',
  }),
);
const rimes = new Map(
  Object.entries({
    ㄚ: 'a',
    ㄛ: 'o',
    ㄜ: 'e',
    ㄝ: 'eh',
    ㄞ: 'ai',
    ㄟ: 'ei',
    ㄠ: 'ao',
    ㄡ: 'ou',
    ㄢ: 'an',
    ㄣ: 'en',
    ㄤ: 'ang',
    ㄥ: 'eng',
    ㄦ: 'er',
    ㄧ: 'i',
    ㄧㄚ: 'ia',
    ㄧㄛ: 'io',
    ㄧㄝ: 'ie',
    ㄧㄞ: 'iai',
    ㄧㄠ: 'iao',
    ㄧㄡ: 'iu',
    ㄧㄢ: 'ian',
    ㄧㄣ: 'in',
    ㄧㄤ: 'iang',
    ㄧㄥ: 'ing',
    ㄨ: 'u',
    ㄨㄚ: 'ua',
    ㄨㄛ: 'uo',
    ㄨㄞ: 'uai',
    ㄨㄟ: 'ui',
    ㄨㄢ: 'uan',
    ㄨㄣ: 'un',
    ㄨㄤ: 'uang',
    ㄨㄥ: 'ong',
    ㄩ: 'v',
    ㄩㄝ: 've',
    ㄩㄢ: 'van',
    ㄩㄣ: 'vn',
    ㄩㄥ: 'iong',
  }),
);

export interface Syllable {
  /** Empty where the syllable begins with its rime. */
  readonly initial: string;
  /** Empty where the initial is spoken alone. */
  readonly rime: string;
  /** 1 to 4; 0 is the neutral tone. */
  readonly tone: number;
}

/** A folder's name: bopomofo and a digit (none: first tone; 1: neutral, as gcin's keyboard has it). */
export function parseSyllable(folder: string): Syllable | undefined {
  const match = /^(?<initial>[ㄅ-ㄙ]?)(?<rime>[ㄚ-ㄩ]*)(?<tone>[1-4]?)$/u.exec(folder);
  if (!match?.groups) return undefined;
  const { initial = '', rime = '', tone = '' } = match.groups;
  const letters = rime === '' ? '' : rimes.get(rime);
  if (letters === undefined || (initial === '' && rime === '')) return undefined;
  return {
    initial: initials.get(initial) ?? '',
    rime: letters,
    tone: tone === '' ? 1 : tone === '1' ? 0 : Number(tone),
  };
}

/** How many rimes become classes: the ones with the most labels. */
const classes = 20;

/**
 * Labels that both speakers say. Rimes with many labels are the classes; a syllable's tones and speakers are all
 * in one split, so a class is tested on syllables that were never heard in training.
 */
export function findGcin(root: string): Recording[] {
  const folder = join(root, 'usr/share/gcin-voice/ogg');
  if (!existsSync(folder)) {
    throw new UserError('holds no gcin-voice', {
      file: root,
      hint: 'Unpack the packages of manifests/recorded/README.md there',
    });
  }
  const labels = readdirSync(folder)
    .sort()
    .flatMap((name) => {
      const syllable = parseSyllable(name);
      const sources = ['3', '5'].map((voice) => ({ voice, source: join(folder, name, `${voice}.ogg`) }));
      return syllable !== undefined && sources.every(({ source }) => existsSync(source))
        ? [{ ...syllable, sources }]
        : [];
    });
  const byRime = new Map<string, typeof labels>();
  for (const label of labels) byRime.set(label.rime, [...(byRime.get(label.rime) ?? []), label]);
  const kept = [...byRime]
    .filter(([rime]) => rime !== '')
    .sort(([a, x], [b, y]) => y.length - x.length || (a < b ? -1 : 1))
    .slice(0, classes);
  const isClass = new Set(kept.map(([rime]) => rime));
  return [...byRime].flatMap(([rime, members]) => {
    const splits = splitMembers(members.map(({ initial }) => initial + rime));
    return members.flatMap(({ initial, tone, sources }) =>
      sources.map(
        ({ voice, source }): Recording => ({
          source,
          name: `gcin/${voice}/${initial}${rime}${tone}`,
          corpus: 'gcin',
          speaker: `gcin-${voice}`,
          language: 'zh',
          split: splits.get(initial + rime) ?? 'train',
          ...(isClass.has(rime) ? { label: rime } : {}),
        }),
      ),
    );
  });
}
