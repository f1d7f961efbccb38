/** @file The sound of utterances for the page: found in folders or manifests, embedded within a bound. */
import { readdir, stat } from 'node:fs/promises';
import { extname, join, relative, resolve, sep } from 'node:path';
import { encodeWav, sampleRateHz } from '../../audio/index.js';
import { UserError } from '../../base/errors.js';
import { readManifest, type Utterance } from '../../data/manifest.js';

/**
 * Finds where an utterance's audio is; undefined where no source has it.
 * @param manifest the one that the utterance's record names: it goes before others that have the id too
 */
export type FindSound = (id: string, manifest: string) => Utterance | undefined;

/**
 * Opens folders (files named by id) and manifests (CSV) for some utterances.
 * @param wanted ids that will be asked for: nothing else is kept of a manifest of any length
 * @throws UserError for a path that is not there, and as `readManifest`
 */
export async function openSounds(
  paths: readonly string[],
  root: string | undefined,
  wanted: ReadonlySet<string>,
): Promise<FindSound> {
  const manifests: { readonly path: string; readonly rows: ReadonlyMap<string, Utterance> }[] = [];
  const files = new Map<string, string>();
  for (const path of paths) {
    const kind = await stat(path).catch((cause: unknown) => {
      throw new UserError('no such file', { file: path, hint: 'Pass folders of audio, or manifests', cause });
    });
    if (!kind.isDirectory()) {
      const rows = new Map<string, Utterance>();
      for await (const row of readManifest(path, { root })) if (wanted.has(row.id)) rows.set(row.id, row);
      manifests.push({ path: resolve(path), rows });
      continue;
    }
    for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
      if (!entry.isFile()) continue;
      const file = join(entry.parentPath, entry.name);
      // `a/b/c.wav` is the id `a/b/c`, or `c` where nothing else is.
      for (const id of [bare(relative(path, file).split(sep).join('/')), bare(entry.name)])
        if (wanted.has(id) && !files.has(id)) files.set(id, file);
    }
  }
  return (id, manifest) => {
    const own = manifests.find(({ path }) => path === resolve(manifest));
    const row = [own, ...manifests].map((each) => each?.rows.get(id)).find((each) => each !== undefined);
    const path = files.get(id);
    return (
      row ?? (path === undefined ? undefined : { id, path, split: '', columns: {}, line: 1, manifest: path })
    );
  };
}

const bare = (name: string): string => name.slice(0, name.length - extname(name).length);

/** What is embedded of the sound so far. */
export interface SoundBudget {
  /** Takes an utterance in as a data: URI, unless it would pass the bound. */
  embed(samples: Float32Array): string | undefined;
  readonly used: { utterances: number; bytes: number; seconds: number; refused: number };
}

/** @param mostBytes of the page that sound may take: 16-bit WAV in base64 is about 43 kB a second */
export function soundBudget(mostBytes: number): SoundBudget {
  const used = { utterances: 0, bytes: 0, seconds: 0, refused: 0 };
  return {
    used,
    embed: (samples) => {
      const bytes = Math.ceil((44 + 2 * samples.length) / 3) * 4;
      if (used.bytes + bytes > mostBytes) {
        used.refused++;
        return undefined;
      }
      used.utterances++;
      used.bytes += bytes;
      used.seconds += samples.length / sampleRateHz;
      return `data:audio/wav;base64,${Buffer.from(encodeWav(samples, sampleRateHz)).toString('base64')}`;
    },
  };
}
