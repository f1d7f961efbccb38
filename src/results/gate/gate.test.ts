/** @file The gate: what regressed, what holds, and what may not be compared. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { marked, type Tokens } from 'marked';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { validateXML } from 'xmllint-wasm';
import { builtInTasks } from '../../../tasks/index.js';
import { readPredictions } from '../predictions.js';
import type { NewRecord, StoredRecord } from '../record.js';
import { exampleRecord, newRecord } from '../records.fixture.js';
import { readRecords, writeRecord } from '../store.js';
import { gateAnnotations, gateJunit, gateLine, gateMarkdown, gateTable } from './text.js';
import { type GateCell, type GateReport, judge } from './verdict.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-gate-'));
});
afterEach(() => rm(folder, { recursive: true }));

const options = { tolerance: 0.01, level: 0.05, tasks: builtInTasks };

/** Keywords of 200 utterances: those of `wrong` (indices) are not recognised. */
async function keywords(
  place: string,
  wrong: (index: number) => boolean,
  parts: Partial<NewRecord> = {},
): Promise<StoredRecord> {
  const lines = Array.from({ length: 200 }, (_, i) => ({
    id: `u${i}`,
    prediction: wrong(i) ? 'no' : 'yes',
    reference: 'yes',
  }));
  const right = lines.filter((line) => line.prediction === line.reference).length;
  const metrics = { accuracy: { value: right / 200, direction: 'higher' as const, utterances: 200 } };
  const task = { name: 'ks', version: 1 };
  return writeRecord(join(folder, place), newRecord({ task, metrics, ...parts }), lines);
}

const fifth = (i: number) => i % 5 === 0;

