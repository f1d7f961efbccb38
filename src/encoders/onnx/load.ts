/** @file An encoder that is an ONNX file: found with what describes it, hashed by content, tried on a little noise. */
import { createHash } from 'node:crypto';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, join, parse, resolve } from 'node:path';
import { UserError } from '../../base/errors.js';
import type { GraphFile, GraphSlot } from '../../engine/engine.js';
import { openGraphFile } from '../../engine/graph-file.js';
import { onnxEngine } from '../../engine/onnx.js';
import type { Encoder, EncoderGraph, SlotUse } from '../encoder.js';
import { type Description, descriptionFile, descriptionSchema, readDescription } from './description.js';
import { measure } from './measure.js';
import { mergedModel } from './merge.js';
import { readModelFile } from './model-file.js';
import { type Roles, settleRoles } from './roles.js';
import { type OnnxPlan, openStates } from './states.js';

const graphEnding = '.onnx';
export const isGraphFile = (path: string): boolean => path.toLowerCase().endsWith(graphEnding);

/** Where an encoder's files are. */
export interface GraphPlace {
  readonly folder: string;
  readonly file: string;
  readonly descriptionPath: string | undefined;
  readonly description: Description;
  readonly notes: readonly string[];
}

/**
 * The ONNX file that a SPEC means, with its description where there is one.
 * @param path a file, or a folder that holds one or a description
 * @throws UserError for a folder whose file is not clear, and as `readDescription`
 */
export async function findGraph(path: string): Promise<GraphPlace> {
  const isFile = (await stat(path)).isFile();
  const folder = isFile ? dirname(path) : path;
  const descriptionPath = join(folder, descriptionFile);
  const described = (await stat(descriptionPath).catch(() => undefined)) !== undefined;
  const description = described ? await readDescription(descriptionPath) : descriptionSchema.parse({});
  const files = (await readdir(folder)).filter(isGraphFile).sort();
  const own = files.filter((name) => name !== frontEndModel(description));
  const meant = description.model ?? (own.length === 1 ? own[0] : undefined);
  if (isFile && described && meant !== basename(path)) {
    const whose = meant === undefined ? 'has no "model"' : `is for '${meant}'`;
    const note = `${descriptionPath} ${whose} and is ignored`;
    return {
      folder,
      file: path,
      descriptionPath: undefined,
      description: descriptionSchema.parse({}),
      notes: [note],
    };
  }
  if (isFile)
    return {
      folder,
      file: path,
      descriptionPath: described ? descriptionPath : undefined,
      description,
      notes: [],
    };
  if (meant === undefined) {
    throw new UserError(
      `contains ${files.length} ONNX files${files.length > 0 ? ` (${files.slice(0, 8).join(', ')})` : ''}`,
      {
        file: folder,
        hint:
          files.length > 0
            ? `Pass one of them, or set "model" in ${descriptionFile}`
            : `Put the file into the folder of ${descriptionFile}`,
      },
    );
  }
  const file = placeInside(folder, meant, descriptionPath);
  return { folder, file, descriptionPath: described ? descriptionPath : undefined, description, notes: [] };
}

const frontEndModel = ({ frontEnd }: Description): string | undefined =>
  frontEnd !== undefined && 'model' in frontEnd ? frontEnd.model : undefined;

/** A file that a description names; it stands in its folder. */
function placeInside(folder: string, name: string, descriptionPath: string): string {
  if (basename(name) !== name || name === '.' || name === '..' || name.includes('\0') || name.includes('\\'))
    throw new UserError(`invalid file '${name.slice(0, 200)}': expected a file in the same folder`, {
      file: descriptionPath,
    });
  return join(folder, name);
}

/** What is read of a place: the file, and its front end where that is a file. */
async function readPlace({ folder, file, description, descriptionPath }: GraphPlace) {
  const model = await readModelFile(file);
  const name = frontEndModel(description);
  const frontEndFile = name === undefined ? undefined : placeInside(folder, name, descriptionPath ?? file);
  const frontEnd = frontEndFile === undefined ? undefined : await readModelFile(frontEndFile);
  const plan: OnnxPlan = { file, frontEndFile, description };
  return { plan, model, parts: [model, ...(frontEnd ? [frontEnd] : [])] };
}

