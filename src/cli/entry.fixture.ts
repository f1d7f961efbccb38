/** @file The real command line for tests: compiled once, run as a process of its own. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from '../base/errors.js';
import type { CommandIo } from './command.js';
import { commands } from './commands.js';
import { madeOnce } from './once.fixture.js';
import { parseLine } from './parse.js';

const mainIn = (folder: string): string => join(folder, 'src', 'cli', 'main.js');
const root = fileURLToPath(new URL('../../', import.meta.url));

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Entry {
  /** Where the compiled program lies: `src/`, `tasks/`. */
  readonly folder: string;
  /** Starts `ehmam` with these words, to be watched and ended by the caller. */
  start(words: readonly string[], environment?: Readonly<Record<string, string>>): ChildProcess;
  /** Runs `ehmam` with these words to its end. */
  run(words: readonly string[], environment?: Readonly<Record<string, string>>): Promise<Finished>;
  /** The same, interrupted (SIGINT) as soon as `ready` says so; it is told what stderr says. */
  runAndInterrupt(words: readonly string[], ready: (stderr: string) => boolean): Promise<Finished>;
  /** Where a file of the project was compiled to: `src/.../x.js`. */
  compiled(path: string): string;
}

/**
 * What a command line is refused with, in this process: for many refusals, of which one is asked of the program itself.
 * @throws where it is not refused, or not as a user's error with exit code 2
 */
export async function refusalOf(words: readonly string[]): Promise<string> {
  const parsed = await parseLine(words, commands);
  if (parsed.kind !== 'command') throw new Error(`a text: ${words.join(' ')}`);
  const error = await parsed.command.run(parsed.args, silent).catch((thrown: unknown) => thrown);
  if (error instanceof UserError && error.exitCode === 2) return error.message;
  throw new Error(`not refused: ${words.join(' ')}`, { cause: error });
}

const silent: CommandIo = {
  ...{ json: false, quiet: true, styled: false, width: 80, plugins: [] },
  signal: new AbortController().signal,
  print: () => undefined,
  say: () => undefined,
};

/** The program, compiled by the first test file that asks for it. */
export async function compileEntry(): Promise<Entry> {
  const folder = await madeOnce('compiled', async (place) => {
    const said = await compile(place);
    if (!existsSync(mainIn(place))) throw new Error(`not compiled: ${said}`);
  });
  const start = (words: readonly string[], environment: Readonly<Record<string, string>> = {}) =>
    spawn(process.execPath, [mainIn(folder), ...words], { env: { ...process.env, ...environment } });
  return {
    folder,
    start,
    run: (words, environment) => finished(start(words, environment)),
    runAndInterrupt: async (words, ready) => {
      const child = start(words);
      let stderr = '';
      child.stderr.on('data', (chunk) => {
        stderr += String(chunk);
      });
      const look = setInterval(() => {
        if (!ready(stderr)) return;
        clearInterval(look);
        child.kill('SIGINT');
      }, 20);
      const result = await finished(child);
      clearInterval(look);
      return result;
    },
    compiled: (path) => join(folder, path),
  };
}

/** Types are the type-check's to judge; here only the JavaScript is wanted. */
async function compile(folder: string): Promise<string> {
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  let said = '';
  for (const project of ['tsconfig.build.json', 'tsconfig.browser.json']) {
    const words = [compiler, '-p', join(root, project), '--noCheck', '--outDir', folder];
    const { stdout, stderr } = await finished(execFile(process.execPath, words));
    said += stdout + stderr;
  }
  return said;
}

function finished(child: ReturnType<typeof execFile> | ReturnType<typeof spawn>): Promise<Finished> {
  return new Promise((resolve, reject) => {
    const texts = { stdout: '', stderr: '' };
    child.stdout?.on('data', (chunk) => {
      texts.stdout += String(chunk);
    });
    child.stderr?.on('data', (chunk) => {
      texts.stderr += String(chunk);
    });
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, ...texts }));
  });
}
