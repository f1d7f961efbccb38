/** @file Registries: names are found, and two plug-ins never share one. */
import { expect, test } from 'vitest';
import { createRegistry } from './registry.js';

const colours = () => createRegistry('colour', ({ name }: { name: string }) => name, [{ name: 'red' }]);

test('gives what is built in, then what plug-ins brought', () => {
  const registry = colours();
  registry.register({ name: 'blue' }, './a.mjs');
  expect(registry.all().map(({ name }) => name)).toEqual(['red', 'blue']);
  expect(registry.find('blue').name).toBe('blue');
  expect(registry.has('green')).toBe(false);
  expect(['red', 'blue'].map((name) => registry.moduleOf(name))).toEqual([undefined, './a.mjs']);
});

test('takes the same module again, with its newest item', () => {
  const registry = colours();
  registry.register({ name: 'blue' }, './a.mjs');
  const newer = { name: 'blue' };
  registry.register(newer, './a.mjs');
  expect(registry.find('blue')).toBe(newer);
  expect(registry.all()).toHaveLength(2);
});

test('says what there is where a name is unknown', () => {
  expect(() => colours().find('rod')).toThrow(/unknown colour 'rod'.*Did you mean 'red'\?.*--plugin/);
});

test('refuses a name that is built in or that another module brought, naming the owner', () => {
  const registry = colours();
  expect(() => registry.register({ name: 'red' }, './a.mjs')).toThrow(
    /plug-in '\.\/a\.mjs': duplicate colour 'red', which is built in/,
  );
  registry.register({ name: 'blue' }, './a.mjs');
  expect(() => registry.register({ name: 'blue' }, './b.mjs')).toThrow(/comes from '\.\/a\.mjs'/);
});
