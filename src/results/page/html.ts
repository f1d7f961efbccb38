/** @file Markup that escapes what is put into it: a transcript that holds tags stays a transcript. */

const safe = Symbol('markup');

/** Markup; only the functions of this file make it. */
export interface Html {
  readonly [safe]: string;
}

export type Content = Html | string | number | undefined | readonly Content[];

/** Markup from a template: texts and numbers are escaped, markup stays, lists are joined, undefined is nothing. */
export function html(parts: TemplateStringsArray, ...contents: readonly Content[]): Html {
  return { [safe]: parts.map((part, i) => part + textOf(contents[i])).join('') };
}

/** Takes text for markup as it is: for the page's own style, scripts and pictures. */
export function trusted(text: string): Html {
  return { [safe]: text };
}

/** The text of the markup. */
export function markupOf(content: Html): string {
  return content[safe];
}

function textOf(content: Content): string {
  if (content === undefined) return '';
  if (typeof content === 'string' || typeof content === 'number') return escaped(String(content));
  return safe in content ? content[safe] : content.map(textOf).join('');
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => entities[character] ?? character);
}

/** JSON that may stand inside a script element: nothing in it ends the element or begins a comment. */
export function scriptJson(value: unknown): Html {
  return trusted(JSON.stringify(value).replaceAll('<', '\\u003c').replaceAll('>', '\\u003e'));
}
