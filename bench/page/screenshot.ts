/** @file Takes the picture of a page that README shows: `npm run page:screenshot -- page.html test/page.png`. */
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

const [page = 'page.html', picture = 'test/page.png'] = process.argv.slice(2);
const browser = await chromium.launch({
  executablePath: process.env.EHMAM_CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox'],
});
try {
  const context = await browser.newContext({ viewport: { width: 1100, height: 1180 }, colorScheme: 'light' });
  const opened = await context.newPage();
  await opened.goto(pathToFileURL(resolve(page)).href);
  await opened.locator('.chart svg').first().waitFor();
  // Charts move into place when they are first drawn.
  await opened.waitForTimeout(1000);
  await opened.screenshot({ path: picture });
} finally {
  await browser.close();
}
