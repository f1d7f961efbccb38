/** @file IEMOCAP in miniature, as its publisher lays it out. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { loadUtterances } from '../manifest.js';
import { iemocap } from './iemocap.js';
import { writeTree } from './miniatures.fixture.js';
import { prepareCorpus } from './prepare.js';

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'ehmam-iemocap-'));
});
afterEach(() => rm(root, { recursive: true, force: true }));

/** A label file: a header, then a block an utterance, whose first line counts and whose others are of single raters. */
function labelsOf(dialog: string, utterances: Readonly<Record<string, string>>): string {
  const blocks = Object.entries(utterances).map(
    ([name, label], i) =>
      `[${i}.2901 - ${i}.9357]\t${dialog}_${name}\t${label}\t[2.5000, 2.5000, 2.5000]\n` +
      'C-E2:\tNeutral;\t()\nC-E3:\tNeutral;\t()\nC-F1:\tAnger;\t(curious)\nA-E3:\tval 3; act 2; dom  2;\t()\n',
  );
  return `% [START_TIME - END_TIME] TURN_NAME EMOTION [V, A, D]\n\n${blocks.join('\n')}\n`;
}

const dialogs: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  // In s3prl's list of session 1, F_script02_2 stands before F_impro07, and that before M_impro02.
  Ses01F_impro07: { M001: 'hap', F001: 'exc', F000: 'neu', M000: 'fru' },
  Ses01F_script02_2: { F000: 'ang', M000: 'xxx' },
  Ses01M_impro02: { M000: 'sad', F000: 'sad' },
  Ses01M_impro99: { M000: 'neu' },
  Ses05M_script01_1b: { F000: 'ang', M000: 'neu' },
  Ses05M_script01_3: { F000: 'sad' },
};

function tree(without: readonly string[] = []): Record<string, string | number> {
  const files: Record<string, string | number> = {};
  for (const [dialog, utterances] of Object.entries(dialogs)) {
    const session = `IEMOCAP_full_release/Session${dialog[4]}`;
    files[`${session}/dialog/EmoEvaluation/${dialog}.txt`] = labelsOf(dialog, utterances);
    files[`${session}/dialog/EmoEvaluation/._${dialog}.txt`] = '\u0000macOS';
    files[`${session}/dialog/EmoEvaluation/Categorical/${dialog}_e1_cat.txt`] = 'of a single rater';
    files[`${session}/dialog/transcriptions/${dialog}.txt`] = `${dialog}_F000 [6.2-8.2]: Excuse me.\n`;
    for (const name of Object.keys(utterances)) {
      const wav = `${session}/sentences/wav/${dialog}/${dialog}_${name}.wav`;
      if (!without.includes(name + dialog)) files[wav] = 0.5;
    }
  }
  return files;
}

const prepare = () => prepareCorpus(iemocap, { root, out: join(root, 'manifests'), quiet: true });

it("gives the four emotions in the order of s3prl's lists, excited ones as happy", async () => {
  await writeTree(root, tree());
  const { remarks } = await prepare();
  const utterances = await loadUtterances(join(root, 'manifests', 'er.csv'));
  const told = utterances.map(({ id, columns: { label, session, speaker, order } }) =>
    [order, id, label, session, speaker].join(' '),
  );
  expect(told).toEqual([
    '0 Ses01F_script02_2_F000 ang Session1 Ses01F',
    '1 Ses01F_impro07_F000 neu Session1 Ses01F',
    '2 Ses01F_impro07_F001 hap Session1 Ses01F',
    '3 Ses01F_impro07_M001 hap Session1 Ses01M',
    '4 Ses01M_impro02_F000 sad Session1 Ses01F',
    '5 Ses01M_impro02_M000 sad Session1 Ses01M',
    '6 Ses01M_impro99_M000 neu Session1 Ses01M',
    '7 Ses05M_script01_3_F000 sad Session5 Ses05F',
    '8 Ses05M_script01_1b_F000 ang Session5 Ses05F',
    '9 Ses05M_script01_1b_M000 neu Session5 Ses05M',
  ]);
  expect(remarks).toContain(`Session1: 1 dialogs are not in s3prl's lists, the first is Ses01M_impro99`);
});

it('tells counts that are not those of the reference, session by session', async () => {
  await writeTree(root, tree());
  const { remarks } = await prepare();
  expect(remarks).toContain('Session1 neu: 2 utterances, expected 384 (as published)');
  expect(remarks).toContain('Session3 sad: 0 utterances, expected 305 (as published)');
  // Four labels in each of five sessions, and the dialog that is in no list.
  expect(remarks).toHaveLength(21);
});

it('leaves labels without audio out and names the first', async () => {
  await writeTree(root, tree(['F000Ses01F_script02_2']));
  const { remarks } = await prepare();
  expect(remarks).toContain(
    'Session1: 1 file is missing, the first is sentences/wav/Ses01F_script02_2/Ses01F_script02_2_F000.wav',
  );
  const [first] = await loadUtterances(join(root, 'manifests', 'er.csv'));
  expect(first).toMatchObject({ id: 'Ses01F_impro07_F000', columns: { order: '0' } });
});

it('is not where there is no session', async () => {
  await writeTree(root, { 'readme.txt': 'x' });
  await expect(prepare()).rejects.toThrow(
    /does not contain IEMOCAP: looked for IEMOCAP_full_release\/Session1/,
  );
});
