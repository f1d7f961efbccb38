/** @file Items in groups, and labels that tell those of one name apart by as little more as it takes. */

/**
 * A label for every item: the first part, and in brackets as many further parts as it takes to tell the items of
 * that first part apart.
 */
export function distinctLabels<Item>(
  items: readonly Item[],
  parts: readonly ((item: Item) => string)[],
): string[] {
  const [name, ...more] = parts;
  if (name === undefined) return [];
  return items.map((item) => {
    const sameName = items.filter((other) => name(other) === name(item));
    const differing = (by: typeof more): number =>
      new Set(sameName.map((other) => JSON.stringify(by.map((part) => part(other))))).size;
    const telling: typeof more = [];
    for (const part of more) {
      telling.push(part);
      if (differing(telling) === differing(telling.slice(0, -1))) telling.pop();
    }
    return telling.length === 0
      ? name(item)
      : `${name(item)} (${telling.map((part) => part(item)).join(', ')})`;
  });
}

/** Items by a key, in the order in which they come. */
export function groupBy<Item>(items: readonly Item[], key: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const group = groups.get(key(item));
    if (group === undefined) groups.set(key(item), [item]);
    else group.push(item);
  }
  return groups;
}