describe('judge', () => {
  it('holds for an identical rerun', async () => {
    const report = await judge([await keywords('a', fifth)], [await keywords('b', fifth)], options);
    expect(report.verdict).toBe('holds');
    expect(report.cells[0]).toMatchObject({ before: 0.8, after: 0.8, difference: 0, pValue: 1 });
  });

  it('warns of a result in another precision than the baseline had', async () => {
    const { engine } = newRecord();
    const rounded = { engine: { ...engine, provider: 'cuda', precision: 'tf32' as const } };
    const report = await judge([await keywords('a', fifth)], [await keywords('b', fifth, rounded)], options);
    expect(report.verdict).toBe('holds');
    expect(gateTable(report, 200)).toContain(
      'warning: tiny on ks: computed in tf32, the baseline in fp32; that alone may change a result',
    );
    const same = await judge([await keywords('c', fifth)], [await keywords('d', fifth)], options);
    expect(gateTable(same, 200)).not.toContain('warning');
  });

  it('finds a regression beyond tolerance and chance', async () => {
    const report = await judge(
      [await keywords('a', fifth)],
      [await keywords('b', (i) => i % 2 === 0)],
      options,
    );
    expect(report.verdict).toBe('regressed');
    expect(report.cells[0]?.difference).toBeCloseTo(-0.3, 12);
    expect(gateLine(report)).toBe('gate: regressed: tiny on ks (tolerance 1.00 points, p < 0.05)');
    expect(gateAnnotations(report)).toEqual([
      expect.stringMatching(
        /^::error title=ehmam gate::tiny on ks: accuracy regressed from 80\.00 to 50\.00/,
      ),
    ]);
    expect(gateJunit(report)).toContain('failures="1" errors="0"');
  });

  it('says what loss it could have found, and nothing of that where both predicted the same', async () => {
    const before = await keywords('a', fifth);
    const after = await keywords('b', (i) => i % 5 === 1);
    const report = await judge([before], [after], options);
    // 80 of 200 differ, as many in each direction: standard error sqrt(80) / 200 = 0.0447, and 2.8 of it.
    expect(report.cells[0]?.detectable).toBeGreaterThan(0.115);
    expect(report.cells[0]?.detectable).toBeLessThan(0.135);
    expect(gateTable(report)).toMatch(/could show 1[1-3]\.\d\d/);
    // Nothing smaller than the tolerance fails.
    const wide = await judge([before], [after], { ...options, tolerance: 0.3 });
    expect(wide.cells[0]?.detectable).toBeGreaterThan(0.33);
    const same = await judge([before], [await keywords('c', fifth)], options);
    expect(same.cells[0]).not.toHaveProperty('detectable');
    expect(gateTable(same)).not.toContain('could show');
  });

  it('lets an improvement pass, and a loss that is within the tolerance or may be chance', async () => {
    const before = await keywords('a', fifth);
    const verdictOf = async (place: string, wrong: (i: number) => boolean, tolerance: number) =>
      (await judge([before], [await keywords(place, wrong)], { ...options, tolerance })).verdict;
    expect(await verdictOf('better', () => false, 0)).toBe('holds');
    expect(await verdictOf('chance', (i) => fifth(i) || i === 1 || i === 2, 0)).toBe('holds');
    expect(await verdictOf('tolerated', (i) => i % 2 === 0, 0.4)).toBe('holds');
  });

  it('never passes what was tested on another manifest, by another task version or head', async () => {
    const before = await keywords('a', fifth);
    const others: [string, Partial<NewRecord>][] = [
      ['manifest', { manifest: { path: 'ks.csv', hash: 'c'.repeat(64) } }],
      ['task version', { task: { name: 'ks', version: 2 } }],
      ['preset', { preset: 'other' }],
    ];
    for (const [what, parts] of others) {
      const report = await judge([before], [await keywords(what, fifth, parts)], options);
      expect(report.verdict).toBe('could not compare');
      expect(report.cells[0]?.why).toContain(what);
    }
  });

  it('says which result is missing', async () => {
    const encoder = { ...exampleRecord().encoder, name: 'other|<b>' };
    const report = await judge(
      [await keywords('a', fifth, { encoder })],
      [await keywords('b', fifth)],
      options,
    );
    expect(report).toMatchObject({
      verdict: 'could not compare',
      cells: [{ why: 'no new result' }],
    });
    expect(gateMarkdown(report)).toContain('other\\|&lt;b&gt;');
    expect(gateJunit(report)).toContain('classname="other|&lt;b&gt;"');
  });

  it('could not compare without predictions, with a part of them, and with names of any length', async () => {
    const encoder = { ...exampleRecord().encoder, name: 'n'.repeat(250) };
    const before = await keywords('a', fifth, { encoder });
    expect((await judge([before], [await keywords('same', fifth, { encoder })], options)).verdict).toBe(
      'holds',
    );
    const after = await keywords('b', fifth, { encoder });
    const file = join(dirname(after.path), 'predictions.jsonl');
    await writeFile(file, (await readFile(file, 'utf8')).slice(0, 500));
    const cut = await judge([before], [after], options);
    expect(cut).toMatchObject({ verdict: 'could not compare', cells: [{ after: 0.8 }] });
    await rm(file);
    const none = await judge([before], [after], options);
    expect(none.verdict).toBe('could not compare');
    expect(none.cells[0]?.why).toContain('predictions.jsonl');
  });

  describe('where two trainings have one name', () => {
    const trained = (hash: string) => ({ encoder: { ...exampleRecord().encoder, name: 'checkpoint', hash } });
    const [a, b, c] = ['a', 'b', 'c'].map((letter) => trained(letter.repeat(64))) as [
      ReturnType<typeof trained>,
      ReturnType<typeof trained>,
      ReturnType<typeof trained>,
    ];
    const half = (i: number) => i % 2 === 0;

    it('sets each beside the fresh result of its own weights, in whatever order and of whatever seed', async () => {
      const before = [await keywords('a', fifth, a), await keywords('b', half, { ...b, seed: 2 })];
      const after = [await keywords('c', half, { ...b, seed: 2 }), await keywords('d', fifth, a)];
      const report = await judge(before, after, options);
      expect(report.verdict).toBe('holds');
      expect(report.cells.map(({ encoder, before, after }) => [encoder, before, after])).toEqual([
        ['checkpoint (aaaaaaaa)', 0.8, 0.8],
        ['checkpoint (bbbbbbbb)', 0.5, 0.5],
      ]);
    });

    it('takes none for the other, nor both for seeds of one', async () => {
      const before = [await keywords('a', fifth, a)];
      const both = [await keywords('b', half, b), await keywords('c', half, { ...a, seed: 2 })];
      const one = await judge(before, both, options);
      expect(one.cells[0]).toMatchObject({ verdict: 'regressed', after: 0.5 });
      expect(one.cells[0]?.weights).toBeUndefined();
      const none = await judge(before, [await keywords('d', half, b), await keywords('e', half, c)], options);
      expect(none).toMatchObject({
        verdict: 'could not compare',
        cells: [
          {
            why: '2 encoders are named checkpoint, and no new result has these weights (aaaaaaaa)',
          },
        ],
      });
    });

    it('says that the weights are others, where a name means one encoder before and another after', async () => {
      const report = await judge([await keywords('a', fifth, a)], [await keywords('b', fifth, b)], options);
      expect(report.verdict).toBe('holds');
      expect(gateTable(report)).toContain("checkpoint: its weights differ from the baseline's");
      expect(gateMarkdown(report)).toContain('aaaaaaaa before, bbbbbbbb after');
    });
  });

  it('compares word error rates by segments', async () => {
    const write = (place: string, prediction: string) =>
      writeRecord(
        join(folder, place),
        newRecord({ metrics: { wer: { value: 0.5, direction: 'lower', utterances: 40 } } }),
        Array.from({ length: 40 }, (_, i) => ({ id: `u${i}`, prediction, reference: 'A B C D' })),
      );
    const report = await judge([await write('a', 'A B C D')], [await write('b', 'A X C D')], options);
    expect(report.cells[0]).toMatchObject({ verdict: 'regressed', pValue: 0, difference: 0.25 });
  });
});

