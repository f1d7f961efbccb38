/** @file A model card: Markdown for people under YAML for the Hugging Face hub. */

import { stringify } from 'yaml';
import type { Task } from '../../api/task.js';
import { engineIdentity } from '../../base/engine-identity.js';
import { type Comparison, compareRecords } from '../compare.js';
import { escapeMarkdown, markdownText } from '../layout/documents.js';
import type { ResultRecord, StoredRecord } from '../record.js';
import { layoutOf } from '../table.js';
import { cardMetadata } from './metadata.js';

/** What is known of an encoder without running it. */
export interface CardEncoder {
  readonly name: string;
  readonly family: string;
  readonly parameters: number;
  readonly dims: readonly number[];
  readonly framesPerSecond: number;
  readonly hash: string;
  readonly origin: { readonly format: string; readonly training?: unknown };
  /** The family's settings. */
  readonly config: unknown;
}

/**
 * The card of an encoder and its results.
 * @param encoder undefined where only results are known
 * @param records all of this encoder
 * @param tasks those that are known: what the hub calls them
 */
export function modelCard(
  encoder: CardEncoder | undefined,
  records: readonly StoredRecord[],
  tasks: readonly Pick<Task, 'name' | 'hubTask'>[],
): string {
  const name = encoder?.name ?? records[0]?.record.encoder.name ?? 'encoder';
  const full = records.length === 0 ? undefined : compareRecords(records, { metrics: 'all' });
  const manifests = new Map(records.map(({ record }) => [record.manifest.hash, record.manifest.path]));
  const metadata = cardMetadata(
    name,
    full?.rows[0],
    full ?? { columns: [] },
    (hash) => manifests.get(hash) ?? hash,
    (task) => tasks.find(({ name: known }) => known === task)?.hubTask ?? 'other',
  );
  return [
    '---',
    '# license: to be filled in by the publisher of the model (huggingface.co/docs/hub/repositories-licenses)',
    yamlOf(metadata),
    '---',
    '',
    `# ${escapeMarkdown(name)}`,
    '',
    ...aboutLines(encoder, records),
    '',
    ...trainingLines(encoder),
    ...resultLines(full, records),
    '## Limits',
    '',
    ...limits(encoder, records).map((limit) => `- ${limit}`),
    '',
    '## Licence',
    '',
    'To be filled in by the publisher of the model; the licences of the training data may apply too.',
    '',
  ].join('\n');
}

function aboutLines(encoder: CardEncoder | undefined, records: readonly StoredRecord[]): string[] {
  const count = (value: number): string => value.toLocaleString('en-US');
  const first = records[0]?.record.encoder;
  if (encoder === undefined) {
    return [`A speech encoder of the family \`${code(first?.family)}\`; SHA-256 \`${code(first?.hash)}\`.`];
  }
  const { family, parameters, dims, framesPerSecond, hash } = encoder;
  return [
    `A speech encoder of the family \`${code(family)}\`: ${count(parameters)} parameters, ${dims.length} hidden states ` +
      `of width ${[...new Set(dims)].join(', ')}, ${Number(framesPerSecond.toPrecision(6))} frames per second from 16 kHz mono audio.`,
    '',
    `SHA-256 over family, settings and weights: \`${code(hash)}\`.`,
  ];
}

/** Every value written out: the hub's reader and people know no anchors. */
const yamlOf = (value: unknown): string =>
  stringify(value, { lineWidth: 0, aliasDuplicateObjects: false }).trimEnd();

/** A text inside a code span: one line, no backtick. */
const code = (text: string | undefined): string => (text ?? 'unknown').replace(/[`\p{Cc}]+/gu, ' ');

function trainingLines(encoder: CardEncoder | undefined): string[] {
  if (encoder === undefined) return [];
  const { origin, config } = encoder;
  const block = (value: unknown): string[] => {
    const text = yamlOf(value);
    const fence = '`'.repeat(Math.max(3, ...(text.match(/`+/g) ?? []).map((run) => run.length + 1)));
    return ['', `${fence}yaml`, text, fence, ''];
  };
  return [
    '## How it was made',
    '',
    `Read from: ${escapeMarkdown(origin.format)}. Its settings:`,
    ...block(config),
    ...(origin.training === undefined
      ? ['No training is recorded.', '']
      : ['It was pre-trained with:', ...block(origin.training)]),
  ];
}

/** `onnx (cuda, tf32)` */
function engineText(engine: ResultRecord['engine']): string {
  const [name, ...device] = engineIdentity(engine);
  return `${name} (${device.join(', ')})`;
}

function resultLines(full: Comparison | undefined, records: readonly StoredRecord[]): string[] {
  if (full === undefined) return ['## Results', '', 'No results are recorded.', ''];
  const commits = [...new Set(records.flatMap(({ record }) => record.gitCommit ?? []))];
  const engines = [...new Set(records.map(({ record: { engine } }) => engineText(engine)))];
  return [
    '## Results',
    '',
    'The encoder is frozen. For every task a small head is trained on a learned weighted sum of its hidden states; the head that is best on the dev split is evaluated on the test split.',
    '',
    markdownText(layoutOf(full)),
    '',
    `Measured by ehmam ${[...new Set(records.map(({ record }) => record.engine.versions.ehmam))].join(', ')}` +
      `${commits.length === 0 ? '' : `, commit ${commits.map((commit) => `\`${code(commit)}\``).join(', ')}`}, on ${engines.map(escapeMarkdown).join(', ')}.`,
    '',
  ];
}

function limits(encoder: CardEncoder | undefined, records: readonly StoredRecord[]): string[] {
  const manifests = [...new Set(records.map(({ record }) => record.manifest.path))];
  const skipped = records.reduce((sum, { record }) => sum + (record.skipped?.length ?? 0), 0);
  const untrained = encoder?.origin.format.startsWith('untrained') === true;
  return [
    ...(untrained ? ['It is untrained: its weights are random, from a seed.'] : []),
    ...(manifests.length > 0
      ? [
          `The results hold for the test splits of ${manifests.map(escapeMarkdown).join(', ')} and may not apply to other speakers, languages, rooms or microphones.`,
        ]
      : ['It was not evaluated.']),
    ...(skipped > 0 ? [`${skipped} utterances with unusable audio were skipped.`] : []),
    'It recognises nothing alone: it computes features, on which a head must be trained.',
    'It inherits biases of its training data (accents, ages, languages); this card has no information about that data.',
  ];
}
