/** @file `ehmam transcribe`: files, folders and manifests, in every format, with bad files among them. */
import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeWav } from '../audio/index.js';
import { writeRecogniser } from '../encoders/recogniser.js';
import { spokenTones, toneRecogniser } from '../finetune/transcribe/tones.fixture.js';
import { compileEntry } from './entry.fixture.js';
import { type Transcribed, type TranscribeRequest, transcribeAll } from './transcribe/run.js';

let folder: string;
let model: string;
const at = (...path: string[]): string => join(folder, ...path);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-transcribe-'));
  model = at('model');
  const { encoder, recognition } = await toneRecogniser();
  await writeRecogniser(model, { ...encoder, recognition });
  await mkdir(at('talks', 'deep'), { recursive: true });
  await writeWav(at('talks', 'a.wav'), spokenTones('AB C'), 16000);
  await writeWav(at('talks', 'deep', 'b.wav'), spokenTones('CAB'), 16000);
  await writeFile(at('talks', 'notes.txt'), 'no audio');
  await writeFile(at('empty.wav'), '');
  await writeFile(
    at('m.csv'),
    'id,path,split,start,duration,text\nx/1,talks/a.wav,test,,,AB C\nx/2,talks/a.wav,test,0.36,0.12,C\n' +
      'y,talks/deep/b.wav,train,,,CAB\nz,gone.wav,other,,,A\n',
  );
});
afterAll(() => rm(folder, { recursive: true }));

interface Said extends Transcribed {
  readonly lines: readonly string[];
  readonly complaints: readonly string[];
  readonly remarks: readonly string[];
}

async function said(change: Partial<TranscribeRequest>): Promise<Said> {
  const [lines, complaints, remarks] = [[], [], []] as string[][] as [string[], string[], string[]];
  const result = await transcribeAll({
    ...{ model, encoder: undefined, audio: [], manifest: undefined, root: undefined, splits: undefined },
    ...{ format: 'text', out: undefined, resume: false, windowSeconds: 20, overlapSeconds: 4 },
    ...{ language: undefined, engine: { name: 'onnx', provider: 'cpu', threads: 1 }, quiet: true },
    signal: new AbortController().signal,
    print: (text) => lines.push(text),
    say: (text) => remarks.push(text),
    complain: (text) => complaints.push(text),
    ...change,
  });
  return { ...result, lines, complaints, remarks };
}

const language = (arpa: string) => ({
  ...{ arpa, lexicon: undefined, beam: 20 },
  weights: { lm: undefined, word: undefined, silence: undefined },
});

/** A unigram model: words with their log10 probabilities. */
async function writeArpa(name: string, words: Readonly<Record<string, number>>): Promise<string> {
  const all = { '<unk>': -5, '<s>': -99, '</s>': -1, ...words };
  const lines = Object.entries(all).map(([word, probability]) => `${probability}\t${word}`);
  const head = `\\data\\\nngram 1=${lines.length}\n\n\\1-grams:\n`;
  await writeFile(at(name), `${head}${lines.join('\n')}\n\n\\end\\\n`);
  return at(name);
}

