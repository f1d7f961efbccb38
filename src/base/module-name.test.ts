/** @file Names of plug-in modules mean the same from every folder. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { moduleFrom, moduleText } from './module-name.js';

test('paths begin with a dot or a slash and become absolute; all else is a package', () => {
  expect(moduleFrom('/suites', './lid.mjs')).toBe('/suites/lid.mjs');
  expect(moduleFrom('/suites', '../lid.mjs')).toBe('/lid.mjs');
  expect(moduleFrom('/suites', '/else/lid.mjs')).toBe('/else/lid.mjs');
  expect(moduleFrom('/suites', 'lid')).toBe('lid');
  expect(moduleFrom('/suites', '@mine/lid')).toBe('@mine/lid');
  expect(moduleFrom('/suites', '.hidden')).toBe('.hidden');
});

test('people read paths below the working folder from there', () => {
  expect(moduleText(join(process.cwd(), 'mine', 'lid.mjs'))).toBe('./mine/lid.mjs');
  expect(moduleText('/else/lid.mjs')).toBe('/else/lid.mjs');
  expect(moduleText('@mine/lid')).toBe('@mine/lid');
});
