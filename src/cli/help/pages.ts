/** @file The pages in `docs/`, by topic. */
import { readdir, readFile } from 'node:fs/promises';
import { UserError } from '../../base/errors.js';
import { hintOfName } from '../../base/names.js';
import { projectFile } from '../../base/package.js';

export interface Topic {
  readonly name: string;
  /** The page's first heading. */
  readonly title: string;
}

const textOf = (name: string): Promise<string> => readFile(projectFile(`docs/${name}.md`), 'utf8');

/** All pages, by name. */
export async function topics(): Promise<Topic[]> {
  const files = await readdir(projectFile('docs'));
  const names = files.filter((file) => file.endsWith('.md')).map((file) => file.slice(0, -'.md'.length));
  return Promise.all(
    names.toSorted().map(async (name) => {
      const [, title = name] = /^# (.*)$/m.exec(await textOf(name)) ?? [];
      return { name, title };
    }),
  );
}

/**
 * The text of a page, in Markdown.
 * @throws UserError for a topic without a page
 */
export async function readTopic(name: string): Promise<string> {
  const names = (await topics()).map((topic) => topic.name);
  if (!names.includes(name))
    throw new UserError(`unknown help topic '${name}'`, { hint: hintOfName(name, names) });
  return (await textOf(name)).trimEnd();
}
