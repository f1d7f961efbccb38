/** @file The column `alignment` of a manifest: what is said when. */
import { UserError } from '../../base/errors.js';

/** A stretch of an utterance; seconds from its start. */
export interface Segment {
  readonly startSeconds: number;
  readonly endSeconds: number;
  /** A phone, a word; one of `silenceLabels` (in any case) or nothing for silence. */
  readonly label: string;
}

/** Labels of silence in the usual aligners and corpora. */
const silenceLabels = new Set(['', 'sil', 'sp', 'spn', 'pau', 'epi', 'h#', '<eps>', '<sil>', 'silence', '#']);

export const isSilence = ({ label }: Segment): boolean => silenceLabels.has(label.toLowerCase());

const hint =
  'Expected start-end:label;start-end:label in seconds from the start of the utterance, or JSON: [[0, 0.1, "h"], ...]';

/**
 * Reads `start-end:label;...` or JSON (a list of [start, end, label]); an empty cell gives undefined.
 * @throws UserError with the manifest's line when it is neither, runs backwards or overlaps
 */
export function parseAlignment(
  cell: string,
  place: { manifest: string; line: number },
): Segment[] | undefined {
  const text = cell.trim();
  if (text === '') return undefined;
  const fault = (what: string): UserError =>
    new UserError(`'alignment' ${what}`, { file: place.manifest, line: place.line, hint });
  const segments = text.startsWith('[') ? fromJson(text) : fromText(text);
  if (segments === undefined) throw fault('cannot be read');
  for (const [i, { startSeconds, endSeconds }] of segments.entries()) {
    if (!(startSeconds >= 0 && endSeconds > startSeconds))
      throw fault(`invalid segment from ${startSeconds} to ${endSeconds} s`);
    if (startSeconds < (segments[i - 1]?.endSeconds ?? 0) - 1e-6)
      throw fault(`the segment at ${startSeconds} s overlaps the one before it`);
  }
  return segments;
}

function fromText(text: string): Segment[] | undefined {
  const parts = text.split(';').filter((part) => part.trim() !== '');
  const segments = parts.map((part): Segment | undefined => {
    const [, start, end, label] = /^\s*([\d.]+)\s*-\s*([\d.]+)\s*:(.*)$/s.exec(part) ?? [];
    if (start === undefined || end === undefined || label === undefined) return undefined;
    return { startSeconds: Number(start), endSeconds: Number(end), label: label.trim() };
  });
  return segments.every((segment) => segment !== undefined) ? segments : undefined;
}

function fromJson(text: string): Segment[] | undefined {
  let list: unknown;
  try {
    list = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(list)) return undefined;
  const segments = list.map((each: unknown): Segment | undefined => {
    if (!Array.isArray(each)) return undefined;
    const [startSeconds, endSeconds, label] = each as readonly unknown[];
    if (typeof startSeconds !== 'number' || typeof endSeconds !== 'number' || typeof label !== 'string')
      return undefined;
    return { startSeconds, endSeconds, label: label.trim() };
  });
  return segments.every((segment) => segment !== undefined) ? segments : undefined;
}
