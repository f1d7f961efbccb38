/** @file Tests of where the recordings come from, and of what is said where they cannot be had. */
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import { findPackages, packageNames } from './packages.js';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-packages-'));
});
afterAll(() => rm(folder, { recursive: true }));
afterEach(() => vi.unstubAllEnvs());

async function unpacked(name: string, packages: readonly string[]): Promise<string> {
  const root = join(folder, name);
  for (const each of packages) await mkdir(join(root, 'usr/share/doc', each), { recursive: true });
  return root;
}

/** A program of that name, alone on the path but for what the script itself needs. */
async function onPath(scripts: Readonly<Record<string, string>>): Promise<void> {
  const bin = await mkdtemp(join(folder, 'bin-'));
  for (const [name, script] of Object.entries(scripts)) {
    await writeFile(join(bin, name), `#!/bin/sh\nPATH=/usr/bin:/bin\n${script}\n`);
    await chmod(join(bin, name), 0o755);
  }
  vi.stubEnv('PATH', bin);
}

const downloads = 'shift; for name; do : >"$name"_1.0_all.deb; done';
const unpacks = 'name=$(basename "$2" | cut -d_ -f1); mkdir -p "$3/usr/share/doc/$name"';

it('takes a folder that holds them all unpacked', async () => {
  const root = await unpacked('whole', packageNames);
  expect(await findPackages(root, join(folder, 'work'))).toBe(root);
});

it('names what an unpacked folder lacks', async () => {
  const root = await unpacked('part', packageNames.slice(1));
  await expect(findPackages(root, join(folder, 'work'))).rejects.toThrow(
    'lacks the packages asterisk-core-sounds-en. Unpack them there',
  );
});

it('unpacks .deb files, and names those that are not there', async () => {
  const debs = join(folder, 'debs');
  const work = join(folder, 'work-debs');
  await mkdir(debs);
  for (const name of packageNames.slice(0, -1)) await writeFile(join(debs, `${name}_1.6.1-1_all.deb`), '');
  await onPath({ 'dpkg-deb': unpacks });
  await expect(findPackages(debs, work)).rejects.toThrow('holds neither usr/ nor the packages gcin-voice');
  await writeFile(join(debs, 'gcin-voice_1_all.deb'), '');
  expect(await findPackages(debs, work)).toBe(join(work, 'packages'));
});

it('downloads with apt-get, once', async () => {
  const work = join(folder, 'work-apt');
  await onPath({ 'apt-get': downloads, 'dpkg-deb': unpacks });
  expect(await findPackages(undefined, work)).toBe(join(work, 'packages'));
  await onPath({});
  expect(await findPackages(undefined, work)).toBe(join(work, 'packages'));
});

it('says what to do where there is no apt-get, and where it fails', async () => {
  await onPath({});
  await expect(findPackages(undefined, join(folder, 'none'))).rejects.toThrow(
    /apt-get.*give their folder with/s,
  );
  await onPath({ 'apt-get': 'echo "E: Unable to locate package gcin-voice" >&2; exit 100' });
  await expect(findPackages(undefined, join(folder, 'none'))).rejects.toThrow(
    'E: Unable to locate package gcin-voice). Try apt-get update',
  );
});
