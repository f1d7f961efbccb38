/** @file The pages that `ehmam help` prints. */
import { expect, test } from 'vitest';
import { readTopic, topics } from './pages.js';

test('every page has a title, and its text is printed', async () => {
  const all = await topics();
  expect(all.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['commands', 'from-s3prl', 'tasks', 'troubleshooting']),
  );
  for (const { name, title } of all) {
    expect(title, name).not.toBe(name);
    expect(await readTopic(name)).toContain(`# ${title}`);
  }
});

test('an unknown topic names the closest one', async () => {
  await expect(readTopic('task')).rejects.toThrow("unknown help topic 'task'. Did you mean 'tasks'?");
});
