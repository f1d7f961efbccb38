/** @file The page in a real browser: from disk, without a request, by mouse, by key, and on a phone. */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compileEntry, type Entry, type Finished } from '../src/cli/entry.fixture.js';
import {
  badName as bad,
  hostile,
  type PageResults,
  writePageResults,
} from '../src/results/page/page.fixture.js';

// Where it is named it must be; elsewhere the tests are left out without it.
const named = process.env.EHMAM_CHROMIUM;
const executablePath = named ?? '/usr/bin/chromium';
const absent = named === undefined && !existsSync(executablePath);

describe.skipIf(absent)(`the page in Chromium${absent ? ` (not tested: no ${executablePath})` : ''}`, () => {
  let folder: string;
  let entry: Entry;
  let written: PageResults;
  let report: Finished;
  let browser: Browser;
  let page: Page;
  const troubles: string[] = [];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ehmam-page-'));
    entry = await compileEntry();
    written = await writePageResults(folder);
    const { results, manifest, run } = written;
    const analysis = await entry.run([
      'analyse',
      run,
      '--manifest',
      manifest,
      '--out',
      join(run, 'analysis'),
      '--quiet',
    ]);
    expect(analysis.stderr).toBe('');
    const words = ['report', results, '--out', join(folder, 'page.html'), '--baseline', 'good', '--json'];
    report = await entry.run([
      ...words,
      '--audio',
      manifest,
      '--encoders',
      run,
      '--title',
      `Title ${hostile}`,
    ]);
    browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
  }, 240_000);
  afterAll(async () => {
    await browser?.close();
    await rm(folder, { recursive: true, force: true });
  });

  /** A page that tests left as it was opened. */
  let untouched: Page | undefined;

  /** Shows the page to tests that look and change nothing. */
  async function look(): Promise<void> {
    if (page !== undefined && page === untouched) return;
    await open();
    untouched = page;
  }

  async function open(options: BrowserContextOptions = {}): Promise<void> {
    await page?.context().close();
    page = await (await browser.newContext({ colorScheme: 'light', ...options })).newPage();
    troubles.length = 0;
    page.on('console', (message) => troubles.push(message.text()));
    page.on('pageerror', (error) => troubles.push(String(error)));
    page.on('request', (request) => {
      if (!/^data:|page\.html$/.test(request.url())) troubles.push(request.url());
    });
    await page.goto(pathToFileURL(join(folder, 'page.html')).href);
    await page.locator('#task-asr-intervals svg').waitFor();
  }

  const encoders = (): Promise<string[]> =>
    page
      .locator('.comparison tbody th')
      .evaluateAll((cells) => cells.map((cell) => cell.dataset.value ?? ''));

  it('is written with all its parts, and says so', async () => {
    expect(report.stderr).toBe('');
    expect(JSON.parse(report.stdout)).toMatchObject({
      ...{ records: 6, encoders: 3, tasks: 2, masks: 2, pretrainings: [written.run], remarks: [] },
      sound: { utterances: 10, refused: 0 },
    });
    const text = await readFile(join(folder, 'page.html'), 'utf8');
    expect(text).toContain('Licensed to the Apache Software Foundation');
    expect(text).not.toContain('sourceMappingURL');
  });

  it('opens from disk, draws its charts, asks for nothing and complains of nothing', async () => {
    await look();
    expect(await page.locator('section').count()).toBe(9);
    await page.locator('#pretraining-reconstruction svg').waitFor();
    for (const place of await page.locator('.chart:visible').all())
      expect(await place.locator('svg path').count()).toBeGreaterThan(0);
    expect(await page.locator('.masks image').count()).toBe(2);
    expect(troubles).toEqual([]);
  });

  it('shows what every hidden state alone is worth, as a chart and as a table', async () => {
    await look();
    await page.locator('#layers-ks svg').waitFor();
    const words = await page.locator('#layers-ks').getAttribute('aria-label');
    expect(words).toMatch(
      /by hidden state: .*good 0: 100, 1: 100, 2: 100, weighted sum 100; tiny 0: 80, 1: 100/,
    );
    const row = page.locator('#layers table.heat').last().locator('tbody tr').nth(2);
    expect(await row.locator('td').first().textContent()).toBe('80.0070.00–90.00');
    expect(await row.locator('b.best').textContent()).toBe('100.00');
    expect(await page.locator('#layers-ks svg text').allTextContents()).toContain('hidden state');
  });

  it('takes hostile texts for texts', async () => {
    await look();
    expect(await page.title()).toBe(`Title ${hostile}`);
    expect(await page.locator('img, b:not(.best, .note b), i').count()).toBe(0);
    expect(await page.locator('.lead').textContent()).toContain(bad);
    const told = page.locator('.aligned').filter({ hasText: '</script>' }).first();
    // Hypotheses are read as texts are: in capitals.
    expect(await told.textContent()).toContain('<IMG SRC=X');
    expect(await page.locator('#task-asr-intervals').getAttribute('aria-label')).toContain(bad);
    expect(troubles).toEqual([]);
  });

  it('plays the embedded sound', async () => {
    await look();
    const seconds = await page.evaluate(`new Promise((resolve) => {
      const audio = document.querySelector('audio');
      audio.addEventListener('loadedmetadata', () => resolve(audio.duration));
      audio.addEventListener('error', () => resolve(audio.error.message));
      audio.preload = 'auto';
      audio.load();
    })`);
    // Utterances are half a second to a second long.
    expect(seconds).toBeGreaterThanOrEqual(0.5);
    expect(seconds).toBeLessThanOrEqual(1);
  });

  it('sorts by click and by key, the best first', async () => {
    await open();
    const head = page.locator('.comparison thead th').nth(1);
    await head.locator('.sort').click();
    expect(await head.getAttribute('aria-sort')).toBe('ascending');
    expect(await encoders()).toEqual(['good', 'tiny', bad]);
    await page.keyboard.press('Enter');
    expect(await head.getAttribute('aria-sort')).toBe('descending');
    expect(await encoders()).toEqual([bad, 'tiny', 'good']);
    // Past the button that says what the metric means.
    await page.keyboard.press('Tab');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Space');
    expect(await head.getAttribute('aria-sort')).toBe('none');
    expect(await encoders()).toEqual(['good', 'tiny', bad]);
  });

  it('switches charts by click and by arrow keys', async () => {
    await open();
    const tabs = page.getByRole('tablist', { name: 'Task' }).first().getByRole('tab');
    await tabs.nth(1).click();
    await page.locator('#task-ks-devMetric svg').waitFor();
    expect(await page.locator('#task-asr-devMetric').isVisible()).toBe(false);
    await page.keyboard.press('ArrowLeft');
    expect(await tabs.first().getAttribute('aria-selected')).toBe('true');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('speech recognition (asr)');
    expect(await page.locator('#task-asr-devMetric').isVisible()).toBe(true);
  });

  it('changes between light and dark, charts included, and keeps the choice', async () => {
    await open();
    const background = () => page.evaluate<string>('getComputedStyle(document.body).backgroundColor');
    const label = () => page.locator('#task-asr-intervals svg text').first().getAttribute('fill');
    const [paper, ink] = [await background(), await label()];
    await page.getByRole('button', { name: 'Theme: system' }).click();
    await page.getByRole('button', { name: 'Theme: light' }).click();
    await page.getByRole('button', { name: 'Theme: dark' }).waitFor();
    expect(await background()).not.toBe(paper);
    expect(await label()).not.toBe(ink);
    await page.reload();
    await page.getByRole('button', { name: 'Theme: dark' }).waitFor();
    expect(await background()).not.toBe(paper);
  });

  it('says at its top which differences are real, with tasks in words and links to every part', async () => {
    await open();
    // Of five utterances, nothing that the first encoder heard is wrong, and everything that the last one did.
    expect(await page.locator('.lead p').first().textContent()).toBe(`On both tasks good beats ${bad}.`);
    expect(await page.locator('.lead li').first().textContent()).toBe(
      'On 1 of 2 tasks (asr) good beats tiny.',
    );
    expect(await page.locator('.comparison thead .sort').allTextContents()).toEqual([
      'encoder',
      'speech recognition (asr)',
      'keyword spotting (ks)',
    ]);
    await page.locator('#layers h2').hover();
    await page.locator('#layers h2 .anchor').click();
    expect(page.url()).toMatch(/#layers$/);
    // A link to what is behind a tab brings the tab to the front.
    await page.goto(`${page.url().split('#')[0]}#task-ks-devMetric`);
    await page.locator('#task-ks-devMetric svg').waitFor();
  });

  it('shows the values of a chart where it is pointed at', async () => {
    await open();
    const chart = page.locator('#task-asr-devMetric svg').first();
    const before = await chart.locator('text').allTextContents();
    await chart.hover();
    await expect.poll(() => chart.locator('text').count()).toBeGreaterThan(before.length);
    const drawn = (await chart.locator('text').allTextContents()).slice(before.length).join(' ');
    expect(drawn).toContain(bad);
    expect(troubles).toEqual([]);
  });

  it('says what a metric means to who points at it, comes by key, or taps', async () => {
    await open();
    const [bubble, hint] = [page.locator('.bubble'), page.locator('.comparison .hint').first()];
    await hint.hover();
    expect(await bubble.textContent()).toMatch(/^Word error rate: /);
    await page.mouse.move(0, 0);
    expect(await bubble.isVisible()).toBe(false);
    await page.locator('.comparison .sort').nth(1).focus();
    await page.keyboard.press('Tab');
    expect(await bubble.isVisible()).toBe(true);
    await page.keyboard.press('Escape');
    expect(await bubble.isVisible()).toBe(false);
    await hint.click();
    expect(await bubble.isVisible()).toBe(true);
    expect(troubles).toEqual([]);
  });

  it('copies every table as Markdown and as LaTeX', async () => {
    await open({ permissions: ['clipboard-read', 'clipboard-write'] });
    const copied = async (place: string, name: string): Promise<string> => {
      const button = page.locator(place).getByRole('button', { name }).first();
      await button.click();
      await page.locator(place).getByRole('button', { name: 'Copied' }).first().waitFor();
      return page.evaluate<string>('navigator.clipboard.readText()');
    };
    expect(await copied('#comparison', 'Copy Markdown')).toMatch(/^\| encoder \| asr wer % ↓ n 5 \|/);
    expect(await copied('#comparison', 'Copy LaTeX')).toContain('\\toprule');
    expect(await copied('#layers', 'Copy Markdown')).toContain('hidden state, % | 0 |');
    const without = `[...document.querySelectorAll('table')].filter((table) => !table.closest('.scroll').parentElement.querySelector(':scope > .copy')).length`;
    expect(await page.evaluate(without)).toBe(0);
    expect(troubles).toEqual([]);
  });

  it('fits a phone, and paper', async () => {
    await open({ viewport: { width: 360, height: 740 }, isMobile: true });
    const width = () => page.evaluate<number>('document.documentElement.scrollWidth');
    for (const tab of await page.getByRole('tab').all()) if (await tab.isVisible()) await tab.click();
    expect(await width()).toBe(360);
    await page.emulateMedia({ media: 'print' });
    expect(await page.getByRole('navigation').isVisible()).toBe(false);
    expect((await page.pdf()).length).toBeGreaterThan(10_000);
  });

  it('is left alone when a report fails', async () => {
    const out = join(folder, 'page.html');
    const before = await readFile(out, 'utf8');
    const failed = await entry.run(['report', written.results, '--out', out, '--baseline', 'nobody']);
    expect([failed.code, failed.stderr]).toEqual([
      2,
      expect.stringContaining("no results of the baseline 'nobody'"),
    ]);
    const none = await entry.run(['report', join(folder, 'tiny'), '--out', out]);
    expect([none.code, none.stderr]).toEqual([2, expect.stringContaining('no record.json under')]);
    expect(await readFile(out, 'utf8')).toBe(before);
  });
});
