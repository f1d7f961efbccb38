/** @file Markup that escapes. */
import { describe, expect, it } from 'vitest';
import { html, markupOf, scriptJson } from './html.js';

describe('markup', () => {
  it('escapes texts, keeps markup, joins lists, leaves out what is undefined', () => {
    const items = ['a<b', `"c'`].map((text) => html`<li title="${text}">${text} & ${7}</li>`);
    expect(markupOf(html`<ul>${items}${undefined}</ul>`)).toBe(
      '<ul><li title="a&lt;b">a&lt;b & 7</li><li title="&quot;c&#39;">&quot;c&#39; & 7</li></ul>',
    );
  });

  it('is not fooled by data that looks like markup of its own', () => {
    const data = JSON.parse('{"markup":"<b>"}') as unknown as string;
    expect(() => markupOf(html`${data}`)).toThrow();
  });

  it('writes JSON that cannot end its script element', () => {
    const value = { '</script>': ['<!--', '<script>', '&'] };
    const text = markupOf(scriptJson(value));
    expect(text).not.toMatch(/[<>]/);
    expect(JSON.parse(text)).toEqual(value);
  });
});
