/** @file WebDataset's shards: tar files in which the members of a sample share a name, `key.flac` and `key.json`. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { memberPath } from '../../../audio/member.js';
import { UserError } from '../../../base/errors.js';
import { createProgress } from '../../../base/progress.js';
import { tarMembers } from '../../../formats/tar.js';
import { recordFolder, unpack } from '../../archives/unpack.js';
import { filesBelow } from '../walk.js';
import { corpusOf, namedAlike } from './corpus-of.js';
import { inputFiles, unpackFolders, withSource } from './input-files.js';
import type { ReadInput, Toolkit, ToolkitInput, ToolkitOptions } from './toolkit.js';
import { readSamples, type ShardMember } from './webdataset-samples.js';

export const webdataset: Toolkit = {
  name: 'webdataset',
  summary: "WebDataset's shards: .tar files with key.flac, key.json, key.txt, key.cls",
  inputs: 'SHARD.tar|DIR...',
  hasAudioInside: true,
  async read(options) {
    const remarks: string[] = [];
    const shards = await inputFiles(options.inputs, /\.(tar|tar\.gz|tgz)$/, 'tar shards');
    const folders = options.unpack === undefined ? undefined : unpackFolders(shards, options.unpack);
    const inputs: ReadInput[] = [];
    const progress = createProgress('reading shards', shards.length, { quiet: options.quiet ?? false });
    try {
      for (const [i, input] of shards.entries()) {
        progress.update(i, basename(input.path));
        const folder = folders?.get(input.path);
        const rows =
          folder === undefined
            ? await readInPlace(input, options, remarks)
            : await readUnpacked(input, folder, options, remarks);
        inputs.push({ input, rows });
      }
      progress.update(shards.length);
    } finally {
      progress.stop();
    }
    return corpusOf('webdataset', inputs, namedAlike(inputs, options, remarks), remarks);
  },
};

function readInPlace(
  { path }: ToolkitInput,
  options: ToolkitOptions,
  remarks: string[],
): Promise<ReadInput['rows']> {
  return withSource(path, async (source) => {
    const members: ShardMember[] = [];
    for await (const { name, offset, bytes } of tarMembers(source)) {
      members.push({
        name,
        bytes,
        audio: memberPath({ container: resolve(path), name, place: offset, bytes }),
        read: () => source.read(offset, bytes),
      });
    }
    return readSamples(path, members, options, remarks);
  });
}

async function readUnpacked(
  { path }: ToolkitInput,
  folder: string,
  options: ToolkitOptions,
  remarks: string[],
): Promise<ReadInput['rows']> {
  const { files } = await unpack(path, folder, { quiet: options.quiet });
  await refuseFewer(folder, files);
  const members = (await filesBelow(folder)).map(async (name): Promise<ShardMember> => {
    const audio = join(resolve(folder), name);
    const { size } = await stat(audio);
    return { name, bytes: size, audio, read: () => readFile(audio) };
  });
  return readSamples(path, await Promise.all(members), options, remarks);
}

/** An archive that was unpacked once is not unpacked again: what was taken away since would be missed by nobody. */
async function refuseFewer(folder: string, files: number): Promise<void> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const there = entries.filter((each) => each.isFile() && basename(each.parentPath) !== recordFolder).length;
  if (there >= files) return;
  throw new UserError(`contains ${there} files, but ${files} were unpacked into it`, {
    file: folder,
    hint: 'Remove the folder and run the command again to unpack the shard again',
  });
}
