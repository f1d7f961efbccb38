/** @file `ehmam setup` against a registry of its own: what it installs is found, and what fails is said in a sentence. */
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { gzipSync } from 'node:zlib';
import { pack } from 'tar-stream';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { findLibrary, libraryFolder, wantedVersion } from '../../base/native-library.js';
import { installPiece } from './install.js';
import { piecesOf } from './sets.js';

vi.setConfig({ testTimeout: 120_000 });

const library = '@tensorflow/tfjs-node';
let folder: string;
let server: Server;

/** What an install script does: makes its library, or has no network. */
const script = `if (process.env.SETUP_TEST_NETWORK) setTimeout(() => {
  fs.mkdirSync('lib/napi-v8', { recursive: true });
  fs.writeFileSync('lib/napi-v8/tfjs_binding.node', 'made');
}, 500); else throw new Error('getaddrinfo ENOTFOUND storage.example.com');`;

/** A package of npm with that script. */
async function tarball(): Promise<Buffer> {
  const archive = pack();
  const manifest = {
    ...{ name: library, version: wantedVersion(library), main: 'dist/index.js' },
    scripts: { install: 'node install.js' },
  };
  archive.entry({ name: 'package/package.json' }, JSON.stringify(manifest));
  archive.entry({ name: 'package/dist/index.js' }, 'module.exports = 1;');
  archive.entry({ name: 'package/install.js' }, `const fs = require('fs');\n${script}`);
  archive.finalize();
  return gzipSync(await buffer(archive));
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ehmam-setup-test-'));
  // Once: the archive contains the time.
  const bytes = await tarball();
  server = createServer(({ url = '' }, response) => {
    if (url.endsWith('.tgz')) return void response.end(bytes);
    const version = wantedVersion(library);
    const dist = {
      tarball: `http://127.0.0.1:${(server.address() as AddressInfo).port}/it.tgz`,
      integrity: `sha512-${createHash('sha512').update(bytes).digest('base64')}`,
    };
    const versions = { [version]: { name: library, version, dist, scripts: { install: 'x' } } };
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ name: library, 'dist-tags': { latest: version }, versions }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  vi.stubEnv('EHMAM_CACHE', join(folder, 'cache'));
  vi.stubEnv('npm_config_cache', join(folder, 'npm'));
  vi.stubEnv('npm_config_fetch_retries', '0');
});
afterAll(async () => {
  server.close();
  await rm(folder, { recursive: true });
});

const registry = (port: number): void => {
  vi.stubEnv('npm_config_registry', `http://127.0.0.1:${port}/`);
};
const [piece] = piecesOf('tensorflow');
const install = (say: (text: string) => void = () => undefined) => {
  if (piece === undefined) throw new Error('nothing is to be installed');
  return installPiece(piece, { say, interval: 100 });
};
const left = (): Promise<string[]> => readdir(join(folder, 'cache', 'libraries')).catch(() => []);

it('says without a network what cannot be reached, and leaves nothing behind', async () => {
  registry(1);
  await expect(install()).rejects.toThrow(
    /^cannot download @tensorflow\/tfjs-node: .* cannot be reached \(ECONNREFUSED\)\. Run it again with a network/,
  );
  expect(await left()).toEqual([]);
});

it('says what a script said that failed, and leaves nothing behind', async () => {
  registry((server.address() as AddressInfo).port);
  await expect(install()).rejects.toThrow(
    /^cannot download @tensorflow\/tfjs-node: storage\.example\.com cannot be reached \(ENOTFOUND\)/,
  );
  expect(await left()).toEqual([]);
  expect(findLibrary(library)).toBeUndefined();
});

it('installs a library where it is found afterwards, says how much has come, and does it once', async () => {
  vi.stubEnv('SETUP_TEST_NETWORK', 'yes');
  const said: string[] = [];
  const installed = await install((text) => {
    said.push(text);
  });
  expect(installed).toMatchObject({ library, version: wantedVersion(library), before: false });
  expect(installed.folder.startsWith(libraryFolder(library))).toBe(true);
  expect(await readFile(join(installed.folder, 'lib/napi-v8/tfjs_binding.node'), 'utf8')).toBe('made');
  expect(said[0]).toMatch(/^setup: @tensorflow\/tfjs-node: [\d.]+ (bytes|kB|MB) after [\d.]+ s$/);
  expect(await install()).toEqual({ ...installed, before: true });
  expect(findLibrary(library)?.startsWith(installed.folder)).toBe(true);
});
