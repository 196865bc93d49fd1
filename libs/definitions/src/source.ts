/** Definition text (YAML or JSON) → plain data, with the line and column of every key and value. */
import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type YAMLMap,
} from 'yaml';
import { type Mistake, type Path, quote } from './problem.ts';

const MAX_TEXT_BYTES = 1024 * 1024;
const MAX_DEPTH = 24;
/** Aliases may repeat a list of values; they may not multiply a small file into a large one. */
const MAX_ALIASES = 50;
/** The parser repeats what it could not read, which may be the whole file. */
const MAX_SYNTAX_CHARS = 300;

export interface Place {
  readonly line: number;
  readonly column: number;
}

export interface Source {
  /** The file as plain data; undefined when it could not be read at all. */
  readonly data: unknown;
  /** Mistakes of syntax, each with its place. */
  readonly mistakes: readonly { readonly place: Place; readonly path: Path; readonly message: string }[];
  /** First line that could not be read; what stands from there on is a guess. */
  readonly brokenFrom: number;
  place(mistake: Pick<Mistake, 'path' | 'at'>): Place;
}

type SyntaxMistake = Source['mistakes'][number];

/** Reads the text without trusting it: size, depth and aliases are bounded, duplicate keys and foreign tags are mistakes. */
export function readSource(text: string): Source {
  const start = { line: 1, column: 1 };
  if (Buffer.byteLength(text) > MAX_TEXT_BYTES)
    return unreadable(`the file is larger than ${MAX_TEXT_BYTES} bytes: split it into several metric sets`);
  try {
    return readBounded(text, start);
  } catch (error) {
    // The parser recurses: what is nested thousands deep ends here, and so does a bomb of aliases.
    if (error instanceof RangeError) return unreadable(`nested too deeply: at most ${MAX_DEPTH} levels`);
    if (error instanceof ReferenceError) return unreadable(`too many aliases (*name): write the values out, at most ${MAX_ALIASES} are followed`);
    throw error;
  }
}

function unreadable(message: string): Source {
  const place = { line: 1, column: 1 };
  return { data: undefined, mistakes: [{ place, path: [], message }], brokenFrom: 1, place: () => place };
}

function readBounded(text: string, start: Place): Source {
  const lines = new LineCounter();
  // Duplicate keys are looked for below, in linear time and by the key's text: `1` and "1" are one key in JSON.
  const document = parseDocument(text, { lineCounter: lines, uniqueKeys: false, prettyErrors: false, logLevel: 'error' });
  const placeOf = (offset: number): Place => {
    const { line, col } = lines.linePos(offset);
    return { line: Math.max(1, line), column: Math.max(1, col) };
  };
  const mistakes: SyntaxMistake[] = [...document.errors, ...document.warnings].map((error) => ({
    place: placeOf(error.pos[0]),
    path: [],
    message:
      error.code === 'MULTIPLE_DOCS'
        ? 'one file holds one set: put what follows --- into a file of its own'
        : `not valid YAML: ${(error.message.split('\n')[0] ?? '').slice(0, MAX_SYNTAX_CHARS)}`,
  }));
  const brokenFrom = mistakes.reduce((first, { place }) => Math.min(first, place.line), Number.POSITIVE_INFINITY);
  const root = document.contents;
  if (root === null) {
    mistakes.push({ place: start, path: [], message: 'the file is empty: expected a map with `metrics`' });
    return { data: undefined, mistakes, brokenFrom, place: () => start };
  }
  const offence = walk(document, root, (offset, path, message) => mistakes.push({ place: placeOf(offset), path, message }));
  if (offence !== undefined)
    return { ...unreadable(offence.message), mistakes: [{ place: placeOf(offence.offset), path: offence.path, message: offence.message }] };
  const data: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
  // Of a text that is no YAML the parser's ranges are a guess.
  if (isCircular(data)) return unreadable('an alias (*name) stands inside of what it repeats');
  const pairsOf = indexPairs();
  return {
    data,
    mistakes,
    brokenFrom,
    place: ({ path, at }) => placeOf(offsetOf(root, path, at, pairsOf)),
  };
}

interface Offence {
  readonly offset: number;
  readonly path: Path;
  readonly message: string;
}

