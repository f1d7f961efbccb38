/** @file Miniatures of corpora in their publishers' exact layouts, for tests. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encodeWav } from '../../audio/index.js';
import { fliteRateHz, loadFlite } from '../mini/flite.js';

/** A quarter of a second of FLAC that another program wrote. */
const flac = fileURLToPath(new URL('../../../test/fixtures/audio/mono-16k-16bit.flac', import.meta.url));

let spoken: Promise<Float32Array> | undefined;

/** So many seconds of speech, said again from its start where they are many. */
async function speech(seconds: number): Promise<Float32Array> {
  const text = 'He began a confused complaint against the wizard, who had vanished behind the curtain.';
  spoken ??= loadFlite().then((flite) => flite({ text, voice: 'slt', stretch: 1 }));
  const once = await spoken;
  const count = Math.round(seconds * fliteRateHz);
  return Float32Array.from({ length: count }, (_, i) => once[i % once.length] ?? 0);
}

/** Writes files by their paths below `root`: a text, or seconds of speech as a 16 kHz WAV. */
export async function writeTree(
  root: string,
  files: Readonly<Record<string, string | number>>,
): Promise<void> {
  for (const [path, content] of Object.entries(files)) {
    const file = join(root, path);
    await mkdir(dirname(file), { recursive: true });
    if (path.endsWith('.flac')) await writeFile(file, await readFile(flac));
    else if (typeof content === 'string') await writeFile(file, content);
    else await writeFile(file, encodeWav(await speech(content), fliteRateHz));
  }
}

/** OpenSLR 12: LibriSpeech/SUBSET/SPEAKER/CHAPTER/SPEAKER-CHAPTER-0000.flac, a transcript a chapter. */
export const librispeechTree = {
  'LibriSpeech/README.TXT': 'x',
  'LibriSpeech/SPEAKERS.TXT': '; ID  |SEX| SUBSET           |MINUTES| NAME\n',
  'LibriSpeech/train-clean-100/103/1240/103-1240-0000.flac': '',
  'LibriSpeech/train-clean-100/103/1240/103-1240-0001.flac': '',
  'LibriSpeech/train-clean-100/103/1240/103-1240.trans.txt':
    '103-1240-0000 CHAPTER ONE\n103-1240-0001 THAT HAD ITS SOURCE\n',
  'LibriSpeech/dev-clean/84/121123/84-121123-0000.flac': '',
  'LibriSpeech/dev-clean/84/121123/84-121123.trans.txt': '84-121123-0000 GO DO YOU HEAR\n',
  'LibriSpeech/test-clean/61/70968/61-70968-0000.flac': '',
  'LibriSpeech/test-clean/61/70968/61-70968.trans.txt': '61-70968-0000 HE BEGAN A CONFUSED COMPLAINT\n',
} as const;

/** Libri-light's librispeech_finetuning: an hour in six parts, nine more hours. */
export const finetuningTree = {
  'librispeech_finetuning/1h/0/clean/1/2/1-2-0000.flac': '',
  'librispeech_finetuning/1h/0/clean/1/2/1-2.trans.txt': '1-2-0000 ONE\n',
  'librispeech_finetuning/1h/5/other/3/4/3-4-0000.flac': '',
  'librispeech_finetuning/1h/5/other/3/4/3-4.trans.txt': '3-4-0000 TWO\n',
  'librispeech_finetuning/9h/clean/5/6/5-6-0000.flac': '',
  'librispeech_finetuning/9h/clean/5/6/5-6.trans.txt': '5-6-0000 THREE\n',
} as const;

/** What Libri-light's sets are judged on beside LibriSpeech's clean speech. */
export const librispeechOtherTree = {
  'LibriSpeech/dev-other/116/288045/116-288045-0000.flac': '',
  'LibriSpeech/dev-other/116/288045/116-288045.trans.txt': '116-288045-0000 AS I APPROACHED THE CITY\n',
  'LibriSpeech/test-other/367/130732/367-130732-0000.flac': '',
  'LibriSpeech/test-other/367/130732/367-130732.trans.txt': '367-130732-0000 LOBSTERS\n',
} as const;

