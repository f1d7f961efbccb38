/** @file Numbers 0, 1, ... in groups: two arrays however many there are, so that the garbage collector has nothing to walk. */

export interface Groups {
  readonly count: number;
  size(group: number): number;
  /** The members of a group rise. */
  member(group: number, index: number): number;
}

/** Numbers below `count` with equal keys are a group; groups stand in the order in which their keys first appear. */
export function groupsBy(count: number, keyOf: (number: number) => string | number): Groups {
  const known = new Map<string | number, number>();
  const groupOf = new Int32Array(count);
  for (let number = 0; number < count; number++) {
    const key = keyOf(number);
    const group = known.get(key) ?? known.size;
    known.set(key, group);
    groupOf[number] = group;
  }
  const starts = new Int32Array(known.size + 1);
  for (const group of groupOf) starts[group + 1] = (starts[group + 1] as number) + 1;
  for (let group = 0; group < known.size; group++)
    starts[group + 1] = (starts[group + 1] as number) + (starts[group] as number);
  const free = starts.slice();
  const members = new Int32Array(count);
  for (const [number, group] of groupOf.entries()) {
    const place = free[group] as number;
    members[place] = number;
    free[group] = place + 1;
  }
  const start = (group: number): number => starts[group] as number;
  return {
    count: known.size,
    size: (group) => start(group + 1) - start(group),
    member: (group, index) => members[start(group) + index] as number,
  };
}
