/** @file The name that someone meant: the closest of those there are, by edit distance. */
import { distance } from 'fastest-levenshtein';

/** The name closest to what was written, if it is close enough to have been meant: at most a third of it changed. */
export function closestName(written: string, names: readonly string[]): string | undefined {
  const typed = written.toLowerCase();
  let best: { name: string; edits: number } | undefined;
  for (const name of names) {
    const edits = distance(name.toLowerCase(), typed);
    if (
      edits <= Math.max(1, Math.ceil(Math.max(typed.length, name.length) / 3)) &&
      edits < (best?.edits ?? Infinity)
    ) {
      best = { name, edits };
    }
  }
  return best?.name;
}

/** The hint for a name that is not among those there are. */
export function hintOfName(written: string, names: readonly string[]): string {
  const close = closestName(written, names);
  return close === undefined ? `Expected one of: ${names.join(', ')}` : `Did you mean '${close}'?`;
}
