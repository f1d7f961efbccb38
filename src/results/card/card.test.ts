/** @file Model cards: YAML that follows the hub's schema, Markdown that shows names as they are. */
import { marked } from 'marked';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';
import { builtInTasks } from '../../../tasks/index.js';
import { exampleRecord, result } from '../records.fixture.js';
import { type CardEncoder, modelCard } from './card.js';

/** What huggingface.co/docs/hub/model-cards and its example metadata (modelcard.md of hub-docs) document. */
const text = z.string().min(1);
const documented = z.strictObject({
  library_name: text,
  pipeline_tag: text,
  tags: z.array(text),
  metrics: z.array(text).optional(),
  'model-index': z.array(
    z.strictObject({
      name: text,
      results: z.array(
        z.strictObject({
          task: z.strictObject({
            type: z.enum(['automatic-speech-recognition', 'audio-classification', 'other']),
            name: text,
          }),
          dataset: z.strictObject({ type: text, name: text, split: text, revision: text }),
          metrics: z
            .array(
              z.strictObject({
                type: text,
                value: z.number(),
                name: text,
                args: z.record(text, z.unknown()),
              }),
            )
            .min(1),
        }),
      ),
    }),
  ),
});

const partsOf = (card: string): { head: unknown; head_text: string; body: string } => {
  const [, head = '', body = ''] = /^---\n(.*?)\n---\n(.*)$/s.exec(card) ?? [];
  return { head: parse(head), head_text: head, body };
};
const encoder: CardEncoder = {
  name: 'tiny',
  family: 'ehmam',
  parameters: 1_076_148,
  dims: [144, 144],
  framesPerSecond: 50,
  hash: 'abc',
  origin: { format: 'ehmam folder', training: { masking: { strategy: 'easy-to-hard' }, seed: 1 } },
  config: { width: 144, note: '```\n<script>' },
};

describe('a model card', () => {
  const records = [
    { path: 'r', record: exampleRecord() },
    result('tiny', 'ks', 0.5),
    result('tiny', 'sid', 0.25, { seed: 1 }),
    result('tiny', 'sid', 0.75, { seed: 2 }),
  ].map((one) => ({ ...one, record: { ...one.record, encoder: exampleRecord().encoder } }));

  it('begins with metadata that the hub documents, the licence left to its publisher', () => {
    const { head, head_text } = partsOf(modelCard(encoder, records, builtInTasks));
    const metadata = documented.parse(head);
    expect(head_text).toMatch(/^# license: to be filled in/);
    const [index] = metadata['model-index'];
    expect(
      index?.results.map(({ task, metrics }) => [
        task.type,
        task.name,
        ...metrics.map(({ type, value }) => [type, value]),
      ]),
    ).toEqual([
      ['automatic-speech-recognition', 'asr', ['wer', 25], ['cer', 10]],
      ['audio-classification', 'ks', ['accuracy', 50]],
      ['audio-classification', 'sid', ['accuracy', 50]],
    ]);
    expect(metadata.metrics).toEqual(['wer', 'cer', 'accuracy']);
  });

  it('tells the hub no kind of a task that is unknown, whatever its metric is called', () => {
    const { head } = partsOf(modelCard(encoder, [result('tiny', 'lid', 0.5)], builtInTasks));
    expect(documented.parse(head)['model-index'][0]?.results.map(({ task }) => task.type)).toEqual(['other']);
  });

  it('says what it is, how it was pre-trained, how well it does, and its limits', () => {
    const { body } = partsOf(modelCard(encoder, records, builtInTasks));
    for (const part of [
      '1,076,148 parameters',
      'strategy: easy-to-hard',
      '**25.00**',
      '2 seeds, sd 35.36',
      '## Limits',
      '## Licence',
    ])
      expect(body).toContain(part);
  });

  it('is made from results alone, or from an encoder without any', () => {
    expect(partsOf(modelCard(undefined, records, builtInTasks)).body).toContain('# tiny');
    const { head, body } = partsOf(modelCard(encoder, [], builtInTasks));
    expect(documented.parse(head)['model-index'][0]?.results).toEqual([]);
    expect(body).toContain('It was not evaluated.');
  });

  it('shows hostile names and settings as text', async () => {
    const name = '"---\n# x: <script>alert(1)</script> `|*';
    const own = records.map((one) => ({
      ...one,
      record: { ...one.record, encoder: { ...one.record.encoder, name } },
    }));
    const { head, body } = partsOf(modelCard({ ...encoder, name, family: name }, own, builtInTasks));
    expect(documented.parse(head)['model-index'][0]?.name).toBe(name);
    const html = await marked.parse(body);
    expect(html).not.toContain('<script>');
    expect(marked.lexer(body).filter(({ type }) => type === 'code')).toHaveLength(2);
  });
});
