/** The types of the client, made from the contract: an interface per schema, and per path what it takes and answers. */
import { openApiDocument } from './openapi.ts';

type Schema = Readonly<Record<string, unknown>>;
const LINE_CHARS = 150;
const SIMPLE_NAME = /^[A-Za-z_$][A-Za-z0-9_$]*$/;

/** Which file holds which schemas, by their names: each imports from those above it. */
const FILES: readonly (readonly [file: string, about: string, names: RegExp])[] = [
  ['envelope', 'What every answer of the contract carries', /^(?:AsOf|BucketName|Instant|Notes|Target)$/],
  ['cohorts', 'The answers of the contract about cohorts', /^(?:Retention|Activation)/],
  ['figures', 'The other answers of the contract', /^(?:Funnel|StepTimes|Total|Sliced|Activity|Kpi|Stickiness)/],
  ['audit', 'The audit of the contract', /^(?:Audit|HaltCode)/],
  ['bodies', 'The other bodies of the contract', /./],
];
const MADE = 'made by `npm run -w @tidemark/query openapi`: change the schemas, not this file. */';

/** By name the texts of the files of `src/client` that are made, formatted as the project's files are. */
export function clientTypes(): ReadonlyMap<string, string> {
  const document = openApiDocument();
  const schemas = Object.entries(objectAt(document, 'components', 'schemas'));
  const fileOf = (name: string): string => FILES.find(([, , names]) => names.test(name))?.[0] ?? 'bodies';
  const importsFor = (text: string, own: string): string => {
    const used = FILES.map(
      ([file]) => [file, schemas.map(([name]) => name).filter((name) => fileOf(name) === file && mentions(text, name))] as const,
    );
    const lines = used.flatMap(([file, names]) => (file === own || names.length === 0 ? [] : [importLine(names, file)]));
    return lines.length === 0 ? '' : `${lines.sort(byFile).join('\n')}\n\n`;
  };
  const files = FILES.map(([file, about]): [string, string] => {
    const text = schemas.flatMap(([name, schema]) => (fileOf(name) === file ? [declaration(name, schema)] : [])).join('\n\n');
    return [`${file}.ts`, `/** ${about}, as types; ${MADE}\n${importsFor(text, file) || '\n'}${text}\n`];
  });
  const operations = Object.entries(objectAt(document, 'paths')).flatMap(([path, item]) => operationMember(path, objectAt(item, 'get')));
  const text = `/** By path: what it takes, and what it answers as JSON or text. */\nexport interface Operations {\n${operations.join('\n')}\n}\n`;
  return new Map([...files, ['operations.ts', `/** The paths of the contract, as types; ${MADE}\n${importsFor(text, '')}${text}`]]);
}

function mentions(text: string, name: string): boolean {
  return new RegExp(`\\b${name}\\b`).test(text);
}

function importLine(names: readonly string[], file: string): string {
  const line = `import type { ${names.join(', ')} } from './${file}.ts';`;
  return line.length <= LINE_CHARS ? line : `import type {\n${names.map((name) => `  ${name},`).join('\n')}\n} from './${file}.ts';`;
}

function byFile(a: string, b: string): number {
  return a.slice(a.indexOf(' from ')) < b.slice(b.indexOf(' from ')) ? -1 : 1;
}

function declaration(name: string, schema: unknown): string {
  const { description } = objectAt(schema);
  const comment = typeof description === 'string' ? `/** ${description} */\n` : '';
  if (objectAt(schema)['properties'] !== undefined) return `${comment}export interface ${name} {\n${members(objectAt(schema), 1).join('\n')}\n}`;
  const type = typeOf(schema, 0);
  const line = `export type ${name} = ${type};`;
  return comment + (line.length <= LINE_CHARS || !type.includes(' | ') ? line : `export type ${name} =\n  | ${type.replaceAll(' | ', '\n  | ')};`);
}

