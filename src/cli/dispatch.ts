/** @file Runs a command line: the same exit codes, errors and Ctrl-C for every command. */
import { messageOf, plainText, UserError } from '../base/errors.js';
import { systemCode } from '../base/files.js';
import { moduleFrom } from '../base/module-name.js';
import type { Command, CommandIo } from './command.js';
import { listOf } from './lists.js';
import { parseLine } from './parse.js';
import { printOut } from './standard-output.js';

/** 128 + SIGINT, as shells say it. */
const interruptedExitCode = 130;

/**
 * Runs a command line to its end.
 * @param words the command line after the program's name
 * @returns the exit code: 0 done, 1 the work failed, 2 the call or its input was wrong, 130 interrupted
 */
export async function runLine(words: readonly string[], commands: readonly Command[]): Promise<number> {
  const interrupt = new AbortController();
  try {
    const parsed = await parseLine(words, commands);
    if (parsed.kind === 'text') {
      printOut(`${parsed.text}\n`);
      return 0;
    }
    const { command, args } = parsed;
    stopOnSignals(interrupt, command);
    const plugins = await loadedPlugins(args.plugin);
    const code = await command.run(args, ioOf(args, plugins, interrupt.signal));
    return code ?? (interrupt.signal.aborted ? interruptedExitCode : 0);
  } catch (error) {
    if (interrupt.signal.aborted) return interruptedExitCode;
    return report(error, words.includes('--debug'));
  }
}

/** Files are written whole or not at all, so ending at any moment leaves a state to resume from. */
function stopOnSignals(interrupt: AbortController, command: Command): void {
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      const again = interrupt.signal.aborted;
      interrupt.abort();
      if (command.stopsOnSignal && !again) {
        process.stderr.write('\nehmam: stopping at the next safe point (press Ctrl-C again to stop now)\n');
        return;
      }
      process.stderr.write('\nehmam: interrupted; run the same command again to continue\n');
      process.exit(interruptedExitCode);
    });
  }
}

/** Loads what `--plugin` names, before the command looks anything up. */
async function loadedPlugins(option: unknown): Promise<readonly string[]> {
  const named = typeof option === 'string' ? (listOf(option, 'plugin') ?? []) : [];
  if (named.length === 0) return [];
  const modules = named.map((module) => moduleFrom(process.cwd(), module));
  const { loadPlugins } = await import('../plugins/load.js');
  await loadPlugins(modules);
  return modules;
}

function ioOf(
  args: Readonly<Record<string, unknown>>,
  plugins: readonly string[],
  signal: AbortSignal,
): CommandIo {
  const { stdout, stderr, env } = process;
  const quiet = args.quiet === true;
  return {
    json: args.json === true,
    quiet,
    styled: stdout.isTTY === true && !env.NO_COLOR && env.TERM !== 'dumb',
    width: stdout.columns ?? 80,
    plugins,
    signal,
    print: (text) => printOut(`${text}\n`),
    say: (text) => {
      if (!quiet) stderr.write(`${plainText(text)}\n`);
    },
  };
}

/** Prints what went wrong, and returns the exit code. */
function report(error: unknown, debug: boolean): number {
  const known = error instanceof UserError;
  // A full disk or a folder in the way is no fault of the program.
  const fromSystem = systemCode(error) !== undefined;
  const stack = error instanceof Error ? error.stack : undefined;
  process.stderr.write(`ehmam: ${messageOf(error)}\n`);
  if (debug && stack !== undefined) {
    for (let cause: unknown = error; cause instanceof Error; cause = cause.cause)
      process.stderr.write(`${cause.stack}\n`);
  } else if (!known && !fromSystem) {
    process.stderr.write('ehmam: unexpected error; run again with --debug and report it\n');
  }
  return known ? error.exitCode : 1;
}
