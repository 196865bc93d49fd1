// Blanks comments and the insides of strings, so that rules about code see only code; every other character keeps its offset.

const regexMayFollow = /[(,=:[!&|?{};+\-*%<>~^]$|(^|[^\w$.])(return|typeof|case|in|of|do|else|void|delete|await|yield|throw)$/;

/** The text with comments, string contents, template texts and regular expressions replaced by blanks of the same length; line breaks stay. */
export function mask(text: string): string {
  const out = text.split('');
  let at = 0;
  // The open `${` of templates, innermost last, each with the depth of braces inside it.
  const templates: number[] = [];
  const blank = (from: number, to: number): void => {
    for (let i = from; i < to && i < out.length; i++) if (out[i] !== '\n') out[i] = ' ';
  };
  const skipTemplateText = (from: number): number => {
    const end = endOfTemplateText(text, from);
    blank(from, end.offset);
    if (end.opensExpression) templates.push(0);
    return end.offset + (end.opensExpression ? 2 : 1);
  };
  while (at < text.length) {
    const char = text[at];
    const open = templates.length - 1;
    const span = spanAt(text, at, out);
    if (span !== undefined) {
      blank(at + span.keep, span.end - span.keep);
      at = span.end;
    } else if (char === '`') at = skipTemplateText(at + 1);
    else if (char === '}' && templates[open] === 0) {
      templates.pop();
      at = skipTemplateText(at + 1);
    } else {
      if (open >= 0 && char === '{') templates[open] = (templates[open] ?? 0) + 1;
      if (open >= 0 && char === '}') templates[open] = (templates[open] ?? 0) - 1;
      at += 1;
    }
  }
  return out.join('');
}

/** The comment, string or regular expression that starts here: its end, and how many delimiting characters to keep on each side. */
function spanAt(text: string, at: number, masked: readonly string[]): { readonly end: number; readonly keep: number } | undefined {
  const char = text[at];
  if (char === '"' || char === "'") return { end: endOfQuoted(text, at + 1, char), keep: 1 };
  if (char !== '/') return undefined;
  if (text[at + 1] === '/') return { end: endAt(text.indexOf('\n', at), text.length), keep: 0 };
  if (text[at + 1] === '*') return { end: endAt(text.indexOf('*/', at + 2) + 2, text.length, 1), keep: 0 };
  const before = masked
    .slice(Math.max(0, at - 80), at)
    .join('')
    .trimEnd();
  return before === '' || regexMayFollow.test(before) ? { end: endOfRegex(text, at + 1), keep: 1 } : undefined;
}

function endAt(found: number, otherwise: number, missing = -1): number {
  return found === missing ? otherwise : found;
}

function endOfQuoted(text: string, from: number, quote: string): number {
  for (let at = from; at < text.length; at++) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === quote) return at + 1;
    else if (text[at] === '\n') return at;
  }
  return text.length;
}

function endOfRegex(text: string, from: number): number {
  let inClass = false;
  for (let at = from; at < text.length; at++) {
    const char = text[at];
    if (char === '\\') at += 1;
    else if (char === '[') inClass = true;
    else if (char === ']') inClass = false;
    else if (char === '/' && !inClass) return at + 1;
    else if (char === '\n') return from;
  }
  return text.length;
}

function endOfTemplateText(text: string, from: number): { readonly offset: number; readonly opensExpression: boolean } {
  for (let at = from; at < text.length; at++) {
    if (text[at] === '\\') at += 1;
    else if (text[at] === '`') return { offset: at, opensExpression: false };
    else if (text[at] === '$' && text[at + 1] === '{') return { offset: at, opensExpression: true };
  }
  return { offset: text.length, opensExpression: false };
}
