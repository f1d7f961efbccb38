/** @file Command lines, right and wrong: what is understood, and the hint for what is not. */
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { UserError } from '../base/errors.js';
import { commands } from './commands.js';
import { type ParsedLine, parseLine } from './parse.js';

const parse = (...words: string[]): Promise<ParsedLine> => parseLine(words, commands);

describe('a wrong command line', () => {
  const cases: readonly (readonly [what: string, words: string[], message: RegExp])[] = [
    ['no command', [], /^no command given\. See 'ehmam --help' for all commands$/],
    ['an unknown command', ['comprae', 'x'], /^unknown command 'comprae'\. Did you mean 'compare'\?$/],
    [
      'an unknown option',
      ['compare', 'x', '--fromat', 'a'],
      /unknown argument 'fromat' for 'ehmam compare'\. Did you mean '--format'\?$/,
    ],
    [
      'an unknown choice',
      ['compare', 'x', '--format', 'tabel'],
      /^--format: unknown value 'tabel'\. Did you mean 'table'\?$/,
    ],
    ['an unknown list', ['list', 'taks'], /^unknown value 'taks'\. Did you mean 'tasks'\?$/],
    ['an option without its value', ['compare', 'x', '--baseline'], /^--baseline needs a value\. See/],
    ['an empty value', ['compare', 'x', '--baseline', ''], /^--baseline needs a value\. See/],
    [
      'an option given twice',
      ['compare', 'x', '--baseline', 'a', '--baseline', 'b'],
      /^--baseline was given more than once\./,
    ],
    [
      'plug-ins given twice',
      ['list', 'tasks', '--plugin', 'a', '--plugin', 'b'],
      /^--plugin was given more than once\./,
    ],
    ['a missing argument', ['compare'], /^missing arguments; usage: ehmam compare <results\.\.>\. See/],
    ['a missing option', ['features', 'fbank', 'a.wav'], /^missing required option --out\. See/],
    [
      'a number that is none',
      ['features', 'f', 'a', '--out', 'o', '--seed', 'x'],
      /^--seed: expected a number$/,
    ],
    [
      'an engine where nothing is computed',
      ['report', 'x', '--out', 'o', '--engine', 'onnx'],
      /^unknown argument 'engine' for 'ehmam report'\./,
    ],
    ['an argument too many', ['features', 'f', 'a', 'b.wav', '--out', 'o'], /unknown argument 'b\.wav' for/],
  ];

  it.each(cases)('with %s is refused in one line that names the hint', async (_what, words, message) => {
    const error = await parse(...words).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(UserError);
    expect(error).toMatchObject({ exitCode: 2, message: expect.stringMatching(message) });
    expect((error as UserError).message).not.toContain('\n');
  });
});

it('plug-ins may be named before the command and after it', async () => {
  for (const words of [
    ['--plugin', './a.mjs', 'list', 'tasks'],
    ['list', 'tasks', '--plugin', './a.mjs'],
  ])
    expect(await parse(...words)).toMatchObject({ command: { name: 'list' }, args: { plugin: './a.mjs' } });
});

describe('help', () => {
  const textOf = async (...words: string[]): Promise<string> => {
    const parsed = await parse(...words);
    if (parsed.kind !== 'text') throw new Error('no text');
    expect(Math.max(...parsed.text.split('\n').map((line) => line.length))).toBeLessThanOrEqual(80);
    return parsed.text;
  };

  it('lists every command within 80 columns', async () => {
    const text = await textOf('--help');
    for (const { usage } of commands.filter(({ hidden }) => !hidden))
      expect(text).toContain(`ehmam ${usage}`);
  });

  it.each(commands.map(({ name }) => name).filter((name) => name !== 'help'))(
    'of %s shows examples within 80 columns',
    async (name) => {
      expect(await textOf(name, '--help')).toContain('Examples:');
    },
  );

  it('of help is what it prints by itself', async () => {
    expect(await parse('help', '--help')).toMatchObject({ kind: 'command', args: {} });
  });

  it.each(commands.flatMap(({ examples }) => examples.map(([line]) => line)))(
    'gives an example that parses: %s',
    async (line) => {
      expect((await parse(...line.split(' '))).kind).toBe('command');
    },
  );
});

/** Command lines of a document, those over several lines joined. */
function linesOf(text: string): string[] {
  const joined = text.replaceAll(/\\\n\s*/g, '');
  return [...joined.matchAll(/^npx ehmam (.*?)(?:\s+#.*)?$/gm)].map(([, line]) => line as string);
}

describe('the documents', () => {
  it('the README has command lines that parse, and fewer than 150 lines', async () => {
    const readme = await readFile('README.md', 'utf8');
    expect(readme.split('\n').length).toBeLessThan(150);
    const lines = linesOf(readme);
    expect(lines.length).toBeGreaterThan(3);
    for (const line of lines) expect((await parse(...line.split(' '))).kind, line).toBe('command');
  });

  it.each(readdirSync('docs'))(
    'docs/%s starts with a command, and all of its command lines parse',
    async (name) => {
      const text = await readFile(`docs/${name}`, 'utf8');
      const lines = linesOf(text);
      for (const line of lines) expect((await parse(...line.split(' '))).kind, line).toBe('command');
      const start = text.split('\n').slice(0, 12).join('\n');
      expect(start).toMatch(/ehmam /);
    },
  );
});
