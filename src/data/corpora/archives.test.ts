/** @file Corpora prepared from the archives they come in. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { entriesOf, writeTar, writeZip } from '../archives/archives.fixture.js';
import { loadUtterances } from '../manifest.js';
import { corpora } from './index.js';
import { librispeechTree, speechCommandsTree, voxcelebTree, writeTree } from './miniatures.fixture.js';
import { type PrepareRequest, prepareCorpus } from './prepare.js';

let folder: string;
let root: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-corpus-archives-'));
  root = join(folder, 'root');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

/** Prepares from archives and gives the splits of the rows. */
async function prepare(
  name: string,
  manifest: string,
  from: readonly string[],
  options: Partial<PrepareRequest> = {},
): Promise<string[]> {
  const corpus = corpora.find((one) => one.name === name);
  if (corpus === undefined) throw new Error(`no corpus ${name}`);
  const out = join(folder, 'manifests');
  await prepareCorpus(corpus, { root, out, quiet: true, from, ...options });
  return (await loadUtterances(join(out, `${manifest}.csv`))).map(({ split }) => split);
}

const under = <T>(tree: Readonly<Record<string, T>>, start: string, cut = ''): Record<string, T> =>
  Object.fromEntries(
    Object.entries(tree).flatMap(([path, content]) =>
      path.startsWith(start) ? [[path.slice(cut.length), content]] : [],
    ),
  );

async function packed(name: string, tree: Readonly<Record<string, string | number>>): Promise<string> {
  const source = join(folder, `of-${name}`);
  await writeTree(source, tree);
  const archive = join(folder, name);
  const entries = await entriesOf(source);
  if (!name.endsWith('.zip')) await writeTar(archive, entries);
  else
    await writeZip(
      archive,
      entries.map(([header, content]) => ({ name: header.name, content: content ?? '' })),
    );
  return archive;
}

describe('prepare --from', () => {
  it('puts the subsets of LibriSpeech together', async () => {
    const dev = await packed('dev.tar.gz', under(librispeechTree, 'LibriSpeech/dev-clean'));
    const rest = await packed('rest.tgz', under(librispeechTree, 'LibriSpeech/t'));
    expect(await prepare('librispeech', 'asr', [dev, rest])).toEqual(['train', 'train', 'dev', 'test']);
    // Nothing is unpacked twice: the archives may go, and come back.
    expect(await prepare('librispeech', 'asr', [dev, rest])).toHaveLength(4);
    await rm(dev);
    expect(await prepare('librispeech', 'asr', [])).toHaveLength(4);
  });

  it('keeps the two archives of Speech Commands apart, which have no folders of their own', async () => {
    const [words, test] = ['speech_commands_v0.01', 'speech_commands_test_set_v0.01'] as const;
    const archives = [
      await packed(`${words}.tar.gz`, under(speechCommandsTree, words, `${words}/`)),
      await packed(`${test}.tar.gz`, under(speechCommandsTree, test, `${test}/`)),
    ];
    // They are named as the published ones, and are not.
    await expect(prepare('speech-commands-v1', 'ks', archives)).rejects.toThrow(
      /speech_commands_v0\.01\.tar\.gz: differs from the published archive: it has \d+ bytes, expected 1489096277.*--unchecked/,
    );
    const splits = await prepare('speech-commands-v1', 'ks', archives, { unchecked: true });
    expect(splits.filter((split) => split === 'test')).toHaveLength(3);
    expect(splits).toHaveLength(5 + 10);
  });

  it('takes the zip files of VoxCeleb1', async () => {
    const dev = await packed('vox1_dev_wav.zip', under(voxcelebTree, 'dev/', 'dev/'));
    const test = await packed('vox1_test_wav.zip', under(voxcelebTree, 'test/', 'test/'));
    await writeTree(root, { 'iden_split.txt': voxcelebTree['iden_split.txt'] });
    expect((await prepare('voxceleb1', 'sid', [dev, test])).sort()).toEqual(['dev', 'test', 'train']);
  });

  it('does not prepare from a part', async () => {
    const archive = await packed('all.tar.gz', librispeechTree);
    const whole = await readFile(archive);
    await writeFile(archive, whole.subarray(0, -100));
    await expect(prepare('librispeech', 'asr', [archive])).rejects.toThrow('truncated or damaged');
    await expect(prepare('librispeech', 'asr', [])).rejects.toThrow('contains only a part of all.tar.gz');
    await writeFile(archive, whole);
    expect(await prepare('librispeech', 'asr', [archive])).toHaveLength(4);
  });
});
