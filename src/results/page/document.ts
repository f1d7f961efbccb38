/** @file The page as a whole: head with its policy, landmarks, parts, data and scripts. */
import { createHash } from 'node:crypto';
import type { PageAssets } from './assets.js';
import type { Charts } from './chart.js';
import { type Html, html, markupOf, scriptJson, trusted } from './html.js';

/** A part of the page with a heading and a place in its navigation. */
export interface Section {
  readonly id: string;
  readonly title: string;
  /** In the navigation. */
  readonly name: string;
  /** One sentence. */
  readonly about?: string;
  readonly body: Html;
}

export interface PageContent {
  readonly title: string;
  /** Under the title: what the page is about, in numbers. */
  readonly facts: readonly string[];
  /** Before all parts: what the page finds. */
  readonly lead?: Html | undefined;
  readonly sections: readonly Section[];
  readonly charts: Charts;
  /** Which program made it. */
  readonly maker: string;
}

/**
 * The document. Nothing is loaded, and only the scripts and the style that are put in here run: their hashes are
 * the policy, so markup that would slip through could do nothing.
 */
export function pageDocument(content: PageContent, assets: PageAssets): string {
  const { title, facts, lead, sections, charts, maker } = content;
  const scripts = [assets.library, ...assets.scripts];
  const policy = [
    "default-src 'none'",
    `script-src ${scripts.map(sourceOf).join(' ')}`,
    `style-src ${sourceOf(assets.style)}`,
    'img-src data:',
    'media-src data:',
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="${maker}">
<meta name="color-scheme" content="light dark">
<link rel="icon" href="data:,">
<title>${title}</title>
<style>${trusted(assets.style)}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the results</a>
<header>
<div><h1>${title}</h1><p>${facts.join(' · ')}</p></div>
<button type="button" id="theme" aria-live="polite">Theme: system</button>
</header>
<nav aria-label="Parts of the page"><ul>${sections.map(({ id, name }) => html`<li><a href="#${id}">${name}</a></li>`)}</ul></nav>
<main id="main">
${lead}
${sections.map(
  ({ id, title: heading, about, body }) =>
    html`<section id="${id}" aria-labelledby="${id}-title"><h2 id="${id}-title">${heading} <a class="anchor" href="#${id}" aria-label="Link to this part">#</a></h2>${about === undefined ? undefined : html`<p class="about">${about}</p>`}${body}</section>`,
)}
</main>
<footer><p>Made by ${maker}. Charts: Apache ECharts, Copyright The Apache Software Foundation, Apache License 2.0. The page is one file and loads nothing.</p></footer>
<noscript><p class="note">Without scripts there are no charts; tables and texts are all here.</p></noscript>
<script type="application/json" id="charts">${scriptJson(charts)}</script>
<script>${trusted(assets.library)}</script>
${assets.scripts.map((script) => html`<script type="module">${trusted(script)}</script>\n`)}</body>
</html>
`;
  return markupOf(page);
}

/** How a policy names an inline script or style. */
function sourceOf(text: string): string {
  return `'sha256-${createHash('sha256').update(text).digest('base64')}'`;
}
