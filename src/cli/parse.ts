/** @file Reads a command line: one clear line, with the hint, for everything that can be wrong with it. */
import yargs, { type Argv, type Options } from 'yargs';
import { UserError } from '../base/errors.js';
import { hintOfName } from '../base/names.js';
import { ownVersion } from '../base/package.js';
import { type Command, commonOptions } from './command.js';

export type ParsedLine =
  /** Text to show: help or the version. */
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'command'; readonly command: Command; readonly args: Readonly<Record<string, unknown>> };

/**
 * Finds the command and its arguments.
 * @param words the command line after the program's name
 * @throws UserError for an unknown command, option or choice, and for a value that is missing or wrong
 */
export async function parseLine(words: readonly string[], commands: readonly Command[]): Promise<ParsedLine> {
  const first = words.find((word, i) => !word.startsWith('-') && !takesValue(words[i - 1]));
  const command = commands.find(({ name }) => name === first);
  const wantsHelp = words.includes('--help') || words.includes('-h');
  if (words.includes('--version') && command === undefined) return { kind: 'text', text: ownVersion() };
  if (command === undefined) {
    if (wantsHelp && first === undefined) {
      return { kind: 'text', text: await parserOf(commands.filter(({ hidden }) => !hidden)).getHelp() };
    }
    throw first === undefined
      ? new UserError('no command given', { hint: "See 'ehmam --help' for all commands" })
      : new UserError(`unknown command '${first}'`, {
          hint: hintOfName(
            first,
            commands.map(({ name }) => name),
          ),
        });
  }
  const parser = parserOf([command]).fail((message, error) => {
    throw error ?? complaint(message, command);
  });
  // yargs gives the help of a command only while it parses it, and none of a command that has its own word for help.
  if (wantsHelp && command.name !== 'help') {
    const text = await new Promise<string>((resolve, reject) => {
      parser.help().parse([command.name, '--help'], (error: Error | null, _args: unknown, output: string) => {
        if (error) reject(error);
        else resolve(output);
      });
    });
    return { kind: 'text', text };
  }
  const said = command.name === 'help' ? words.filter((word) => word !== '--help' && word !== '-h') : words;
  const args = (await parser.parseAsync([...said])) as Readonly<Record<string, unknown>>;
  checkValues(args, command);
  return { kind: 'command', command, args };
}

/** Whether a word is a common option whose value is the next word. */
function takesValue(word: string | undefined): boolean {
  return Object.entries<Options>(commonOptions).some(
    ([name, { type }]) => word === `--${name}` && type === 'string',
  );
}

function parserOf(commands: readonly Command[]): Argv {
  const parser = yargs()
    .scriptName('ehmam')
    .locale('en')
    .usage('$0 <command>: a SUPERB-style harness that evaluates speech encoders')
    .parserConfiguration({
      'dot-notation': false,
      'parse-numbers': true,
      'parse-positional-numbers': false,
      'boolean-negation': false,
    })
    .exitProcess(false)
    .version(false)
    .help(false)
    .strict()
    .options(commonOptions)
    .wrap(80);
  if (commands.length > 1) {
    parser.epilogue(
      "See 'ehmam COMMAND --help' for details. Exit code: 0 success, 1 failure, 2 invalid arguments or input.",
    );
  }
  for (const command of commands) {
    parser.command(
      command.usage,
      command.summary,
      (argv) => {
        for (const [name, options] of Object.entries(command.positionals)) argv.positional(name, options);
        argv.options({ ...command.options });
        for (const [line, what] of command.examples) argv.example(`$0 ${line}`, what);
        return argv;
      },
      () => undefined,
    );
  }
  return parser;
}

/** What yargs complains about, in our words. */
function complaint(message: string, command: Command): UserError {
  const help = `See 'ehmam ${command.name} --help'`;
  const options = Object.keys({ ...command.options, ...commonOptions }).map((name) => `--${name}`);
  const [, unknown] = /^Unknown arguments?: ([^,]+)/.exec(message) ?? [];
  if (unknown !== undefined) {
    const what = `unknown argument '${unknown}' for 'ehmam ${command.name}'`;
    return new UserError(what, { hint: hintOfName(`--${unknown}`, options) });
  }
  const [, name, given, choices] = /Argument: ([^,]+), Given: (.*), Choices: (.*)/.exec(message) ?? [];
  if (name !== undefined && given !== undefined && choices !== undefined) {
    const unquoted = (text: string): string => text.replace(/^"|"$/g, '');
    const place = name in command.positionals ? '' : `--${name}: `;
    return new UserError(`${place}unknown value '${unquoted(given)}'`, {
      hint: hintOfName(unquoted(given), choices.split(', ').map(unquoted)),
    });
  }
  if (message.startsWith('Not enough non-option arguments')) {
    return new UserError(`missing arguments; usage: ehmam ${command.usage}`, { hint: help });
  }
  const [, missing] = /^Missing required arguments?: (.*)/.exec(message) ?? [];
  if (missing !== undefined) {
    const names = missing.split(', ').map((option) => `--${option}`);
    return new UserError(`missing required option${names.length > 1 ? 's' : ''} ${names.join(' and ')}`, {
      hint: help,
    });
  }
  const [, empty] = /^Not enough arguments following: (.*)/.exec(message) ?? [];
  if (empty !== undefined) return new UserError(`--${empty} needs a value`, { hint: help });
  return new UserError(message.replaceAll(/\s*\n\s*/g, ' '), { hint: help });
}

/** What yargs lets pass: an option given twice, a number that is none, an empty text. */
function checkValues(args: Readonly<Record<string, unknown>>, command: Command): void {
  for (const [name, options] of Object.entries<Options>({ ...command.options, ...commonOptions })) {
    const value = args[name];
    if (options.type !== 'array' && !options.array && Array.isArray(value)) {
      throw new UserError(`--${name} was given more than once`, { hint: 'Pass it once' });
    }
    if (Number.isNaN(value)) throw new UserError(`--${name}: expected a number`);
    if (value === '')
      throw new UserError(`--${name} needs a value`, { hint: `See 'ehmam ${command.name} --help'` });
  }
}
