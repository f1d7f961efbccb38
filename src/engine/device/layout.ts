/** @file Where in one block of memory lies what stages leave to each other: tensors that are not needed at the same time share a place. */
import type { Stage, Stages } from '../fused/stages.js';
import type { ProgramModel } from '../lower.js';
import { outputName } from '../model-names.js';
import { bytesOf } from '../ort/values.js';

export interface Layout {
  readonly bytes: number;
  /** Bytes from the block's start, by paths. */
  readonly offsets: ReadonlyMap<string, number>;
}

/** What a device's memory is aligned to. */
const alignment = 256;

/** Where a tensor lies, and between which stages. */
interface Place {
  readonly start: number;
  readonly end: number;
  readonly first: number;
  readonly last: number;
}

/** Large tensors first, each at the lowest place that none has that is needed beside it. */
export function layoutOf(
  stages: readonly Stage<Pick<ProgramModel, 'inputs' | 'outputs'>>[],
  between: Stages<unknown>['between'],
): Layout {
  const usedIn = stages.map(
    ({ model, fused }) =>
      new Set([
        ...(model?.inputs ?? []),
        ...(model?.outputs ?? []),
        ...fused.flatMap(({ inputs, outputs }) => [...inputs, ...outputs]),
      ]),
  );
  const tensors = between.map(({ path, ...spec }) => {
    const name = outputName(path);
    const first = usedIn.findIndex((used) => used.has(name));
    const last = usedIn.findLastIndex((used) => used.has(name));
    return { path, first, last, bytes: Math.ceil(bytesOf(spec) / alignment) * alignment };
  });
  const places: Place[] = [];
  const offsets = new Map<string, number>();
  for (const { path, first, last, bytes } of tensors.sort((a, b) => b.bytes - a.bytes)) {
    const beside = places
      .filter((place) => place.first <= last && first <= place.last)
      .sort((a, b) => a.start - b.start);
    let start = 0;
    for (const place of beside) if (place.start < start + bytes) start = Math.max(start, place.end);
    places.push({ start, end: start + bytes, first, last });
    offsets.set(path, start);
  }
  return { bytes: Math.max(0, ...places.map(({ end }) => end)), offsets };
}
