/** @file Tests of corpora as they lie on disks: by links, beside macOS's own files, with names that meet. */
import { copyFile, mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadUtterances, type Utterance } from '../manifest.js';
import { corpora } from './index.js';
import {
  asteriskTree,
  fluentTree,
  librispeechTree,
  speechCommandsTree,
  voxcelebTree,
  writeTree,
} from './miniatures.fixture.js';
import { type PreparedCorpus, type PrepareRequest, prepareCorpus } from './prepare.js';
import { filesBelow } from './walk.js';

let base: string;
let root: string;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'ehmam-walk-'));
  root = join(base, 'root');
  await mkdir(root);
});
afterEach(() => rm(base, { recursive: true, force: true }));

async function prepare(
  name: string,
  options: Partial<PrepareRequest> = {},
): Promise<PreparedCorpus & { readonly rows: readonly Utterance[] }> {
  const corpus = corpora.find((one) => one.name === name);
  if (corpus === undefined) throw new Error(`no corpus ${name}`);
  const prepared = await prepareCorpus(corpus, {
    root,
    out: join(base, 'manifests'),
    quiet: true,
    ...options,
  });
  const rows: Utterance[] = [];
  for (const { file } of prepared.manifests) rows.push(...(await loadUtterances(file)));
  return { ...prepared, rows };
}

/** The corpora that are looked through, with a miniature of each and its number of rows. */
const trees = [
  ['librispeech', librispeechTree],
  ['speech-commands-v1', speechCommandsTree],
  ['voxceleb1', voxcelebTree],
  ['fluent-speech-commands', fluentTree],
  ['asterisk', asteriskTree],
  ['folder', { 'a/1.wav': 0.3, 'a/2.wav': 0.3, 'b/3.wav': 0.3 }],
] as const;

/** Moves every file away, as git-annex does, and leaves links: to the files, or to the folders they were in. */
async function byLinks(what: 'files' | 'folders'): Promise<void> {
  const elsewhere = join(base, 'objects');
  await mkdir(elsewhere);
  const tops = what === 'folders' ? await readdir(root) : await filesBelow(root);
  for (const [i, name] of tops.entries()) {
    const object = join(elsewhere, `${i}`);
    await rename(join(root, name), object);
    await symlink(relative(dirname(join(root, name)), object), join(root, name));
  }
}

describe.each(trees)('prepare %s', (name, tree) => {
  it('finds the same rows where files or folders are links', async () => {
    await writeTree(root, tree);
    const { rows } = await prepare(name);
    expect(rows.length).toBeGreaterThan(2);
    for (const what of ['files', 'folders'] as const) {
      await rm(root, { recursive: true });
      await rm(join(base, 'objects'), { recursive: true, force: true });
      await writeTree(root, tree);
      await byLinks(what);
      const linked = await prepare(name);
      expect(linked.rows.map(({ id, split }) => [id, split])).toEqual(
        rows.map(({ id, split }) => [id, split]),
      );
      expect(linked.remarks.filter((remark) => remark.includes('nowhere'))).toEqual([]);
    }
  });

  it("passes over what macOS puts beside every file, and into an archive's second tree", async () => {
    await writeTree(root, tree);
    const { rows, remarks } = await prepare(name);
    const fork = Buffer.from('0005160700020000'.padEnd(400, '00'), 'hex');
    for (const path of await filesBelow(root)) {
      await writeFile(join(root, dirname(path), `._${path.split('/').at(-1)}`), fork);
      const other = join(root, '__MACOSX', path);
      await mkdir(dirname(other), { recursive: true });
      await writeFile(other, fork);
    }
    const again = await prepare(name);
    expect(again.rows.map(({ id }) => id)).toEqual(rows.map(({ id }) => id));
    expect(again.remarks).toEqual(remarks);
    expect((await prepare(name, { fast: true })).rows).toHaveLength(rows.length);
  });
});

