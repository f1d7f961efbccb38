/**
 * @file Takes a picture of a page, or of a terminal's output: `npm run page:screenshot -- page.html test/page.png`. A size and a
 * theme may follow: `390x844 dark`; `full` takes the page in its whole length.
 */
import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type Page } from 'playwright-core';
import { html, markupOf, trusted } from '../../src/results/page/html.js';

const [page = 'page.html', picture = 'test/page.png', ...words] = process.argv.slice(2);
const [width = 1100, height = 1180] = (words.find((word) => /^\d+x\d+$/.test(word)) ?? '1100x1180')
  .split('x')
  .map(Number);
const browser = await chromium.launch({
  executablePath: process.env.EHMAM_CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
});
try {
  const context = await browser.newContext({
    viewport: { width, height },
    colorScheme: words.includes('dark') ? 'dark' : 'light',
    isMobile: width < 500,
  });
  const opened = await context.newPage();
  if (page.endsWith('.txt')) await openTerminal(opened, await readFile(page, 'utf8'));
  else {
    await opened.goto(pathToFileURL(resolve(page)).href);
    await opened.locator('.chart svg').first().waitFor();
    // Charts move into place when they are first drawn.
    await opened.waitForTimeout(1000);
  }
  await opened.screenshot({ path: picture, fullPage: words.includes('full') });
} finally {
  await browser.close();
}

/** A text as a terminal shows it: bold is the only style that is written. */
async function openTerminal(opened: Page, text: string): Promise<void> {
  const style =
    'body{margin:0;background:#16181c}pre{margin:0;padding:14px 16px;width:max-content;color:#d6d3cd;' +
    'font:13px/1.25 "DejaVu Sans Mono",monospace}b{color:#fff}';
  const [bold, plain] = ['\u001b[1m', '\u001b[22m'];
  const pieces = text
    .replaceAll(plain, bold)
    .split(bold)
    .map((piece, i) => (i % 2 === 1 ? html`<b>${piece}</b>` : piece));
  await opened.setContent(markupOf(html`<style>${trusted(style)}</style><pre>${pieces}</pre>`));
  const box = await opened.locator('pre').boundingBox();
  if (box) await opened.setViewportSize({ width: Math.ceil(box.width), height: Math.ceil(box.height) });
}
