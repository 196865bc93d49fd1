/** The little that the owner must know of a statement's text: is it an insert of rows, which format does it name, is it one statement. */

export interface RawInsert {
  readonly table: string;
  readonly columns: readonly string[] | undefined;
  /** The text after SETTINGS, as written. */
  readonly settings: string | undefined;
  readonly format: string;
  /** Where the rows begin in the text. */
  readonly dataStart: number;
}

/**
 * The text with comments and string literals blanked out and quoted identifiers turned into plain words,
 * of the same length, so that patterns match only what is code and positions stay true.
 */
export function skeletonOf(sql: string): string {
  let out = '';
  let at = 0;
  while (at < sql.length) {
    const end = quotedEnd(sql, at);
    if (end === undefined) {
      out += sql[at];
      at++;
      continue;
    }
    const isIdentifier = sql[at] === '`' || sql[at] === '"';
    const isLiteral = sql[at] === "'" || sql[at] === '$';
    out += (isIdentifier ? 'q' : isLiteral ? '0' : ' ').repeat(end - at);
    at = end;
  }
  return out;
}

/** The end of the comment or quoted text that begins here; undefined when none does. */
function quotedEnd(sql: string, at: number): number | undefined {
  switch (sql[at]) {
    case "'":
    case '"':
    case '`':
      return closingQuote(sql, at);
    case '-':
      return sql[at + 1] === '-' ? after(sql, '\n', at) : undefined;
    case '#':
      return sql[at + 1] === ' ' || sql[at + 1] === '!' ? after(sql, '\n', at) : undefined;
    case '/':
      return sql[at + 1] === '*' ? after(sql, '*/', at + 2) : undefined;
    case '$': {
      const tag = /\$\w*\$/y;
      tag.lastIndex = at;
      const opening = tag.exec(sql)?.[0];
      return opening === undefined ? undefined : after(sql, opening, at + opening.length);
    }
    default:
      return undefined;
  }
}

function closingQuote(sql: string, at: number): number {
  const quote = sql[at];
  for (let next = at + 1; next < sql.length; next++) {
    if (sql[next] === '\\') next++;
    else if (sql[next] === quote) {
      if (sql[next + 1] !== quote) return next + 1;
      next++;
    }
  }
  return sql.length;
}

function after(sql: string, mark: string, from: number): number {
  const found = sql.indexOf(mark, from);
  return found < 0 ? sql.length : found + mark.length;
}

export function isInsert(skeleton: string): boolean {
  return /^[\s(]*INSERT\b/i.test(skeleton);
}

/** True when code follows a semicolon; an insert's inline rows may hold any. */
export function isSeveralStatements(skeleton: string): boolean {
  return !(isInsert(skeleton) && /\b(?:FORMAT|VALUES)\b/i.test(skeleton)) && /;\s*[^\s;]/.test(skeleton);
}

/** The FORMAT that the statement itself names, at its end. */
export function namedFormat(skeleton: string): string | undefined {
  return /\bFORMAT\s+(\w+)\s*(?:\bSETTINGS\b[^;]*)?[;\s]*$/i.exec(skeleton)?.[1];
}

const plainName = /^\w+$/;

/**
 * `INSERT INTO [TABLE] [db.]table [(columns)] [SETTINGS …] FORMAT name`, with rows after it or none.
 * Undefined for any other insert, and for names beyond letters, digits and underscore.
 */
export function parseRawInsert(sql: string): RawInsert | undefined {
  const skeleton = skeletonOf(sql);
  const pattern =
    /^\s*INSERT\s+INTO\s+(?:TABLE\s+)?(\w+(?:\s*\.\s*\w+)?)\s*(\([\w\s,]*\))?\s*(?:SETTINGS\s+([^;]*?)\s+)?FORMAT\s+(\w+)(?:[;\s]+|$)/di;
  const match = pattern.exec(skeleton);
  const positions = match?.indices;
  if (match === null || positions === undefined) return undefined;
  const source = (group: number): string | undefined => {
    const range = positions[group];
    return range === undefined ? undefined : sql.slice(range[0], range[1]);
  };
  const table = (source(1) ?? '').split('.').map(unquoted);
  const columns = source(2)?.slice(1, -1).split(',').map(unquoted);
  const format = source(4);
  if (format === undefined || ![...table, ...(columns ?? [])].every((name) => plainName.test(name))) return undefined;
  return { table: table.join('.'), columns, settings: source(3), format, dataStart: match[0].length };
}

function unquoted(name: string): string {
  return name.trim().replace(/^[`"](.*)[`"]$/, '$1');
}

/** A ClickHouse string literal. */
export function quoteLiteral(value: string): string {
  return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\0', '\\0')}'`;
}

/** A ClickHouse identifier in backticks. */
export function quoteIdentifier(name: string): string {
  return `\`${name.replaceAll('\\', '\\\\').replaceAll('`', '\\`')}\``;
}
