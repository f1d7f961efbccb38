/**
 * @file Files of a submission, line for line as s3prl writes them: the lines expected here follow the f-strings of its experts
 * (s3prl/downstream at commit ec8064b), with names made by its datasets from the publishers' paths.
 */
import { describe, expect, it } from 'vitest';
import type { PredictionLine } from '../record.js';
import { submissionFiles } from './lines.js';

const filesOf = (task: string, lines: readonly PredictionLine[], languageModel = false) => {
  const { predict, truth } = submissionFiles({ task, languageModel, lines });
  const byPath = (files: typeof predict) => Object.fromEntries(files.map(({ path, text }) => [path, text]));
  return { predict: byPath(predict), truth: byPath(truth) };
};

describe('files of a line an utterance', () => {
  it.each([
    // Path(x_file).stem; " ".join(words)
    [
      'asr',
      '1089-134686-0000',
      'HE HOPED',
      'HE HOPE',
      'asr_public/predict.ark',
      '1089-134686-0000 HE HOPE\n',
    ],
    ['pr', '1089-134686-0000', 'HH IY', 'HH', 'pr_public/predict.ark', '1089-134686-0000 HH\n'],
    [
      'sf',
      'Aditi-12-test',
      'PLAY B-artist X E-artist',
      'PLAY',
      'sf_public/predict.ark',
      'Aditi-12-test PLAY\n',
    ],
    // Path("-".join(parts[-3:])).stem of id10001/1zcIwhmdeo4/00001.wav
    [
      'sid',
      'id10001-1zcIwhmdeo4-00001',
      'id10001',
      'id10002',
      'sid_public/predict.txt',
      'id10001-1zcIwhmdeo4-00001 id10002\n',
    ],
    // "-".join(parts[-2:]) of speech_commands_test_set_v0.01/_unknown_/0a2b400e_nohash_0.wav
    [
      'ks',
      'test-_unknown_-0a2b400e_nohash_0',
      '_unknown_',
      'yes',
      'ks_public/predict.txt',
      '_unknown_-0a2b400e_nohash_0.wav yes\n',
    ],
  ])('%s', (task, id, reference, prediction, path, text) => {
    const { predict, truth } = filesOf(task, [{ id, reference, prediction }]);
    expect(predict).toEqual({ [path]: text });
    expect(truth).toEqual({
      [path.replace('predict', 'truth')]: text.replace(`${prediction}\n`, `${reference}\n`),
    });
  });

  it('ic, whose files are named without their speaker', () => {
    const said = (action: string) => ({
      'intent.action': action,
      'intent.object': 'lights',
      'intent.location': 'none',
    });
    const id = '2BqVo8kVB2Skwgyb-0a3129c0-4474-11e9-a9a5-5dbec3b8816a';
    const speaker = '2BqVo8kVB2Skwgyb';
    const line = { id, speaker, prediction: said('activate'), reference: said('deactivate') };
    expect(filesOf('ic', [line])).toEqual({
      predict: { 'ic_public/predict.csv': '0a3129c0-4474-11e9-a9a5-5dbec3b8816a,activate,lights,none\n' },
      truth: { 'ic_public/truth.csv': '0a3129c0-4474-11e9-a9a5-5dbec3b8816a,deactivate,lights,none\n' },
    });
  });

  it('er, a file a fold', () => {
    const line = (id: string, fold: string) => ({
      id,
      prediction: { label: 'hap' },
      reference: { label: 'ang', session: fold, fold },
    });
    const lines = [line('Ses01F_impro01_F000', 'Session1'), line('Ses05M_script01_M001', 'Session5')];
    expect(filesOf('er', lines)).toEqual({
      predict: {
        'er_fold1_public/predict.txt': 'Ses01F_impro01_F000 hap\n',
        'er_fold5_public/predict.txt': 'Ses05M_script01_M001 hap\n',
      },
      truth: {
        'er_fold1_public/truth.txt': 'Ses01F_impro01_F000 ang\n',
        'er_fold5_public/truth.txt': 'Ses05M_script01_M001 ang\n',
      },
    });
  });

  it('asr that was decoded with a language model, and what nothing was heard of', () => {
    const { predict } = filesOf('asr', [{ id: '1-2-3', prediction: '', reference: 'A' }], true);
    expect(predict).toEqual({ 'asr_lm_public/predict.ark': '1-2-3 \n' });
  });
});

it('asv is a score a trial, both names before it', () => {
  const [enrol, test] = ['id10270-x6uYqmx31kE-00001', 'id10270-8jEAjG6SegY-00008'];
  const reference = { enrol, test, target: '1' };
  expect(filesOf('asv', [{ id: `${enrol} ${test}`, prediction: { score: '0.75' }, reference }])).toEqual({
    predict: { 'sv_public/predict.txt': `${enrol}_${test} 0.75\n` },
    truth: {},
  });
});

it('qbe is a list of terms, detected above two deviations', () => {
  const line = (query: string, document: string, score: string): PredictionLine => ({
    id: `${query} ${document}`,
    prediction: { score },
    reference: { query, document, target: '0' },
  });
  const lines = [
    line('quesst14_eval_0001', 'test-quesst14_00002', '2.0001'),
    line('quesst14_eval_0003', 'test-quesst14_00002', '-0.5'),
    line('quesst14_eval_0001', 'test-quesst14_00004', '2'),
  ];
  // What lxml's etree.ElementTree(root).write(path, encoding='UTF-8', pretty_print=True) gives of the expert's elements.
  expect(filesOf('qbe', lines).predict['qbe_public/benchmark.stdlist.xml']).toBe(
    `<stdlist termlist_filename="benchmark.stdlist.xml" indexing_time="1.00" language="english" index_size="1" system_id="benchmark">
  <detected_termlist termid="quesst14_eval_0001" term_search_time="1.0" oov_term_count="1">
    <term file="quesst14_00002" channel="1" tbeg="0.000" dur="0.00" score="2.0001" decision="YES"/>
    <term file="quesst14_00004" channel="1" tbeg="0.000" dur="0.00" score="2.0000" decision="NO"/>
  </detected_termlist>
  <detected_termlist termid="quesst14_eval_0003" term_search_time="1.0" oov_term_count="1">
    <term file="quesst14_00002" channel="1" tbeg="0.000" dur="0.00" score="-0.5000" decision="NO"/>
  </detected_termlist>
</stdlist>
`,
  );
});

it.each([
  ['sd', [], /the task sd has no format of s3prl\. the leaderboard takes each frame's probabilities/],
  ['mine', [], /the task mine has no format/],
  ['asr', [{ id: 'a b', prediction: 'X', reference: 'X' }], /the id 'a b' has a blank in it/],
  [
    'er',
    [{ id: 'a', prediction: { label: 'x' }, reference: { label: 'x', fold: 'one' } }],
    /fold 'one' has no number/,
  ],
  ['ic', [{ id: 'a', prediction: 'x', reference: 'x' }], /the prediction of 'a' has no intent\.action/],
])('refuses %s', (task, lines, message) => {
  expect(() => filesOf(task, lines)).toThrow(message);
});