/** speech_commands_v0.01.tar.gz and speech_commands_test_set_v0.01.tar.gz, each in a folder of its name. */
export const speechCommandsTree = {
  'speech_commands_v0.01/README.md': 'x',
  'speech_commands_v0.01/validation_list.txt': 'bed/026290a7_nohash_0.wav\n',
  'speech_commands_v0.01/yes/004ae714_nohash_0.wav': 1,
  'speech_commands_v0.01/yes/0c40e715_nohash_0.wav': 1,
  'speech_commands_v0.01/bed/026290a7_nohash_0.wav': 0.75,
  'speech_commands_v0.01/_background_noise_/README.md': 'x',
  'speech_commands_v0.01/_background_noise_/running_tap.wav': 10.5,
  'speech_commands_test_set_v0.01/yes/0a7c2a8d_nohash_0.wav': 1,
  'speech_commands_test_set_v0.01/_unknown_/d0faf7e4_nohash_5.wav': 1,
  'speech_commands_test_set_v0.01/_silence_/silence_0.wav': 1,
} as const;

export const voxcelebTree = {
  'iden_split.txt':
    '3 id10001/1zcIwhmdeo4/00001.wav\n1 id10001/7gWzIy6yIIk/00001.wav\n2 id10270/5r0dWxy17C8/00002.wav\n' +
    '1 id10001/7gWzIy6yIIk/00002.wav\n',
  'dev/wav/id10001/1zcIwhmdeo4/00001.wav': 0.5,
  'dev/wav/id10001/7gWzIy6yIIk/00001.wav': 0.5,
  'test/wav/id10270/5r0dWxy17C8/00002.wav': 0.5,
} as const;

const fluentHeader = ',path,speakerId,transcription,action,object,location\n';

export const fluentTree = {
  'fluent_speech_commands_dataset/data/train_data.csv': `${fluentHeader}0,wavs/speakers/2BqVo8kVB2Skwgyb/0a3129c0.wav,2BqVo8kVB2Skwgyb,Change language,change language,none,none\n`,
  'fluent_speech_commands_dataset/data/valid_data.csv': `${fluentHeader}0,wavs/speakers/7NEaXjeLX3sg3yDB/2c2bc4c0.wav,7NEaXjeLX3sg3yDB,"Turn up the heat, please",increase,heat,none\n`,
  'fluent_speech_commands_dataset/data/test_data.csv': `${fluentHeader}0,wavs/speakers/4BrX8aDqK2cLZRYl/cbdf5700.wav,4BrX8aDqK2cLZRYl,Resume,activate,music,none\n`,
  'fluent_speech_commands_dataset/wavs/speakers/2BqVo8kVB2Skwgyb/0a3129c0.wav': 0.5,
  'fluent_speech_commands_dataset/wavs/speakers/7NEaXjeLX3sg3yDB/2c2bc4c0.wav': 0.5,
  'fluent_speech_commands_dataset/wavs/speakers/4BrX8aDqK2cLZRYl/cbdf5700.wav': 0.5,
} as const;

/** Debian's asterisk-core-sounds-{en,it}, -{en,it}-wav and asterisk-prompt-it-menardi-wav, unpacked. */
export const asteriskTree = {
  'usr/share/asterisk/sounds/en_US_f_Allison/activated.wav': 0.5,
  'usr/share/asterisk/sounds/en_US_f_Allison/activated.g722': 'x',
  'usr/share/asterisk/sounds/en_US_f_Allison/vm-forward.wav': 1,
  'usr/share/asterisk/sounds/en_US_f_Allison/digits/1.wav': 0.25,
  'usr/share/asterisk/sounds/en_US_f_Allison/demo-moreinfo.wav': 1,
  'usr/share/asterisk/sounds/en_US_f_Allison/beep.wav': 0.25,
  'usr/share/asterisk/sounds/en_US_f_Allison/silence/1.wav': 1,
  'usr/share/asterisk/sounds/it_IT_m_Carlo/digits/1.wav': 0.25,
  'usr/share/asterisk/sounds/it_IT_f_Menardi/digits/1.wav': 0.25,
  'usr/share/asterisk/sounds/fr/digits/1.gsm': 'x',
} as const;

export const asteriskTexts = {
  en: '; Core Asterisk Sounds in English\n\nactivated: Activated.\nbeep: [this is a simple beep tone]\ndemo-moreinfo: Visit www.asterisk.org.\ndigits/1: one\nvm-forward: Don\u2019t press ... the key.\n',
  it: '\ufeff; Core Asterisk Sounds in Italian\n\ndigits/1: perch\u00e9 no\n',
} as const;
