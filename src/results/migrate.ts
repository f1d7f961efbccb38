/** @file Records of older schemas, brought to this one step by step. */
import { recordedPath } from './places.js';

type Json = Readonly<Record<string, unknown>>;

/**
 * From each older version to the next one. Fields of another kind than expected are left for the schema to refuse.
 * - 1: `manifest.path` and `encoder.spec` could be paths of one machine.
 */
const steps: Readonly<Record<number, (record: Json) => Json>> = {
  1: (record) => ({
    ...record,
    schemaVersion: 2,
    encoder: withPlace(record.encoder, 'spec'),
    manifest: withPlace(record.manifest, 'path'),
  }),
};

/** The record in the newest version that steps lead to; as it is where there is no step from its own. */
export function migrated(record: unknown): unknown {
  let json = record as Json;
  for (;;) {
    const step = typeof json?.schemaVersion === 'number' ? steps[json.schemaVersion] : undefined;
    if (step === undefined) return json;
    json = step(json);
  }
}

function withPlace(part: unknown, field: string): unknown {
  if (typeof part !== 'object' || part === null) return part;
  const path = (part as Json)[field];
  return typeof path === 'string' ? { ...part, [field]: recordedPath(path) } : part;
}
