/** @file What a command of the command line is: its words, its options, and the one function it calls. */
import type { InferredOptionTypes, Options, PositionalOptions } from 'yargs';

type OptionTable = Readonly<Record<string, Options>>;
type PositionalTable = Readonly<Record<string, PositionalOptions>>;

/** What a command may do besides its work. */
export interface CommandIo {
  /** Whether stdout is for a machine. */
  readonly json: boolean;
  /** Whether progress and remarks stay away. */
  readonly quiet: boolean;
  /** Whether stdout takes escape codes. */
  readonly styled: boolean;
  /** Columns of the terminal, 80 where there is none. */
  readonly width: number;
  /** The modules of `--plugin`, which are loaded: absolute paths and names of packages. */
  readonly plugins: readonly string[];
  /** Aborted at the first Ctrl-C, for commands that stop by themselves. */
  readonly signal: AbortSignal;
  /** A result, to stdout. */
  print(text: string): void;
  /** A remark, to stderr, unless quiet. */
  say(text: string): void;
}

type CommonArguments = InferredOptionTypes<typeof commonOptions>;
type ArgumentsOf<P extends PositionalTable, O extends OptionTable> = InferredOptionTypes<P> &
  InferredOptionTypes<O> &
  CommonArguments;

export interface CommandDefinition<P extends PositionalTable, O extends OptionTable> {
  /** Name and positionals as yargs writes them: `compare <results..>`. */
  readonly usage: string;
  /** One line for the list of commands. */
  readonly summary: string;
  readonly positionals: P;
  readonly options: O;
  /** Command line (without `ehmam`) and what it does. */
  readonly examples: readonly (readonly [commandLine: string, what: string])[];
  /** Whether the command stops at `io.signal` by itself; otherwise Ctrl-C ends the process at once. */
  readonly stopsOnSignal?: boolean;
  /** Left out of the list of commands: for programs, not for people. */
  readonly hidden?: boolean;
  /** @returns the exit code, 0 if nothing is said */
  run(args: ArgumentsOf<P, O>, io: CommandIo): Promise<number | undefined>;
}

/** A command whose argument types are hidden, so that different ones fit in a list. */
export interface Command {
  readonly name: string;
  readonly usage: string;
  readonly summary: string;
  readonly positionals: PositionalTable;
  readonly options: OptionTable;
  readonly examples: CommandDefinition<PositionalTable, OptionTable>['examples'];
  readonly stopsOnSignal: boolean;
  readonly hidden: boolean;
  run(args: Readonly<Record<string, unknown>>, io: CommandIo): Promise<number | undefined>;
}

/** Makes a command; `args` of its `run` have the types of its positionals and options. */
export function defineCommand<const P extends PositionalTable, const O extends OptionTable>(
  definition: CommandDefinition<P, O>,
): Command {
  return {
    ...definition,
    name: definition.usage.split(' ')[0] ?? definition.usage,
    stopsOnSignal: definition.stopsOnSignal ?? false,
    hidden: definition.hidden ?? false,
    run: (args, io) => definition.run(args as ArgumentsOf<P, O>, io),
  };
}

/** The options that every command has. */
export const commonOptions = {
  json: { type: 'boolean', describe: 'Print JSON instead of text' },
  quiet: { type: 'boolean', describe: 'No progress, no warnings' },
  debug: { type: 'boolean', describe: 'Print the stack trace of an error' },
  plugin: { type: 'string', describe: 'Plug-ins to load, comma-separated: ./path.js or package names' },
} as const satisfies OptionTable;
