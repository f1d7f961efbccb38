/** @file What there is to name: tasks, heads, encoders, maskings, corpora; what plug-ins bring is marked with its module. */
import { judgedColumns } from '../../api/task.js';
import { sampleRateHz } from '../../audio/index.js';
import { moduleText } from '../../base/module-name.js';
import type { Registry } from '../../base/registry.js';
import { corpora as onDisk } from '../../data/corpora/index.js';
import { toolkits } from '../../data/corpora/toolkits/index.js';
import { partNames, planSuite } from '../../data/mini/plan.js';
import { readSuperbSource } from '../../data/mini/superb-definition.js';
import { planSuperb } from '../../data/mini/superb-plan.js';
import { encoderFamilies, namedEncoders } from '../../encoders/registry.js';
import { upstreamNames } from '../../encoders/upstream-names.js';
import { headKinds } from '../../heads/registry.js';
import { knownTasks } from '../../plugins/known-tasks.js';
import { maskings } from '../../pretrain/masking/index.js';

export interface CatalogueItem {
  readonly name: string;
  readonly summary: string;
  /** Of what a plug-in brings: its module. */
  readonly module?: string;
}

/** The module of what a plug-in brought, as people read it. */
function moduleIn(
  registry: Pick<Registry<unknown>, 'moduleOf'>,
  name: string,
): Pick<CatalogueItem, 'module'> {
  const module = registry.moduleOf(name);
  return module === undefined ? {} : { module: moduleText(module) };
}

/** Lists by what they are of. */
export const catalogue = { tasks, heads, encoders, maskings: maskingStrategies, corpora } satisfies Record<
  string,
  () => Promise<readonly CatalogueItem[]>
>;

async function tasks() {
  return knownTasks.all().map((task) => {
    const { name, version, summary, metrics, columns, pairs } = task;
    return {
      name,
      summary: `${summary}; ${metrics.map((metric) => metric.name).join(', ')}`,
      version,
      metrics,
      columns,
      ...(pairs !== undefined && { pairs }),
      // What `ehmam score` needs of both sides, beside ids.
      ...judgedColumns(task),
      ...moduleIn(knownTasks, name),
    };
  });
}

/** Head kinds, which tasks name. */
async function heads() {
  return headKinds
    .all()
    .map(({ kind, about }) => ({ name: kind, summary: about, ...moduleIn(headKinds, kind) }));
}

interface EncoderItem extends CatalogueItem {
  readonly family: string;
  /** Of encoders that need no checkpoint. */
  readonly dims?: readonly number[];
  readonly hopMilliseconds?: number;
  /** Of a name that s3prl has for a model of the hub: its SPEC. */
  readonly hub?: string;
}

/** Encoders that a SPEC names without a checkpoint, then names of models of the hub. */
async function encoders(): Promise<readonly EncoderItem[]> {
  const made = namedEncoders().map(({ spec, family, config }) => {
    const dims = family.dims(config);
    const hopMilliseconds = (family.hopSamples(config) / sampleRateHz) * 1000;
    const states = `${dims.length} hidden state${dims.length === 1 ? '' : 's'}`;
    return {
      name: spec,
      summary: `family ${family.name}: ${states}, ${dims.at(-1)} wide, a frame every ${hopMilliseconds} ms`,
      family: family.name,
      dims,
      hopMilliseconds,
      ...moduleIn(encoderFamilies, family.name),
    };
  });
  const named = upstreamNames.map(({ name, spec, family }) => ({
    name,
    summary: `family ${family}: s3prl's name of ${spec}`,
    family,
    hub: spec,
  }));
  return [...made, ...named];
}

async function maskingStrategies() {
  return maskings.all().map(({ name, about }) => ({ name, summary: about, ...moduleIn(maskings, name) }));
}

interface CorpusItem extends CatalogueItem {
  readonly speakers?: number;
  readonly utterances?: Readonly<Record<string, number>>;
}

async function corpora(): Promise<readonly CorpusItem[]> {
  const source = await readSuperbSource();
  const plan = planSuite(source);
  const speakers = new Set(plan.flatMap(({ speaker }) => speaker?.id ?? [])).size;
  const utterances = Object.fromEntries(
    partNames.map((part) => [part, plan.filter((utterance) => utterance.part === part).length]),
  );
  const { er, mixtures, trials, queries } = planSuperb(source, plan);
  const more = {
    er: er.length,
    sd: mixtures.length,
    'asv trials': trials.length,
    'qbe queries': queries.length,
  };
  return [
    {
      name: 'mini',
      summary: `synthetic English, created on first use: ${speakers} speakers; utterances: ${partsText(utterances)}`,
      speakers,
      utterances,
    },
    {
      name: 'mini-superb',
      summary: `ten tasks: those of mini, the same sentences with phones and slots, and ${partsText(more)}`,
    },
    ...[...onDisk, ...toolkits].map(({ name, summary }) => ({ name, summary: `ehmam prepare: ${summary}` })),
  ];
}

const partsText = (counts: Readonly<Record<string, number>>): string =>
  Object.entries(counts)
    .map(([part, count]) => `${part} ${count}`)
    .join(', ');