/** Settles what everything is and tries it, in one session. */
async function tried(plan: OnnxPlan) {
  const engine = await onnxEngine({ provider: 'cpu', threads: 1 });
  const graph = await openGraphFile(plan.file, 1);
  const { inputs, outputs } = graph;
  const lent = { ...graph, close: async () => undefined };
  try {
    const roles = settleRoles({ file: plan.file, inputs, outputs }, plan.description);
    const states = await openStates(plan, roles, {
      ...engine,
      open: async (file) => (file === plan.file ? lent : openGraphFile(file, 1)),
    });
    const measured = await measure(plan, roles, states).finally(() => states.close());
    return { roles, measured, slots: usesOf({ inputs, outputs }, roles) };
  } finally {
    await graph.close();
  }
}

/**
 * Loads an ONNX file as an encoder.
 * @param path the file, or its folder
 * @throws UserError in one line for what cannot be one, saying what is missing
 */
export async function loadGraphEncoder(spec: string, path: string): Promise<Encoder> {
  const place = await findGraph(path);
  const { plan, model, parts } = await readPlace(place);
  const { name, model: _, ...settings } = plan.description;
  const { roles, measured, slots } = await tried(plan);
  const encoderGraph: EncoderGraph = {
    file: plan.file,
    parameters: parts.reduce((sum, { parameters }) => sum + parameters, 0),
    slots,
    files: [
      ...parts.flatMap(({ file, external }) => [file, ...external]),
      ...(place.descriptionPath === undefined ? [] : [place.descriptionPath]),
    ],
    merge: (outputs, names, factor) => mergedModel({ plan, roles, measured, model, factor }, outputs, names),
    open: (engine) => openStates(plan, roles, engine),
  };
  return {
    name: name ?? nameOf(plan.file, place.descriptionPath !== undefined && path === place.folder),
    spec,
    hash: createHash('sha256')
      .update(JSON.stringify(['onnx 1', settings, parts.map(({ digest }) => digest)]))
      .digest('hex'),
    family: 'onnx',
    config: { ...written(settings), operatorSet: model.operatorSet, producer: model.producer },
    parameters: {},
    ...measured,
    normalizesWaveform: settings.normalization === 'utterance',
    origin: {
      format: parts.length === 1 ? 'ONNX file' : 'ONNX files',
      files: encoderGraph.files,
      ...(place.descriptionPath === undefined && { absent: [join(place.folder, descriptionFile)] }),
    },
    notes: [...place.notes, ...unusedNotes(slots)],
    graph: encoderGraph,
    forward: () => {
      throw new UserError('is an ONNX file, which cannot be trained or compiled into another program', {
        file: plan.file,
        hint: 'Use another encoder (hf:OWNER/NAME, an ehmam folder)',
      });
    },
  };
}

/** Settings that say something. */
function written(settings: Partial<Description>): Record<string, unknown> {
  const says = (value: unknown): boolean =>
    value !== undefined && (typeof value !== 'object' || Object.keys(value as object).length > 0);
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => says(value)));
}

/** A file called `model.onnx` is called as its folder is. */
function nameOf(file: string, byFolder: boolean): string {
  const { name } = parse(file);
  return byFolder || name === 'model' ? basename(dirname(resolve(file))) : name;
}

/** Inputs and outputs with what they are taken for. */
function usesOf({ inputs, outputs }: Pick<GraphFile, 'inputs' | 'outputs'>, roles: Roles): SlotUse[] {
  const { input, lengths, mask, constants, state, states } = roles;
  const of = ({ name }: GraphSlot): string => {
    if (name === input.name)
      return roles.layout.includes('bins') ? 'features of the front end' : 'the waveform';
    if (name === lengths?.name) return 'its length';
    if (name === mask?.name) return 'ones';
    const constant = constants.find(({ slot }) => slot.name === name);
    if (constant !== undefined) return `always ${constant.values.slice(0, 4).join(', ')}`;
    return `${state.find(({ slot }) => slot.name === name)?.from} of the previous window`;
  };
  const out = ({ name }: GraphSlot): string => {
    const hidden = states.flatMap((each, i) => (each.name === name ? [`hidden.${i}`] : []));
    const carried = state
      .filter(({ from }) => from === name)
      .map(({ slot }) => `${slot.name} of the next window`);
    return [...hidden, ...carried].join(', ') || 'ignored';
  };
  return [
    ...inputs.map((slot) => ({ ...slot, kind: 'input' as const, use: of(slot) })),
    ...outputs.map((slot) => ({ ...slot, kind: 'output' as const, use: out(slot) })),
  ];
}

function unusedNotes(slots: readonly SlotUse[]): string[] {
  const unused = slots.filter(({ use }) => use === 'ignored').map(({ name }) => name);
  const more = unused.length > 8 ? `, and ${unused.length - 8} more` : '';
  return unused.length === 0
    ? []
    : [`ignored, because not hidden states: ${unused.slice(0, 8).join(', ')}${more}`];
}
