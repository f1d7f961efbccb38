/** @file The one error class a user meets: what is wrong, where, and the hint. */

/** 1: the work failed. 2: the call or its input was wrong. */
export type ExitCode = 1 | 2;

export interface UserErrorDetails {
  readonly exitCode?: ExitCode;
  /** The file the error is about. */
  readonly file?: string;
  /** The line in `file`, counted from 1. */
  readonly line?: number;
  /** The column in `line`, counted from 1. */
  readonly column?: number;
  /** What the user can do about it. */
  readonly hint?: string;
  /** Messages of further problems: a line each. */
  readonly further?: readonly string[];
  readonly cause?: unknown;
}

/** On the prototype of every copy of the class: a plug-in may carry a copy of this package of its own. */
const brand = Symbol.for('ehmam.UserError');

/**
 * An error whose message a user can act on; the command line prints it without a stack.
 * The message reads `file:line:column: what is wrong. hint`, in one line for each problem: control characters, which files
 * may smuggle into it, become spaces. Exit code 2 unless said otherwise. `instanceof` knows those of another copy of this package.
 */
export class UserError extends Error {
  override readonly name = 'UserError';
  readonly exitCode: ExitCode;

  static {
    Object.defineProperty(UserError.prototype, brand, { value: true });
    const isInstance = Function.prototype[Symbol.hasInstance];
    Object.defineProperty(UserError, Symbol.hasInstance, {
      // Subclasses inherit this: theirs are told by the prototype.
      value(this: unknown, error: unknown): boolean {
        return this === UserError
          ? error instanceof Error && brand in error
          : isInstance.call(this as typeof UserError, error);
      },
    });
  }

  constructor(what: string, details: UserErrorDetails = {}) {
    const { file, line, column, hint, further = [], cause } = details;
    const place = [file, line, column].filter((part) => part !== undefined).join(':');
    const message = `${file === undefined ? '' : `${place}: `}${what}${hint === undefined ? '' : `. ${hint}`}`;
    super([message, ...further].map(plainText).join('\n'), cause === undefined ? {} : { cause });
    this.exitCode = details.exitCode ?? 2;
  }
}

/** More problems of a file than these are counted. */
export const mostProblems = 20;

/** Several problems as one error, a line each; the first as it is where it is alone. */
export function together(problems: readonly UserError[]): UserError {
  const [first, ...others] = problems;
  if (first === undefined) throw new Error('no problem');
  if (others.length === 0) return first;
  const [what = '', ...lines] = problems.flatMap(({ message }) => message.split('\n'));
  const more = lines.length + 1 - mostProblems;
  const further = [
    ...lines.slice(0, mostProblems - 1),
    ...(more > 0 ? [`... and ${more} more problem${more === 1 ? '' : 's'}`] : []),
  ];
  return new UserError(what, { exitCode: first.exitCode, further, cause: first.cause });
}

/** A text in one line without control characters, which files may smuggle in: for a terminal. */
export function plainText(text: string): string {
  return text.replaceAll(/\s*\p{Cc}+\s*/gu, ' ');
}

/** The message of anything thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
