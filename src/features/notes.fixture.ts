/** @file Feature stores as earlier versions left them: nothing is noted of what was verified. */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';

/** Removes what is noted of the data of a store. */
export async function removeNotes(store: string): Promise<void> {
  for (const name of await readdir(store)) if (name.endsWith('.verified')) await rm(join(store, name));
}
