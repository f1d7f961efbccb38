/** @file The settings in checkpoints of fairseq as plain objects, whatever they were saved as. */

/** Settings nest no deeper. */
const maximumDepth = 32;

/** Settings as JSON would hold them: Maps and namespaces as objects. What stands twice is converted once. */
export function plainSettings(node: unknown, depth = 0, seen = new Map<unknown, unknown>()): unknown {
  if (typeof node !== 'object' || node === null) return node;
  if (depth > maximumDepth) return null;
  const held = seen.get(node);
  if (held !== undefined) return held;
  const convert = (value: unknown): unknown => plainSettings(value, depth + 1, seen);
  if (Array.isArray(node)) {
    const list: unknown[] = [];
    seen.set(node, list);
    for (const item of node) list.push(convert(item));
    return list;
  }
  // Without a prototype, so that no key is special.
  const settings: Record<string, unknown> = Object.create(null);
  seen.set(node, settings);
  const entries: Iterable<[unknown, unknown]> = node instanceof Map ? node : Object.entries(node);
  for (const [key, value] of entries) settings[String(key)] = convert(value);
  return settings;
}
