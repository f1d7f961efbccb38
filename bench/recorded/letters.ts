/** @file The letters that a recogniser is to write. */

/** Upper case, letters A to Z, apostrophes within words and single spaces; undefined where nothing is left. */
export function plainLetters(text: string): string | undefined {
  const plain = text
    .toUpperCase()
    .replace(/[^A-Z']+/g, ' ')
    .replace(/(^| )'+(?= |$)/g, ' ')
    .replace(/ +/g, ' ')
    .trim();
  return plain === '' ? undefined : plain;
}