describe('links', () => {
  it('that lead nowhere are counted and named, also where nothing else is there', async () => {
    await mkdir(join(root, 'a'));
    for (const i of [1, 2]) {
      const object = `../.git/annex/objects/xx/${i}.wav`;
      await symlink(object, join(root, 'a', `${i}.wav`));
    }
    const remark =
      '2 broken links, for example a/1.wav to ../.git/annex/objects/xx/1.wav (git annex get brings the files)';
    await expect(prepare('folder')).rejects.toThrow(
      `does not contain audio files: looked for *.wav, *.flac, *.mp3, *.ogg, *.opus; ${remark}`,
    );
    await writeTree(root, { 'b/3.wav': 0.3 });
    const { rows, remarks } = await prepare('folder');
    expect(rows.map(({ id }) => id)).toEqual(['b-3']);
    expect(remarks).toEqual([remark]);
  });

  it('that lead back to a folder they are in do not go round', async () => {
    await writeTree(root, { 'a/b/1.wav': 0.3 });
    await symlink('..', join(root, 'a', 'b', 'up'));
    await symlink('../..', join(root, 'a', 'b', 'top'));
    await symlink('self', join(root, 'self'));
    expect(await filesBelow(root)).toEqual(['a/b/1.wav']);
    const remarks: string[] = [];
    await filesBelow(root, remarks);
    expect(remarks).toEqual(['1 broken link, for example self to self']);
  });
});

describe('ids', () => {
  it('are unique where folders and names, or formats, meet, and stay what they are when files are added', async () => {
    await writeTree(root, { 'yes/sir-b.wav': 0.3, 'yes-sir/b.wav': 0.3, 'x.wav': 0.3, 'y.wav': 0.3 });
    await copyFile(join(root, 'x.wav'), join(root, 'x.WAV'));
    const { rows, remarks } = await prepare('folder');
    const ids = rows.map(({ id }) => id);
    expect(new Set(ids).size).toBe(5);
    expect(ids.filter((id) => /^(yes-sir-b|x)-[0-9a-f]{8}$/.test(id))).toHaveLength(4);
    expect(ids).toContain('y');
    expect(remarks).toEqual([
      "4 utterances have duplicate ids (for example 'x'): a hash of the path was appended to each",
    ]);
    await writeTree(root, { 'yes-sir-b.wav': 0.3 });
    const more = (await prepare('folder')).rows.map(({ id }) => id);
    expect(more).toEqual(expect.arrayContaining(ids));
    expect(new Set(more).size).toBe(6);
  });

  it('that differ in Unicode form alone are told apart too', async () => {
    await writeTree(root, { 'caf\u00e9.wav': 0.3, 'cafe\u0301.wav': 0.3 });
    expect(new Set((await prepare('folder')).rows.map(({ id }) => id)).size).toBe(2);
  });
});

describe('texts of a folder', () => {
  async function prepareWith(texts: string) {
    const file = join(base, 'texts.csv');
    await writeFile(file, texts);
    return prepare('folder', { texts: file });
  }

  it('find their files however their paths were written', async () => {
    await writeTree(root, { 'a/caf\u00e9.wav': 0.3, 'a/2.wav': 0.3, '3.wav': 0.3 });
    const { rows, remarks } = await prepareWith(
      'path,text\na\\cafe\u0301.wav,one\n./a/2.wav,two\n3.wav,three\n4.wav,four\n',
    );
    expect(rows.map(({ columns }) => columns.text).sort()).toEqual(['one', 'three', 'two']);
    expect(remarks).toEqual(['audio of the texts: 1 file is missing, the first is 4.wav']);
  });

  it('name each file once', async () => {
    await writeTree(root, { '3.wav': 0.3 });
    await expect(prepareWith('path,text\n3.wav,a\n./3.wav,b\n')).rejects.toThrow(
      "texts.csv: duplicate path './3.wav'",
    );
  });
});
