/** @file Voice prompts of the Asterisk telephone exchange, from Debian's packages, installed or unpacked. */
import { existsSync } from 'node:fs';
import { extname, join } from 'node:path';
import { UserError } from '../../base/errors.js';
import { readText } from '../../base/text.js';
import { type Corpus, type CorpusRow, countRemark, notThere } from './corpus.js';
import { splitOfText } from './splits.js';
import { filesBelow } from './walk.js';

interface Voice {
  /** Below `sounds`. */
  readonly folder: string;
  readonly speaker: string;
  readonly language: string;
  /** Spoken prompts in the package: asterisk-core-sounds 1.6.1-1 and asterisk-prompt-* of Debian 12, counted. */
  readonly known: number;
  /** Whether the texts of the language's core sounds are what it says. */
  readonly saysTexts: boolean;
}

/** Allison speaks two languages. */
const voices: readonly Voice[] = [
  { folder: 'en_US_f_Allison', speaker: 'allison', language: 'en', known: 553, saysTexts: true },
  { folder: 'es_MX_f_Allison', speaker: 'allison', language: 'es', known: 512, saysTexts: true },
  { folder: 'es', speaker: 'july', language: 'es', known: 283, saysTexts: false },
  { folder: 'fr_CA_f_June', speaker: 'june', language: 'fr', known: 546, saysTexts: true },
  { folder: 'fr', speaker: 'armelle', language: 'fr', known: 327, saysTexts: false },
  { folder: 'it_IT_m_Carlo', speaker: 'carlo', language: 'it', known: 584, saysTexts: true },
  { folder: 'it_IT_f_Menardi', speaker: 'menardi', language: 'it', known: 540, saysTexts: false },
  { folder: 'ru_RU_f_IvrvoiceRU', speaker: 'ivrvoice', language: 'ru', known: 561, saysTexts: true },
];

const languages = [...new Set(voices.map(({ language }) => language))];
const soundFolders = ['usr/share/asterisk/sounds', 'share/asterisk/sounds', 'asterisk/sounds', 'sounds', '.'];
/** WAV before what must be decoded by other programs first. */
const formats = ['.wav', '.g722', '.gsm'];

/** Tones, beeps, monkeys and silence. */
const notSpeech = /^silence\/|beep|[0-9]tone$|tt-monkeys$/;

export interface AsteriskPrompt {
  /** Name below the voice's folder, without extension; the voices of a language share many. */
  readonly prompt: string;
  readonly file: string;
  /** Of the voice, below `sounds`. */
  readonly folder: string;
  readonly speaker: string;
  readonly language: string;
  /** As the package has it; missing where it has none, or the voice may say it in other words. */
  readonly text?: string;
}

/**
 * The spoken prompts below a root (`/`, where packages were unpacked, or `sounds` itself), one file each: the WAV
 * where there are several formats, else G.722 or GSM, which `readAudio` does not read.
 * @param remarks gets what was met on the way
 * @throws UserError when there is none
 */
export async function asteriskPrompts(root: string, remarks: string[] = []): Promise<AsteriskPrompt[]> {
  const sounds = soundFolders
    .map((name) => join(root, name))
    .find((base) => voices.some(({ folder }) => existsSync(join(base, folder))));
  if (sounds === undefined)
    throw notThere(root, 'prompts of Asterisk', ['usr/share/asterisk/sounds/en_US_f_Allison']);
  const prompts: AsteriskPrompt[] = [];
  for (const { folder, speaker, language, saysTexts } of voices) {
    if (!existsSync(join(sounds, folder))) continue;
    const texts = saysTexts ? await textsOf(root, sounds, language) : undefined;
    const files = new Map<string, string>();
    for (const name of await filesBelow(join(sounds, folder), remarks)) {
      const extension = extname(name);
      const prompt = name.slice(0, name.length - extension.length);
      const rank = formats.indexOf(extension);
      const other = files.get(prompt);
      if (rank < 0 || notSpeech.test(prompt)) continue;
      if (other === undefined || rank < formats.indexOf(extname(other))) files.set(prompt, name);
    }
    for (const [prompt, name] of files) {
      const text = texts?.get(prompt);
      const file = join(sounds, folder, name);
      prompts.push({ prompt, file, folder, speaker, language, ...(text !== undefined && { text }) });
    }
  }
  return prompts;
}

