// The committed contract as the tests hold every response against it: path, status, media type, headers and body.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { schemaMistakes } from './json-schema.ts';

export const CONTRACT_FILE = join(import.meta.dirname, '../../../schemas/query/openapi.json');
const contract: unknown = JSON.parse(readFileSync(CONTRACT_FILE, 'utf8'));

export interface Exchange {
  readonly method: string;
  readonly url: string;
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/** Throws with every mistake. Files of the dashboard are no part of the contract; whatever is at no path must be a problem. */
export function checkExchange(exchange: Exchange): void {
  const { method, url, status, headers, body } = exchange;
  const type = String(headers['content-type'] ?? '').split(';')[0];
  const path = pathOf(url);
  if (path === null || (method !== 'GET' && method !== 'HEAD')) {
    if (status >= 400 && method !== 'HEAD') check(exchange, 'application/problem+json', { $ref: '#/components/schemas/Problem' });
    return;
  }
  const response = at(['paths', path, 'get', 'responses', String(status)]);
  if (response === undefined) throw new Error(`${url}: the contract has no ${status} at ${path}`);
  for (const name of Object.keys(objectAt(response, 'headers'))) {
    const optional = name === 'Tidemark-As-Of' ? type !== 'text/csv' : name === 'Retry-After' && path === '/readyz';
    if (!optional && headers[name.toLowerCase()] === undefined) throw new Error(`${url}: ${status} without the header ${name}`);
  }
  if (status === 304 || method === 'HEAD') {
    if (body !== '') throw new Error(`${url}: ${method} ${status} has a body`);
    return;
  }
  const content = objectAt(response, 'content');
  if (type === undefined || !Object.hasOwn(content, type))
    throw new Error(`${url}: ${status} came as ${type}, the contract has ${Object.keys(content)}`);
  check(exchange, type, objectAt(content[type], 'schema'));
}

/** What is wrong with a value by a named schema of the contract. */
export function componentMistakes(name: string, value: unknown): readonly string[] {
  return schemaMistakes(value, { $ref: `#/components/schemas/${name}` }, resolve);
}

function check({ url, status, headers, body }: Exchange, type: string, schema: unknown): void {
  if (!String(headers['content-type']).startsWith(type)) throw new Error(`${url}: ${status} is no ${type}`);
  const value: unknown = type.endsWith('json') ? JSON.parse(body) : body;
  const mistakes = schemaMistakes(value, schema, resolve);
  if (mistakes.length > 0) throw new Error(`${url}: ${status} does not fit the contract:\n${mistakes.slice(0, 10).join('\n')}`);
}

/** The contract's path that a URL is at; null for none. */
function pathOf(url: string): string | null {
  const [asked = ''] = url.split('?');
  const known = Object.keys(objectAt(contract, 'paths'));
  return (
    known.find((path) => path === asked) ??
    known.find((path) => new RegExp(`^${path.replaceAll('.', String.raw`\.`).replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(asked)) ??
    null
  );
}

export function resolve(reference: string): unknown {
  const found = at(reference.replace(/^#\//, '').split('/'));
  if (found === undefined) throw new Error(`${reference} names nothing`);
  return found;
}

function at(path: readonly string[]): unknown {
  let value: unknown = contract;
  for (const name of path) value = Object.hasOwn(objectAt(value), name) ? objectAt(value)[name] : undefined;
  return value;
}

function objectAt(value: unknown, name?: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null) return {};
  const entries = Object.fromEntries(Object.entries(value));
  return name === undefined ? entries : objectAt(entries[name]);
}