/**
 * Reports keys that would be lost silently: written twice, not plain text, or `__proto__`. Takes them out as well, for nothing below them is looked at
 * and a key that is itself a collection takes time without end to be written as text. Answers with an offence that ends the reading.
 */
function walk(document: Document, root: Node, report: (offset: number, path: Path, message: string) => void): Offence | undefined {
  const open: { node: unknown; path: Path }[] = [{ node: root, path: [] }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { node, path } = next;
    if (path.length > MAX_DEPTH)
      return { offset: offsetOfNode(node), path: path.slice(0, 6), message: `nested too deeply: at most ${MAX_DEPTH} levels` };
    if (isAlias(node)) {
      const offence = aliasOffence(document, node, path);
      if (offence !== undefined) return offence;
    } else if (isSeq(node)) {
      for (const [index, item] of node.items.entries()) open.push({ node: item, path: [...path, index] });
    } else if (isMap(node)) {
      const seen = new Set<string>();
      node.items = node.items.filter((pair) => {
        const key = keyText(pair);
        const offset = offsetOfNode(pair.key);
        if (key === undefined) report(offset, path, 'expected a plain name as the key');
        else if (key === '__proto__') report(offset, [...path, key], `the name ${quote(key)} cannot be used`);
        else if (seen.has(key)) report(offset, [...path, key], `the key ${quote(key)} stands twice here: keep one of them`);
        else open.push({ node: pair.value, path: [...path, key] });
        const isKept = key !== undefined && key !== '__proto__' && !seen.has(key);
        if (key !== undefined) seen.add(key);
        return isKept;
      });
    }
  }
  return undefined;
}

/** An alias must name something written before it, and must not stand inside of it. */
function aliasOffence(document: Document, alias: Alias, path: Path): Offence | undefined {
  const offset = offsetOfNode(alias);
  const target = alias.resolve(document);
  if (target === undefined) return { offset, path, message: `nothing above is named &${quote(alias.source).slice(1, -1)}` };
  const [from, , to] = target.range ?? [0, 0, 0];
  return offset >= from && offset < to ? { offset, path, message: 'this alias stands inside of what it repeats' } : undefined;
}

/** Whether a value holds itself. */
function isCircular(value: unknown, above = new Set<unknown>(), known = new Set<unknown>()): boolean {
  if (typeof value !== 'object' || value === null || known.has(value)) return false;
  if (above.has(value)) return true;
  above.add(value);
  const found = Object.values(value).some((part) => isCircular(part, above, known));
  above.delete(value);
  known.add(value);
  return found;
}

/** The offset of the longest part of the path that exists: the key or the value there. */
function offsetOf(root: Node, path: Path, at: 'key' | 'value', pairsOf: PairsOf): number {
  let node: unknown = root;
  let offset = offsetOfNode(root);
  for (const [depth, part] of path.entries()) {
    const isLast = depth === path.length - 1;
    if (isSeq(node)) node = node.items[Number(part)];
    else if (isMap(node)) {
      const pair = pairsOf(node).get(String(part));
      if (pair === undefined) return offset;
      if (isLast && at === 'key') return offsetOfNode(pair.key, offset);
      offset = offsetOfNode(pair.key, offset);
      node = pair.value;
    } else return offset;
    offset = offsetOfNode(node, offset);
  }
  return offset;
}

type PairsOf = (map: YAMLMap) => ReadonlyMap<string, Pair<unknown, unknown>>;

/** Each map's pairs by their key, gathered once: a file may have very many mistakes in one map. */
function indexPairs(): PairsOf {
  const known = new Map<YAMLMap, ReadonlyMap<string, Pair<unknown, unknown>>>();
  return (map) => {
    const found = known.get(map) ?? new Map(map.items.map((pair) => [keyText(pair) ?? '', pair]));
    known.set(map, found);
    return found;
  };
}

function offsetOfNode(node: unknown, otherwise = 0): number {
  return isNode(node) && node.range ? node.range[0] : otherwise;
}

function keyText(pair: Pair<unknown, unknown>): string | undefined {
  if (isAlias(pair.key) || !isScalar(pair.key)) return undefined;
  return pair.key.value === null ? '' : String(pair.key.value);
}
