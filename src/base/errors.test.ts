/** @file The line that a user reads. */
import { expect, it, vi } from 'vitest';
import { UserError } from './errors.js';

it('an error is one line without control characters, whatever a file smuggles into it', () => {
  const { message } = new UserError('unknown name \u001b[31mred\n  next', {
    file: 'a\tb',
    line: 3,
    hint: 'Mend it',
  });
  expect(message).toBe('a b:3: unknown name [31mred next. Mend it');
});

it('an error of another copy of this package is known as one, and subclasses stay apart', async () => {
  vi.resetModules();
  const copy = (await import('./errors.js')).UserError;
  expect(copy).not.toBe(UserError);
  expect(new copy('no label', { file: 'm.csv', line: 4 })).toBeInstanceOf(UserError);
  expect(new Error('no label')).not.toBeInstanceOf(UserError);
  class DataError extends UserError {}
  expect(new DataError('x')).toBeInstanceOf(UserError);
  expect(new copy('x')).not.toBeInstanceOf(DataError);
});