/** What readers of JUnit's format agree on, as far as the gate uses it; each name once in a suite. */
const junitSchema = `<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema">
  <xs:complexType name="told">
    <xs:attribute name="type" type="xs:string"/>
    <xs:attribute name="message" type="xs:string" use="required"/>
  </xs:complexType>
  <xs:element name="testsuite">
    <xs:complexType>
      <xs:sequence>
        <xs:element name="testcase" maxOccurs="unbounded">
          <xs:complexType>
            <xs:choice minOccurs="0">
              <xs:element name="failure" type="told"/>
              <xs:element name="error" type="told"/>
            </xs:choice>
            <xs:attribute name="classname" type="xs:string" use="required"/>
            <xs:attribute name="name" type="xs:string" use="required"/>
          </xs:complexType>
        </xs:element>
      </xs:sequence>
      <xs:attribute name="name" type="xs:string" use="required"/>
      <xs:attribute name="tests" type="xs:nonNegativeInteger" use="required"/>
      <xs:attribute name="failures" type="xs:nonNegativeInteger" use="required"/>
      <xs:attribute name="errors" type="xs:nonNegativeInteger" use="required"/>
    </xs:complexType>
  </xs:element>
</xs:schema>`;

describe('what others read', () => {
  const hostile = 'a"<b>&\'|`*_%0A\n::error::x\u0000\u0085\ud800\uffff]]>--> $(x) \\|é漢🎤';
  const cell: GateCell = {
    encoder: hostile,
    task: hostile,
    metric: 'accuracy',
    direction: 'higher',
    verdict: 'regressed',
    before: 0.8,
    after: 0.5,
    difference: -0.3,
    interval: [-0.36, -0.24],
    pValue: 0.001,
  };
  const report: GateReport = {
    verdict: 'regressed',
    cells: [
      cell,
      { ...cell, encoder: 'tiny', verdict: 'holds' },
      {
        encoder: 'tiny',
        task: 'asr',
        metric: 'wer',
        direction: 'lower',
        verdict: 'could not compare',
        before: 0.5,
        why: hostile,
      },
    ],
    tolerance: 0.01,
    level: 0.05,
  };

  it('is XML that a validating parser takes, whatever names hold', async () => {
    const xml = { fileName: 'gate.xml', contents: gateJunit(report) };
    const check = await validateXML({ xml, schema: junitSchema });
    expect(check.errors).toEqual([]);
    expect(xml.contents).toContain('tests="3" failures="1" errors="1"');
    expect(xml.contents).toContain('é漢🎤');
    const broken = { ...xml, contents: xml.contents.replaceAll('&lt;', '<') };
    expect((await validateXML({ xml: broken, schema: junitSchema })).valid).toBe(false);
  });

  it('is one workflow command a line', () => {
    const annotations = gateAnnotations(report);
    expect(annotations).toHaveLength(2);
    for (const line of annotations) expect(line).toMatch(/^::error title=ehmam gate::[^\r\n]*$/);
    expect(annotations[0]).toContain('%250A%0A::error');
  });

  it('is Markdown with one table, a row a cell and no HTML', () => {
    const tokens = marked.lexer(gateMarkdown(report)).filter(({ type }) => type !== 'space');
    expect(tokens.map(({ type }) => type)).toEqual(['paragraph', 'table']);
    const { rows } = tokens[1] as Tokens.Table;
    expect(rows.map((row) => row.length)).toEqual([5, 5, 5]);
    expect(marked.parse(gateMarkdown(report))).not.toContain('<b>&amp;');
    expect(marked.parse(gateMarkdown(report))).toContain('&lt;b&gt;');
  });

  it('is a table within the columns of the terminal', () => {
    const plain = {
      ...report,
      cells: report.cells.map((one) => ({ ...one, encoder: 'an-encoder-of-a-long-name', task: 'ks' })),
    };
    const lines = gateTable(plain, 80).split('\n');
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(80);
    expect(lines.filter((line) => line.includes('verdict'))).toHaveLength(1);
  });
});

describe('readPredictions', () => {
  const all = async (stored: StoredRecord) => {
    for await (const _ of readPredictions(stored));
  };

  it('refuses the predictions of another run, though they are well formed', async () => {
    const stored = await keywords('a', fifth);
    const file = join(dirname(stored.path), 'predictions.jsonl');
    await writeFile(file, '{"id":"u0","prediction":"yes","reference":"yes"}\n');
    await expect(all(stored)).rejects.toThrow(/predictions\.jsonl: does not match its record/);
    await writeFile(file, '{"id":"u0","prediction":"yes"}\n');
    await expect(all(stored)).rejects.toThrow(
      /predictions\.jsonl:1:1: invalid value for 'reference': expected a value/,
    );
  });

  it('leaves one whole result where two runs wrote into one folder', async () => {
    await Promise.all([keywords('same', fifth), keywords('same', () => true)]);
    const [stored] = await readRecords([join(folder, 'same')]);
    const outcome = await all(stored as StoredRecord).then(
      () => 'whole',
      (error: unknown) => String(error),
    );
    // Either run's result, or a refusal that names the file: never one run's values over the other's predictions.
    expect(outcome).toMatch(/^whole$|does not match its record/);
  });
});