function operationMember(path: string, operation: Schema): readonly string[] {
  const parameters = listOf(operation['parameters']).map((parameter) => objectAt(parameter));
  const taken = (place: string): string => {
    const ofPlace = parameters.filter((parameter) => parameter['in'] === place);
    const list = ofPlace.map(
      (parameter) => `readonly ${memberName(parameter['name'])}${parameter['required'] === true ? '' : '?'}: ${typeOf(parameter['schema'], 0)}`,
    );
    return list.length === 0 ? 'Record<never, never>' : inBraces(list, 2);
  };
  const content = objectAt(operation, 'responses', '200', 'content');
  const json = objectAt(content, 'application/json');
  const body = json['schema'] === undefined ? 'string' : typeOf(json['schema'], 2);
  return [
    `  readonly ${memberName(path)}: {`,
    `    readonly path: ${taken('path')};`,
    `    readonly query: ${taken('query')};`,
    `    readonly body: ${body};`,
    '  };',
  ];
}

function members(schema: Schema, depth: number): readonly string[] {
  const required = listOf(schema['required']);
  return Object.entries(objectAt(schema, 'properties')).flatMap(([name, property]) => {
    const { description } = objectAt(property);
    const indent = '  '.repeat(depth);
    const comment = typeof description === 'string' ? [`${indent}/** ${description} */`] : [];
    return [...comment, `${indent}readonly ${memberName(name)}${required.includes(name) ? '' : '?'}: ${typeOf(property, depth)};`];
  });
}

function typeOf(schema: unknown, depth: number): string {
  const { $ref: reference, enum: values, const: value, anyOf, type, items, properties, additionalProperties } = objectAt(schema);
  if (typeof reference === 'string') return reference.replace('#/components/schemas/', '');
  if (Array.isArray(values)) return unionOf(values.map(literal));
  if (value !== undefined) return literal(value);
  if (Array.isArray(anyOf)) return unionOf(anyOf.map((each) => typeOf(each, depth)));
  if (type === 'array') return `readonly ${inParentheses(typeOf(items, depth))}[]`;
  if (type === 'object' && properties !== undefined) return objectType(objectAt(schema), depth);
  if (type === 'object') return `Readonly<Record<string, ${additionalProperties === undefined ? 'unknown' : typeOf(additionalProperties, depth)}>>`;
  if (Array.isArray(type)) return unionOf(type.map((each) => typeOf({ type: each }, depth)));
  if (type === 'integer' || type === 'number') return 'number';
  return typeof type === 'string' ? type : 'unknown';
}

function objectType(schema: Schema, depth: number): string {
  const inner = members(schema, depth + 1);
  const isPlain = inner.every((line) => line.endsWith(';') && !line.includes('/**') && !line.includes('\n'));
  const list = inner.map((line) => line.trim().replace(/;$/, ''));
  if (isPlain && list.join('; ').length < LINE_CHARS / 2) return `{ ${list.join('; ')} }`;
  return `{\n${inner.join('\n')}\n${'  '.repeat(depth)}}`;
}

function inBraces(list: readonly string[], depth: number): string {
  const line = `{ ${list.join('; ')} }`;
  if (line.length < LINE_CHARS / 2) return line;
  const indent = '  '.repeat(depth);
  return `{\n${list.map((member) => `${indent}  ${member};`).join('\n')}\n${indent}}`;
}

function unionOf(types: readonly string[]): string {
  return [...new Set(types.flatMap((type) => (type.includes('{') ? [type] : type.split(' | '))))].join(' | ');
}

function inParentheses(type: string): string {
  return type.includes(' | ') && !type.startsWith('{') ? `(${type})` : type.startsWith('readonly ') ? `(${type})` : type;
}

function memberName(name: unknown): string {
  return SIMPLE_NAME.test(String(name)) ? String(name) : literal(name);
}

function literal(value: unknown): string {
  return typeof value === 'string' ? `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'` : JSON.stringify(value);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function objectAt(value: unknown, ...path: readonly string[]): Schema {
  let found = value;
  for (const name of path) found = typeof found === 'object' && found !== null ? Reflect.get(found, name) : undefined;
  return typeof found === 'object' && found !== null ? Object.fromEntries(Object.entries(found)) : {};
}
