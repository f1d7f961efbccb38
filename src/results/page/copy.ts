/** @file The two buttons below a table that copy it, as Markdown and as LaTeX. */
import { latexText, markdownText } from '../layout/documents.js';
import type { Layout } from '../layout/layout.js';
import { type Html, html } from './html.js';

/** @param layout the table below which they stand */
export function copyButtons(layout: Layout): Html {
  return html`<div class="copy"><button type="button">Copy Markdown</button><template>${markdownText(layout)}</template><button type="button">Copy LaTeX</button><template>${latexText(layout)}</template></div>`;
}
