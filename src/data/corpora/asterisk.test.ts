/** @file Tests of Asterisk's prompts: Debian's packages become manifests. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadUtterances } from '../manifest.js';
import { asterisk, asteriskPrompts, lettersOf } from './asterisk.js';
import { asteriskTexts, asteriskTree, writeTree } from './miniatures.fixture.js';
import { prepareCorpus } from './prepare.js';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'ehmam-asterisk-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function writeTexts(): Promise<void> {
  for (const [language, text] of Object.entries(asteriskTexts)) {
    const name = `usr/share/doc/asterisk-core-sounds-${language}/core-sounds-${language}.txt.gz`;
    await mkdir(dirname(join(root, name)), { recursive: true });
    await writeFile(join(root, name), gzipSync(text));
  }
}

const prepare = (subsets?: readonly string[], from = root) =>
  prepareCorpus(asterisk, { root: from, out: join(root, 'manifests'), quiet: true, subsets });

describe('prepare asterisk', () => {
  it('has a manifest of texts for each language, and one of speakers', async () => {
    await writeTree(root, asteriskTree);
    await writeTexts();
    const { manifests, remarks } = await prepare();
    expect(manifests.map(({ name }) => name)).toEqual(['asr-en', 'asr-it', 'sid']);
    const rows = async (name: string) => loadUtterances(join(root, 'manifests', `${name}.csv`));
    const asr = await rows('asr-en');
    expect(asr.map(({ id, columns: { text, speaker, language } }) => [id, text, speaker, language])).toEqual([
      ['en_US_f_Allison-activated', 'ACTIVATED', 'allison', 'en'],
      ['en_US_f_Allison-digits-1', 'ONE', 'allison', 'en'],
      ['en_US_f_Allison-vm-forward', "DON'T PRESS THE KEY", 'allison', 'en'],
    ]);
    expect(asr[0]?.path).toMatch(/activated\.wav$/);
    expect((await rows('asr-it')).map(({ columns }) => columns.text)).toEqual(['PERCHE NO']);
    const sid = await rows('sid');
    expect(sid.map(({ columns }) => columns.speaker)).toEqual([
      ...Array(4).fill('allison'),
      'carlo',
      'menardi',
    ]);
    // What several speakers say is in one split.
    expect(new Set(sid.filter(({ id }) => id.endsWith('digits-1')).map(({ split }) => split)).size).toBe(1);
    expect(remarks).toContain('en_US_f_Allison: 4 utterances, expected 553 (as published)');
    expect(remarks).toContain('fr: 1 prompts skipped: no WAV file');
  });

  it('finds them from the sounds alone, and says that texts are missing', async () => {
    await writeTree(root, asteriskTree);
    const sounds = join(root, 'usr/share/asterisk/sounds');
    const { manifests, remarks } = await prepare(undefined, sounds);
    expect(manifests.map(({ name }) => name)).toEqual(['sid']);
    expect(remarks).toContain('en_US_f_Allison: 4 of 4 prompts have no text');
    await writeTexts();
    expect((await prepare(['en'], sounds)).manifests.map(({ name }) => name)).toEqual(['asr-en']);
  });

  it('says what to do with formats that are not read, and gives them to those who decode', async () => {
    await writeTree(root, asteriskTree);
    await expect(prepare(['fr'])).rejects.toThrow(
      /contains prompts only in unsupported formats: gsm.*ffmpeg -i/,
    );
    await expect(prepare(['ru'])).rejects.toThrow('contains no prompts in these languages');
    await expect(prepare(['de'])).rejects.toThrow(
      "unknown language 'de' of Asterisk prompts. Expected one of: en, es, fr, it, ru",
    );
    await expect(prepare(undefined, join(root, 'usr'))).resolves.toBeDefined();
    await expect(prepare(undefined, join(root, 'nowhere'))).rejects.toThrow(
      'does not contain prompts of Asterisk',
    );
    const french = (await asteriskPrompts(root)).filter(({ language }) => language === 'fr');
    expect(french).toEqual([expect.objectContaining({ prompt: 'digits/1', speaker: 'armelle' })]);
  });
});

it.each([
  ['Press the pound key.', 'PRESS THE POUND KEY'],
  ["'Tis  l\u2019\u00e9t\u00e9 - d\u00e9j\u00e0...", "TIS L'ETE DEJA"],
  ['press # to exit', undefined],
  ['dial 2 now', undefined],
  ['[descending tones]', undefined],
  ['\u0414\u043e\u0431\u0430\u0432\u043b\u0435\u043d\u043e', undefined],
  ['...', undefined],
])('lettersOf(%j) is %j', (text, letters) => {
  expect(lettersOf(text)).toBe(letters);
});
