/** @file Tests of NeMo's manifests as they are on disks. */
import { describe, expect, it } from 'vitest';
import { at, files, prepare, said, useFolder } from './toolkits.fixture.js';

useFolder();

describe('prepare nemo', () => {
  const lines = (...values: readonly object[]): string =>
    values.map((value) => `${JSON.stringify(value)}\n`).join('');

  it('reads offsets, durations and other fields, relative to the manifest', async () => {
    await files({
      'c/wav/a.wav': 1,
      'c/train.jsonl': lines(
        { audio_filepath: 'wav/a.wav', duration: 1, text: 'one', speaker: 's1', lang: 'en', words: ['x'] },
        { audio_filepath: 'wav/a.wav', offset: 0.25, duration: 0.5, text: 'two', path: '/x', id: 7 },
        { audio_filepath: 'wav/a.wav', offset: 0.5, text: '', label: 'yes' },
      ),
      'c/eval.jsonl': lines({ audio_filepath: at('c/wav/a.wav'), duration: 0.4, text: 'stated wrongly' }),
    });
    const { rows, remarks } = await prepare('nemo', [at('c/train.jsonl'), at('c/eval.jsonl')]);
    expect(rows.map(said)).toEqual([
      {
        id: expect.stringMatching(/^a-[0-9a-f]{8}$/),
        duration: '1',
        split: 'train',
        speaker: 's1',
        text: 'one',
        lang: 'en',
      },
      { id: '7', start: '0.25', duration: '0.5', split: 'train', text: 'two', source_path: '/x' },
      { id: 'a-0.5', start: '0.5', duration: '0.5', split: 'train', label: 'yes' },
      { id: expect.stringMatching(/^a-[0-9a-f]{8}/), duration: '1', split: 'test', text: 'stated wrongly' },
    ]);
    expect(remarks).toEqual([
      "2 utterances have duplicate ids (for example 'a'): a hash of the path was appended to each",
      expect.stringContaining(
        'the file of 1 utterance has another duration than the corpus states: the duration of the file is used',
      ),
    ]);
  });

  it('leaves out spans that the audio does not reach, and ends those that overshoot a little with it', async () => {
    await files({
      'a.wav': 1,
      'train.jsonl': lines(
        { audio_filepath: 'a.wav', offset: 0.5, duration: 0.8, text: 'a little' },
        { audio_filepath: 'a.wav', offset: 0.25, duration: 9, text: 'far' },
        { audio_filepath: 'a.wav', offset: 3, duration: 0.1, text: 'behind' },
      ),
    });
    const { rows, remarks } = await prepare('nemo', [at('train.jsonl')]);
    expect(rows.map(said)).toMatchObject([{ start: '0.5', duration: '0.5', text: 'a little' }]);
    expect(remarks).toEqual([
      `skipped: the audio of 2 utterances ends before their start or end: for example 'a-0.25' (${at('train.jsonl')}:2): start 0.25 s, duration 9 s, audio of 1.000 s`,
      expect.stringContaining('the end of 1 utterance is beyond the end of the audio'),
    ]);
  });

  it.each([
    ['{"audio_filepath": "a.wav"}\n{"audio_filepath": \n', /train\.jsonl:2: invalid JSON/],
    ['[\n{"audio_filepath": "a.wav"}]\n', /train\.jsonl:1: invalid JSON .*jq -c/],
    ['["a.wav"]\n', /train\.jsonl:1: expected a JSON object, got a list/],
    [
      '{"audio_filepath": "a.wav", "duration": -1}\n',
      /:1: invalid value for 'duration': expected a number of seconds, got -1/,
    ],
    [
      '{"audio_filepath": "a.wav", "duration": 0}\n',
      /:1: invalid value for 'duration': expected more than 0 seconds/,
    ],
    ['{"text": "x"}\n', /:1: missing field 'audio_filepath'. Its fields: text/],
    ['{"audio_filepath": "a.wav", "shard_id": 0}\n', /:1: refers to members of tar shards/],
    ['{"audio_filepath": "s3://b/a.wav"}\n', /:1: 's3:\/\/b\/a\.wav' is not a local file/],
    ['{"audio_filepath": "b.wav"}\n', /:1: no audio file was found: looked for 'b\.wav' in .*--root/],
    ['', /contains no utterances/],
  ])('refuses %j with file and line', async (text, message) => {
    await files({ 'a.wav': 0.2, 'train.jsonl': text });
    await expect(prepare('nemo', [at('train.jsonl')])).rejects.toThrow(message);
  });

  it('reads absolute paths of another machine below --root', async () => {
    await files({
      'here/LS/dev/a.wav': 0.2,
      'train.jsonl': lines({ audio_filepath: '/export/corpora/LS/dev/a.wav', text: 'x' }),
    });
    const { rows, remarks } = await prepare('nemo', [at('train.jsonl')], { root: at('here') });
    expect(rows[0]?.path).toBe(at('here/LS/dev/a.wav'));
    expect(remarks).toEqual([`paths in /export/corpora are read from ${at('here')}`]);
  });

  it('draws splits by id or by speaker, and renames columns', async () => {
    const rows = Array.from({ length: 60 }, (_, i) => ({
      audio_filepath: 'a.wav',
      id: `u${i}`,
      who: `s${i % 12}`,
      pred: 'p',
    }));
    await files({ 'a.wav': 0.2, 'all.jsonl': lines(...rows) });
    await expect(prepare('nemo', [at('all.jsonl')])).rejects.toThrow('unknown split of this input');
    const drawn = (await prepare('nemo', [at('all.jsonl')], { split: 'drawn' })).rows;
    expect(new Set(drawn.map(({ split }) => split))).toEqual(new Set(['train', 'dev', 'test']));
    const columns = { speaker: 'who', text: 'pred' };
    const bySpeaker = (await prepare('nemo', [at('all.jsonl')], { splitBySpeaker: true, columns })).rows;
    const splits = new Map<string, Set<string>>();
    for (const {
      split,
      columns: { speaker = '' },
    } of bySpeaker)
      splits.set(speaker, (splits.get(speaker) ?? new Set()).add(split));
    expect([...splits.values()].every(({ size }) => size === 1)).toBe(true);
    expect(bySpeaker[0]?.columns.text).toBe('p');
    await expect(
      prepare('nemo', [at('all.jsonl')], { split: 'dev', columns: { text: 'prd' } }),
    ).rejects.toThrow("no row has the column 'prd', which --columns uses for text. Its columns: pred, who");
  });
});
