/** @file The line that a user reads. */
import { expect, it } from 'vitest';
import { UserError } from './errors.js';

it('an error is one line without control characters, whatever a file smuggles into it', () => {
  const { message } = new UserError('unknown name \u001b[31mred\n  next', {
    file: 'a\tb',
    line: 3,
    mend: 'Mend it',
  });
  expect(message).toBe('a b:3: unknown name [31mred next. Mend it');
});