/** `core-sounds-en.txt.gz`: a line a prompt, `name: what is said`, comments after ';'. */
async function textsOf(
  root: string,
  sounds: string,
  language: string,
): Promise<ReadonlyMap<string, string> | undefined> {
  const name = `asterisk-core-sounds-${language}/core-sounds-${language}.txt`;
  const places = [join(root, 'usr/share/doc', name), join(sounds, '../../doc', name), join(root, name)];
  const file = places.flatMap((place) => [`${place}.gz`, place]).find((place) => existsSync(place));
  if (file === undefined) return undefined;
  const text = await readText(file);
  return new Map(
    text.split(/\r?\n/).flatMap((line) => {
      const [, prompt, said] = /^([^;:\s][^:]*): *(.*\S)/.exec(line) ?? [];
      return prompt === undefined || said === undefined ? [] : [[prompt, said] as const];
    }),
  );
}

/**
 * A text in the letters of the task asr: A to Z, apostrophe, space; accents are left out. Undefined where signs or
 * digits hide what is spoken, where no letter is left, or where other alphabets are used.
 */
export function lettersOf(text: string): string | undefined {
  if (/[0-9#*@&%$+=<>[\]/\\]|www\./i.test(text)) return undefined;
  const plain = text
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replace(/[\u2018\u2019]/g, "'")
    .toUpperCase();
  if (/[^A-Z\P{L}]/u.test(plain)) return undefined;
  const words = plain.split(/[^A-Z']+/).map((word) => word.replace(/^'+|'+$/g, ''));
  return words.filter((word) => word !== '').join(' ') || undefined;
}

export const asterisk: Corpus = {
  name: 'asterisk',
  summary: "Asterisk's recorded prompts in Debian's packages, --subsets en,es,fr,it,ru (asr-*, sid)",
  understands: ['subsets'],
  async find(root, { subsets = languages }) {
    const unknown = subsets.find((name) => !languages.includes(name));
    if (unknown !== undefined) {
      throw new UserError(`unknown language '${unknown}' of Asterisk prompts`, {
        hint: `Expected one of: ${languages.join(', ')}`,
      });
    }
    const remarks: string[] = [];
    const all = (await asteriskPrompts(root, remarks)).filter(({ language }) => subsets.includes(language));
    const read = all.filter(({ file }) => file.endsWith('.wav'));
    if (read.length === 0) throw unreadable(root, all);
    const manifests: Record<string, CorpusRow[]> = {};
    for (const { folder, known, saysTexts } of voices) {
      const some = all.filter((prompt) => prompt.folder === folder);
      if (some.length === 0) continue;
      const wav = some.filter(({ file }) => file.endsWith('.wav'));
      const silent = wav.filter(({ text }) => text === undefined).length;
      remarks.push(
        ...countRemark(folder, some.length, known),
        ...(wav.length < some.length
          ? [`${folder}: ${some.length - wav.length} prompts skipped: no WAV file`]
          : []),
      );
      if (saysTexts && silent > 0) remarks.push(`${folder}: ${silent} of ${wav.length} prompts have no text`);
    }
    for (const language of languages) {
      const rows = read.filter((prompt) => prompt.language === language).flatMap(asrRow);
      if (rows.length > 0) manifests[`asr-${language}`] = rows;
    }
    if (new Set(read.map(({ speaker }) => speaker)).size > 1) manifests.sid = read.map(sidRow);
    return { manifests, remarks };
  },
};

const idOf = ({ folder, prompt }: AsteriskPrompt): string => `${folder}-${prompt.replaceAll('/', '-')}`;

/** Whatever is said in the same words is in one split. */
function asrRow(prompt: AsteriskPrompt): CorpusRow[] {
  const { file, speaker, language, text } = prompt;
  const letters = text === undefined ? undefined : lettersOf(text);
  if (letters === undefined) return [];
  const columns = { speaker, language, text: letters };
  return [{ id: idOf(prompt), file, split: splitOfText(letters), columns }];
}

/** A prompt's name decides its split, whoever speaks it. */
function sidRow(prompt: AsteriskPrompt): CorpusRow {
  const { file, speaker, language } = prompt;
  return { id: idOf(prompt), file, split: splitOfText(prompt.prompt), columns: { speaker, language } };
}

function unreadable(root: string, prompts: readonly AsteriskPrompt[]): UserError {
  const kinds = [...new Set(prompts.map(({ file }) => extname(file).slice(1)))];
  const what =
    prompts.length === 0
      ? 'contains no prompts in these languages'
      : `contains prompts only in unsupported formats: ${kinds.join(' and ')}`;
  return new UserError(what, {
    file: root,
    hint: 'Unpack asterisk-core-sounds-*-wav into this folder, or convert each file in place: ffmpeg -i NAME.g722 NAME.wav, sox NAME.gsm NAME.wav',
  });
}
