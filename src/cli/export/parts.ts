/** @file An ONNX file as a folder: the files as they are, and a trained head as a model of its own. */
import { createReadStream } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join, relative, sep } from 'node:path';
import { UserError } from '../../base/errors.js';
import { writeFileAtomic } from '../../base/files.js';
import type { Encoder } from '../../encoders/encoder.js';
import { lowerToOnnx } from '../../engine/lower.js';
import type { Tensor } from '../../engine/ops.js';
import { headKinds } from '../../heads/registry.js';
import { headText, type TrainedHead } from '../../heads/trained.js';
import { headOf } from './onnx-file.js';
import { outputsOf } from './program.js';

export interface WrittenParts {
  readonly folder: string;
  /** Their names in it. */
  readonly files: readonly string[];
  readonly hash: string;
}

/** The head's model, in a folder of its own: the encoder's folder then holds the encoder alone. */
const headFile = join('head', 'head.onnx');

/**
 * Copies an ONNX file with what belongs to it, and writes a head as `head/head.onnx`: every hidden state [1, frames, dim] in.
 * The folder is a SPEC of the same encoder.
 * @throws UserError for an encoder that is no ONNX file, and for a folder that holds other files
 */
export async function exportParts(
  encoder: Encoder,
  folder: string,
  headPlace: string | undefined,
  fold?: string | undefined,
): Promise<WrittenParts> {
  const { graph } = encoder;
  if (graph === undefined) {
    throw new UserError(`${encoder.spec} is not an ONNX file`, {
      hint: 'Use --format onnx, which writes encoder and head to one file',
    });
  }
  const head = headPlace === undefined ? undefined : await headOf(encoder, headPlace, fold);
  const names = graph.files.map((file) => relative(dirname(graph.file), file));
  const top = new Set(['head', ...names.map((name) => name.split(sep)[0] as string)]);
  const others = (await readdir(folder).catch(() => [])).filter((name) => !top.has(name));
  if (others.length > 0)
    throw new UserError(`contains other files (${others.slice(0, 4).join(', ')})`, {
      file: folder,
      hint: 'Choose a new folder',
    });
  for (const [i, file] of graph.files.entries())
    await writeFileAtomic(join(folder, names[i] as string), createReadStream(file));
  if (head !== undefined) await writeFileAtomic(join(folder, headFile), headModel(encoder, head));
  return { folder, files: [...names, ...(head === undefined ? [] : [headFile])], hash: encoder.hash };
}

/** Hidden states `hidden.0` ... [1, frames, dim] to the head's outputs. */
export function headModel({ dims, hash, name }: Encoder, head: TrainedHead): Uint8Array {
  const names = dims.map((_, i) => `hidden.${i}`);
  return lowerToOnnx(
    (states: Readonly<Record<string, Tensor>>) =>
      outputsOf(
        names.map((each) => states[each] as Tensor),
        { head },
      ),
    Object.fromEntries(
      names.map((each, i) => [each, { shape: [1, 1, dims[i] as number], dtype: 'float32' as const }]),
    ),
    { name: `head on ${name}`, dynamicAxes: Object.fromEntries(names.map((each) => [each, 1])) },
    {
      output: (path) => path,
      axis: (path) =>
        path.startsWith('hidden.') ? 'frames' : (headKinds.find(head.kind).freeAxis ?? 'frames'),
      metadata: { encoder: name, hash, head: headText(head) },
    },
  );
}
