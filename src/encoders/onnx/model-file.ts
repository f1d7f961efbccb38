/** @file What an ONNX file says of itself before a runtime sees it: external data, operators, how many weights. */
import { createHash } from 'node:crypto';
import { open, realpath, stat } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import onnxProto from 'onnx-proto';
import { messageOf, UserError } from '../../base/errors.js';
import { sha256OfFile } from '../../base/files.js';

const { onnx } = onnxProto;
export type ModelProto = InstanceType<typeof onnx.ModelProto>;
type GraphProto = NonNullable<ModelProto['graph']>;
type TensorProto = NonNullable<GraphProto['initializer']>[number];
type NodeProto = NonNullable<GraphProto['node']>[number];

export interface ModelFile {
  readonly file: string;
  /** Files that hold some of its weights. */
  readonly external: readonly string[];
  /** SHA-256 over what it and its external files hold. */
  readonly digest: string;
  /** How many numbers its weights are. */
  readonly parameters: number;
  /** The standard operators' version. */
  readonly operatorSet: number;
  readonly producer: string;
}

/** Protocol buffers hold less. */
const mostBytes = 2 ** 31;
const hintExport = 'Export the model again, or check that it was copied whole';

/**
 * Reads the structure of a file, and digests it with what it keeps outside of itself.
 * @throws UserError for a file that is no ONNX file, for external data that is missing or lies outside its folder
 */
export async function readModelFile(file: string): Promise<ModelFile> {
  const model = await decodeModel(file);
  const { graph } = model;
  if (graph?.node === undefined || graph.node === null || graph.node.length === 0)
    throw new UserError('is not an ONNX file, or contains no graph', { file, hint: hintExport });
  const external: string[] = [];
  let parameters = 0;
  for (const tensor of weightsOf(graph, file)) {
    parameters += (tensor.dims ?? []).reduce((product, dim) => product * Math.max(0, Number(dim)), 1);
    const place = await externalPlace(tensor, file);
    if (place !== undefined && !external.includes(place)) external.push(place);
  }
  const hash = createHash('sha256').update(await sha256OfFile(file));
  for (const each of external) hash.update(await sha256OfFile(each));
  const standard = (model.opsetImport ?? []).find(({ domain }) => !domain || domain === 'ai.onnx');
  return {
    file,
    external,
    digest: hash.digest('hex'),
    parameters,
    operatorSet: Number(standard?.version ?? 0),
    producer: `${model.producerName ?? ''} ${model.producerVersion ?? ''}`.trim(),
  };
}

/**
 * The file's protocol buffer; bytes of weights are views of one buffer.
 * @throws UserError for what is none
 */
export async function decodeModel(file: string): Promise<ModelProto> {
  const { size } = await stat(file).catch((cause: unknown) => {
    throw new UserError(`cannot be read (${messageOf(cause)})`, { file, cause });
  });
  if (size >= mostBytes)
    throw new UserError(
      `has ${size} bytes, but an ONNX file is limited to 2 GiB (store the weights as external data)`,
      { file },
    );
  const bytes = await readWhole(file, size);
  if (bytes.subarray(0, 7).toString('latin1') === 'version') {
    throw new UserError('is a Git LFS pointer, not the file itself', {
      file,
      hint: "Download it with 'git lfs pull', or from the model's page",
    });
  }
  try {
    return onnx.ModelProto.decode(bytes);
  } catch (cause) {
    throw new UserError('is not an ONNX file, or is damaged', { file, hint: hintExport, cause });
  }
}

async function readWhole(file: string, size: number): Promise<Buffer> {
  const handle = await open(file, 'r').catch((cause: unknown) => {
    throw new UserError(`cannot be read (${messageOf(cause)})`, { file, cause });
  });
  try {
    const bytes = Buffer.allocUnsafe(size);
    let at = 0;
    while (at < size) {
      const { bytesRead } = await handle.read(bytes, at, Math.min(size - at, 2 ** 30), at);
      if (bytesRead === 0) break;
      at += bytesRead;
    }
    return bytes.subarray(0, at);
  } finally {
    await handle.close();
  }
}

/** Graphs in graphs are nested a few deep; a file that nests more is an attack. */
const deepest = 50;

/** Weights of a graph, of the bodies of its loops and branches, and constants. */
function* weightsOf(graph: GraphProto, file: string, depth = 0): Generator<TensorProto> {
  if (depth > deepest) throw new UserError('has too deeply nested graphs', { file });
  yield* graph.initializer ?? [];
  for (const node of graph.node ?? []) yield* tensorsOf(node, file, depth);
}

function* tensorsOf(node: NodeProto, file: string, depth: number): Generator<TensorProto> {
  for (const { t, tensors, g, graphs } of node.attribute ?? []) {
    if (t) yield t;
    yield* tensors ?? [];
    for (const inner of [...(g ? [g] : []), ...(graphs ?? [])]) yield* weightsOf(inner, file, depth + 1);
  }
}

const externalLocation = onnx.TensorProto.DataLocation.EXTERNAL;

/** The file that holds a weight, where that is not the model's. */
async function externalPlace(tensor: TensorProto, file: string): Promise<string | undefined> {
  if (tensor.dataLocation !== externalLocation) return undefined;
  const written = (tensor.externalData ?? []).find(({ key }) => key === 'location')?.value ?? '';
  const shown = written.slice(0, 200);
  const folder = dirname(resolve(file));
  const outside = (path: string): boolean => {
    const from = relative(folder, path);
    return from === '' || from === '..' || from.startsWith(`..${sep}`) || isAbsolute(from);
  };
  const refuse = (what: string, hint: string): never => {
    throw new UserError(what, { file, hint });
  };
  if (
    written === '' ||
    written.includes('\0') ||
    isAbsolute(written) ||
    written.includes('\\') ||
    outside(join(folder, written))
  )
    refuse(`stores weights in '${shown}', outside its folder`, 'Export it with all data in one folder');
  const place = join(folder, written);
  const real = await realpath(place).catch(() =>
    refuse(`stores weights in '${shown}', which is missing`, 'Copy that file into the same folder'),
  );
  // In the hub's cache both are links into one folder of blobs.
  const beside = dirname(real) === dirname(await realpath(file));
  if (!beside && relative(await realpath(folder), real).startsWith('..'))
    refuse(
      `stores weights in '${shown}', which links to a file outside its folder`,
      'Copy that file into the same folder',
    );
  return place;
}