describe('transcribe', () => {
  it('prints the text of one file alone, and a line a file of several, those of folders among them', async () => {
    expect((await said({ audio: [at('talks', 'a.wav')] })).lines).toEqual(['AB C']);
    const both = [`${at('talks', 'a.wav')}\tAB C`, `${at('talks', 'deep', 'b.wav')}\tCAB`];
    expect((await said({ audio: [at('talks')] })).lines).toEqual(both);
  });

  it('reads the parts of files that a manifest names, and gives lines that score takes', async () => {
    const { lines } = await said({ manifest: at('m.csv'), splits: ['test'], format: 'json' });
    const rows = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(rows.map(({ id, text, duration }) => [id, text, duration])).toEqual([
      ['x/1', 'AB C', 0.48],
      ['x/2', 'C', 0.12],
    ]);
    expect(rows[0]).toMatchObject({ path: at('talks', 'a.wav'), words: [{ word: 'AB' }, { word: 'C' }] });
  });

  it('goes on behind what cannot be read, and says what is wrong with each', async () => {
    const { lines, complaints, done, failed } = await said({
      audio: [at('gone.wav'), at('empty.wav'), at('talks', 'notes.txt'), at('talks', 'a.wav')],
    });
    expect(lines).toEqual([`${at('talks', 'a.wav')}\tAB C`]);
    expect([done, failed]).toEqual([1, 3]);
    expect(complaints[0]).toContain('gone.wav: the audio file cannot be read (ENOENT');
    expect(complaints[1]).toContain('empty.wav: the audio file is empty');
    expect(complaints[2]).toContain('notes.txt: is not a supported audio file');
    const rows = await said({ manifest: at('m.csv'), splits: ['other'] });
    expect(rows.complaints[0]).toContain("utterance 'z': ");
  });

  it('writes lines as they come, and goes on with a file whose last line was cut', async () => {
    const out = at('said.jsonl');
    const asked = { audio: [at('talks')], format: 'json', out } as const;
    await said(asked);
    const whole = await readFile(out, 'utf8');
    expect(whole.trimEnd().split('\n')).toHaveLength(2);
    await truncate(out, whole.length - 9);
    expect(await said({ ...asked, resume: true })).toMatchObject({ done: 1 });
    expect(await readFile(out, 'utf8')).toBe(whole);
    expect(await said({ ...asked, resume: true })).toMatchObject({ done: 0 });
    // A file of something else is not gone on with.
    await writeFile(out, 'what\nis this\n');
    await expect(said({ ...asked, resume: true })).rejects.toThrow(
      'said.jsonl:1: not a line of a transcript',
    );
  });

  it('writes a subtitle file each into a folder, and asks for one', async () => {
    await expect(said({ audio: [at('talks')], format: 'srt' })).rejects.toThrow('Add --out DIR');
    await said({ audio: [at('talks')], format: 'vtt', out: at('subtitles') });
    expect(await readdir(at('subtitles'), { recursive: true })).toEqual([
      'a.vtt',
      'deep',
      join('deep', 'b.vtt'),
    ]);
    const { lines } = await said({ audio: [at('talks', 'a.wav')], format: 'srt' });
    expect(lines[0]).toMatch(/^1\n00:00:00,\d{3} --> 00:00:00,4\d{2}\nAB C$/);
  });

  it('decodes with a language model, whose words are those that are said', async () => {
    const arpa = await writeArpa('words.arpa', { AB: -1, CAB: -1, C: -0.5 });
    const { lines, remarks } = await said({ audio: [at('talks')], language: language(arpa) });
    expect(lines.map((line) => line.split('\t')[1])).toEqual(['AB C', 'CAB']);
    expect(remarks).toEqual(['ehmam: language model with weight 2, word score -1, silence score 0']);
    const other = await writeArpa('other.arpa', { AC: -1 });
    const heard = await said({ audio: [at('talks', 'a.wav')], language: language(other) });
    expect(heard.lines[0]).toMatch(/^AC( AC)*$/);
    const foreign = await writeArpa('foreign.arpa', { дом: -1, кот: -1 });
    await expect(said({ audio: [at('talks')], language: language(foreign) })).rejects.toThrow(
      /foreign\.arpa: none of its 2 words can be spelled .*: 'дом', for example\. The tokens are <s> \| A B C/,
    );
  });

  it('stops where it is told to, with whole lines behind it', async () => {
    const stop = new AbortController();
    const lines: string[] = [];
    const print = (text: string): void => {
      lines.push(text);
      stop.abort();
    };
    expect(await said({ audio: [at('talks')], signal: stop.signal, print })).toMatchObject({
      interrupted: true,
    });
    expect(lines).toHaveLength(1);
  });

  it('says how to make a recogniser where none is given, and names a folder without audio', async () => {
    await expect(said({ model: 'fbank', audio: [at('talks')] })).rejects.toThrow(
      /'fbank' is not a recogniser.*'ehmam finetune'/,
    );
    await mkdir(at('nothing'));
    await expect(said({ audio: [at('nothing')] })).rejects.toThrow('nothing: has no audio files');
    await expect(said({ audio: [at('talks')], encoder: 'fbank' })).rejects.toThrow('--encoder requires');
  });

  it('ends with 1 after a bad file, and with 2 where the call is wrong', async () => {
    const { run } = await compileEntry();
    const call = (...words: string[]) => run(['transcribe', model, ...words, '--threads', '1', '--quiet']);
    const [bad, wrong] = await Promise.all([
      call(at('empty.wav'), at('talks', 'a.wav')),
      call(at('talks', 'a.wav'), '--beam', '5'),
    ]);
    expect(bad).toMatchObject({ code: 1, stdout: `${at('talks', 'a.wav')}\tAB C\n` });
    expect(bad.stderr).toMatch(/^ehmam: .*empty\.wav: the audio file is empty.*\n$/);
    expect(wrong).toMatchObject({
      code: 2,
      stderr: 'ehmam: --beam requires --lm. Add --lm FILE, an ARPA file\n',
    });
  });
});
