/** Text from outside as it can be looked at: what is not seen by itself, or moves other letters about, stands there by name. */

const UNSEEN = /\p{Cc}|\p{Cf}|\p{Cs}|\p{Co}|\p{Cn}|\p{Zl}|\p{Zp}|\u034f|\u115f|\u1160|\u3164|\uffa0/gu;
/** What a joiner makes one picture of. */
const PICTURE_END = /(?:\p{Extended_Pictographic}|\p{Emoji_Modifier}|\ufe0f)$/u;
const JOINER = '\u200d';
/** Spaces that look like another one, and those at the ends. */
const SPACES = /[\u00a0\u1680\u2000-\u200a\u202f\u205f]|^ +| +$/g;

/** Each by its number, `‹U+202E›`; with `lines` line ends and tabs stay. */
export function visible(text: string, { lines = false }: { readonly lines?: boolean } = {}): string {
  const named = text.replace(UNSEEN, (letter, at: number) => {
    if (lines && (letter === '\n' || letter === '\t')) return letter;
    return letter === JOINER && PICTURE_END.test(text.slice(Math.max(0, at - 2), at)) ? letter : nameOf(letter);
  });
  return lines ? named : named.replace(SPACES, (spaces) => Array.from(spaces, nameOf).join(''));
}

function nameOf(letter: string): string {
  const code = letter.codePointAt(0) ?? 0;
  return `\u2039U+${code.toString(16).toUpperCase().padStart(4, '0')}\u203a`;
}
