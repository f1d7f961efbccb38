/** @file PR: s3prl's phones, their error rate, and texts that are refused. */
import { describe, expect, test } from 'vitest';
import { dataOf } from '../data.fixture.js';
import { pr } from './index.js';

const row = (split: string, phones: string) => ({ split, columns: { phones } });
const rows = [row('train', 'HH AH0 L OW1'), row('dev', 'K AE1 T'), row('test', 'S AE1 T')];

/** s3prl's downstream/ctc/vocab/phoneme.txt. */
const phonemes =
  'SIL SPN AA0 AA1 AA2 AE0 AE1 AE2 AH0 AH1 AH2 AO0 AO1 AO2 AW0 AW1 AW2 AY0 AY1 AY2 B CH D DH EH0 EH1 EH2 ER0 ER1 ' +
  'ER2 EY0 EY1 EY2 F G HH IH0 IH1 IH2 IY0 IY1 IY2 JH K L M N NG OW0 OW1 OW2 OY0 OY1 OY2 P R S SH T TH UH0 UH1 UH2 ' +
  'UW0 UW1 UW2 V W Y Z ZH';

describe('the head', () => {
  const head = pr.head(dataOf(rows));

  test("has s3prl's 74 tokens in its order", () => {
    expect(head).toMatchObject({ kind: 'frame-ctc', column: 'phones', blank: 0 });
    expect(head.tokens).toHaveLength(74);
    expect(new Set(head.tokens).size).toBe(74);
    expect(head.tokens.join(' ')).toBe(`<pad> <eos> <unk> ${phonemes}`);
  });

  test('encodes and decodes, leaving blank and end away', () => {
    const encoded = head.encode(' HH  AH0 L OW1');
    expect(encoded.map((index) => head.tokens[index])).toEqual(['HH', 'AH0', 'L', 'OW1']);
    expect(head.decode([0, ...encoded, 1])).toBe('HH AH0 L OW1');
    expect(head.decode([])).toBe('');
  });

  test('needs a step a phone, and a blank between equal ones', () => {
    const [utterance] = dataOf([row('train', 'S S T')]).train;
    expect(utterance && pr.stepsNeeded?.(utterance)).toBe(4);
  });
});

test('the error rate is edits over phones of the corpus, and stress counts', () => {
  const judged = (reference: string, hypothesis: string) => ({
    id: reference,
    prediction: { phones: hypothesis },
    reference: { phones: reference },
  });
  const { per } = pr.evaluate([judged('K AE1 T', 'K AE0 T S'), judged('HH AH0 L OW1', '')]);
  // One substitution and one insertion of three, four deletions of four.
  expect(per?.value).toBeCloseTo((2 + 4) / (3 + 4));
  expect(per).toMatchObject({
    shares: [
      { numerator: 2, denominator: 3 },
      { numerator: 4, denominator: 4 },
    ],
  });
});

test('phones that there are not and texts without any are refused, naming the line', () => {
  expect(() => pr.head(dataOf([...rows, row('dev', 'K ae1 T AX0')]))).toThrow(
    /corpus.csv:5: invalid phones of 'u5': 'ae1', 'AX0'/,
  );
  expect(() => pr.head(dataOf([...rows, row('test', ' ')]))).toThrow(
    /corpus.csv:5: utterance 'u5' has no phones/,
  );
  expect([
    ...(pr.complaints?.(dataOf([row('train', ''), row('dev', '?'), row('test', '')])) ?? []),
  ]).toHaveLength(3);
});
