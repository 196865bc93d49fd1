/** The beginning of a record's bytes as people are shown it. */

/** Bytes of a key or value that are shown. */
const SHOWN_BYTES = 2_000;

/** Well-formed text, not cut within a character. */
export function shownText(bytes: Buffer): string {
  if (bytes.length <= SHOWN_BYTES) return bytes.toString('utf8');
  let end = SHOWN_BYTES;
  while (end > SHOWN_BYTES - 4 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end);
}
