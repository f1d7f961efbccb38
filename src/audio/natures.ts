/** @file What files are that cannot be read as audio, told from how they begin. */

const starts: readonly (readonly [start: string | RegExp, name: string])[] = [
  ['RF64', 'RF64, a WAV file for more than 4 GB'],
  ['BW64', 'BW64, a WAV file for more than 4 GB'],
  ['riff\x2e\x91\xcf\x11', 'Sony Wave64'],
  ['RIFX', 'a big-endian WAV file'],
  [/^RIFF.{4}(?!WAVE)/s, 'a RIFF file of another kind than WAVE'],
  ['FORM', 'AIFF'],
  ['.snd', 'Sun audio'],
  ['caff', 'Core Audio'],
  [/^.{4}ftyp/s, 'MP4'],
  ['\x1a\x45\xdf\xa3', 'Matroska or WebM'],
  ['\x30\x26\xb2\x75', 'Windows Media'],
  ['wvpk', 'WavPack'],
  ['MAC ', "Monkey's Audio"],
  ['TTA1', 'True Audio'],
  ['MPCK', 'Musepack'],
  ['ajkg', 'Shorten'],
  ['#!AMR', 'AMR'],
  ['DSD ', 'DSD'],
  ['ADIF', 'AAC'],
  [/^\xff[\xf0\xf1\xf8\xf9]/, 'AAC'],
  ['\x0b\x77', 'AC-3'],
  ['Creative Voice', 'Creative Voice'],
  ['MThd', 'MIDI'],
  ['FLV', 'Flash video'],
  ['\x1f\x8b', 'gzip data: unpack it first'],
  ['BZh', 'bzip2 data: unpack it first'],
  ['\xfd7zXZ', 'xz data: unpack it first'],
  ['\x28\xb5\x2f\xfd', 'zstd data: unpack it first'],
  ['PK\x03\x04', 'a ZIP archive: unpack it first'],
  ['\x00\x05\x16\x07', 'a macOS metadata file (._NAME), not the audio file'],
  [/^(\xff\xfe|\xfe\xff)/, 'text in UTF-16'],
  ['\x89HDF', 'HDF5'],
  ['\x93NUMPY', 'a NumPy array'],
  ['version https://git-lfs', 'a Git LFS pointer (git lfs pull brings the file)'],
];

/**
 * What a file seems to be, from its first bytes: `: it is AIFF`; empty where nothing is known.
 * @param latin1 the same bytes as text
 */
export function natureOf(head: Uint8Array, latin1: string): string {
  const known = starts.find(([start]) =>
    typeof start === 'string' ? latin1.startsWith(start) : start.test(latin1),
  );
  if (known) return `: it is ${known[1]}`;
  if (/^\/annex\/objects|\.git\/annex\/objects/.test(latin1))
    return ': it is a git-annex pointer (git annex get brings the file)';
  if (head.every((byte) => byte === 0)) return ': it starts with zeros only';
  const isText = head.every((byte) => byte >= 32 || byte === 9 || byte === 10 || byte === 13);
  return isText ? `: it is text ("${latin1.slice(0, 24).replaceAll(/\s+/g, ' ').trim()}")` : '';
}
