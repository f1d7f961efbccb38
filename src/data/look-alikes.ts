/** @file Texts that a person would take for the same: one form for comparing, and remarks on what still differs. */

/** Printable ASCII without blanks at its ends is in normal form. */
const isNormal = /^(?:[!-~](?:[ -~]*[!-~])?)?$/;

/** A cell as it is compared: Unicode's composed form (NFC), without blanks at its ends. */
export function normalForm(text: string): string {
  return isNormal.test(text) ? text : text.normalize('NFC').trim();
}

/** Groups of different texts that differ in case, blanks, invisible characters or compatible forms alone. */
export function lookAlikes(texts: Iterable<string>): string[][] {
  const groups = new Map<string, Set<string>>();
  for (const text of texts) {
    const key = text
      .normalize('NFKC')
      .replaceAll(/\p{Default_Ignorable_Code_Point}/gu, '')
      .replaceAll(/[\s_-]+/gu, ' ')
      .trim()
      .toLowerCase()
      .normalize('NFC');
    const group = groups.get(key);
    if (group === undefined) groups.set(key, new Set([text]));
    else group.add(text);
  }
  return [...groups.values()].flatMap((group) => (group.size > 1 ? [[...group]] : []));
}

/** At most so many groups are named. */
const mostNamed = 3;

/** A remark on values of a column that look like one class and are several; none where there are none. */
export function lookAlikeRemarks(column: string, texts: Iterable<string>): string[] {
  const groups = lookAlikes(texts);
  if (groups.length === 0) return [];
  const named = groups
    .slice(0, mostNamed)
    .map((group) => group.map((text) => JSON.stringify(text)).join(' and '));
  const more = groups.length > mostNamed ? `, and ${groups.length - mostNamed} more` : '';
  return [`column '${column}' has values that look the same but are different: ${named.join('; ')}${more}`];
}
