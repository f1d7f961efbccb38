/** @file How the settings of one run differ from those of another, setting by setting. */

/** Settings that differ, as `optimizer.steps (200 there, 600 here)`, in the order of their names there. */
export function settingDifferences(there: unknown, here: unknown, path: readonly string[] = []): string[] {
  if (isGroup(there) && isGroup(here)) {
    const names = new Set([...Object.keys(there), ...Object.keys(here)]);
    return [...names].flatMap((name) => settingDifferences(there[name], here[name], [...path, name]));
  }
  // Both are parsed: what is equal is written alike.
  if (JSON.stringify(there) === JSON.stringify(here)) return [];
  const shown = (value: unknown): string => (value === undefined ? 'none' : JSON.stringify(value));
  return [`${path.join('.')} (${shown(there)} there, ${shown(here)} here)`];
}

const isGroup = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const mostListed = 6;

/** The first few of them. */
export function listed(all: readonly string[]): string {
  const more = all.length - mostListed;
  const shown = all.slice(0, mostListed).join(', ');
  return more > 0 ? `${shown}, and ${more} more` : shown;
}
