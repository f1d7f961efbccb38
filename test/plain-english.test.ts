/** @file Messages keep to the words of docs/glossary.md: none of those that it replaces stands in a text that people read. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parseAst } from 'vitest/node';
import { projectFile } from '../src/base/package.js';

/** A word, and what a message says instead. */
const replaced: readonly (readonly [word: RegExp, instead: string])[] = [
  [/\b(is|are|gives|give) no (?!longer)/, "'is not a ...', 'has no ...'"],
  [/\bthere (is|are) no\b/i, "'no ...', 'unknown ...'"],
  [/\banew\b/, "'again'"],
  [/\bmend(s|ed|ing)?\b/i, "'fix', 'correct'"],
  [/\b(left aside|left out|passed over)\b|\bleave\b[^.]*\bout\b/i, "'ignored', 'skipped', 'remove'"],
  [/\bhopeless\b/, 'the reason'],
  [/\b(stands?|lies) (in|on|at|there|twice|beside|behind)\b/, "'is'"],
  [/\b(go|goes|going|went) on\b/i, "'continue', 'resume', 'run the same command again'"],
  [/(^|[.;:,] )take\b/i, "'use'"],
  [/\btakes (a|an|the|no|what|another)\b/, "'accepts', 'needs', 'expects'"],
  [/\bcannot be so\b/, "'invalid value'"],
  [/\bnot read here\b/, "'is not supported'"],
  [/\b(is|are) to be\b/, "'expected ...'"],
  [/\bfor a machine\b/, "'as JSON'"],
  [/\b(it says|does not say|says so|say so)\b/i, "'has no ...', 'name the ...'"],
  [/\bholds (no|a|an|the|other|only)\b/, "'contains', 'has'"],
  [/\bso many\b/, 'the number'],
  [/\bthis should not happen\b/, "'unexpected error'"],
  [/\b(the whole)$/, "'the file'"],
];

interface Text {
  /** Where it begins, in UTF-16 units. */
  readonly at: number;
  readonly text: string;
}

/** Every string of more than one word in a source file; what stands in a template's holes counts by itself. */
function textsIn(source: string): Text[] {
  const found: Text[] = [];
  const visit = (node: unknown): void => {
    if (Array.isArray(node)) node.forEach(visit);
    if (typeof node !== 'object' || node === null || Array.isArray(node)) return;
    const {
      type,
      value,
      quasis,
      start = 0,
    } = node as {
      readonly type?: string;
      readonly value?: unknown;
      readonly quasis?: readonly { readonly value: { readonly cooked: string } }[];
      readonly start?: number;
    };
    if (type === 'ImportDeclaration') return;
    const text =
      type === 'TemplateLiteral'
        ? quasis?.map((each) => each.value.cooked).join('…')
        : type === 'Literal'
          ? value
          : '';
    // Markup is the page's own.
    if (typeof text === 'string' && / /.test(text.trim()) && !text.includes('<'))
      found.push({ at: start, text });
    for (const inner of Object.values(node)) visit(inner);
  };
  visit(parseAst(source, { lang: 'ts' }).body);
  return found;
}

const complaintsIn = (file: string, source: string): string[] =>
  textsIn(source).flatMap(({ at, text }) =>
    replaced.flatMap(([word, instead]) => {
      const [said] = word.exec(text) ?? [];
      return said === undefined
        ? []
        : [
            `${file}:${source.slice(0, at).split('\n').length}: '${said.trim()}' in "${text.slice(0, 90)}": say ${instead}`,
          ];
    }),
  );

it('no text of the sources has a word that the glossary replaces', () => {
  const files = ['src', 'tasks'].flatMap((folder) =>
    readdirSync(projectFile(folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.ts$/.test(name) && !/\.(test|fixture)\.ts$/.test(name))
      // The page has words of its own.
      .filter((name) => !name.includes(join('results', 'page')))
      .map((name) => join(folder, name)),
  );
  expect(files.length).toBeGreaterThan(400);
  const complaints = files.flatMap((file) => complaintsIn(file, readFileSync(projectFile(file), 'utf8')));
  expect(complaints).toEqual([]);
});

it('a word to replace is found in messages, help and templates, and nowhere else', () => {
  const source = [
    "import { a } from './the whole anew.js';",
    '// Written anew: there is no such file.',
    "throw new UserError('is no head', { hint: 'Take another' });",
    'say(`left aside: $'.concat('{count}`);'),
    "const kind = 'hopeless';",
  ].join('\n');
  expect(complaintsIn('x.ts', source)).toEqual([
    `x.ts:3: 'is no' in "is no head": say 'is not a ...', 'has no ...'`,
    `x.ts:3: 'Take' in "Take another": say 'use'`,
    `x.ts:4: 'left aside' in "left aside: …": say 'ignored', 'skipped', 'remove'`,
  ]);
});

it('the glossary names every message form that the sources use for wrong values', () => {
  const glossary = readFileSync(projectFile('docs/glossary.md'), 'utf8');
  for (const form of ['invalid value for', 'unknown key', 'missing key', 'duplicate id', 'expected'])
    expect(glossary).toContain(form);
});
