// A small validator of JSON Schema 2020-12, written for the contract test alone: it knows no zod, and stops at a keyword that it does not know.

type Schema = Readonly<Record<string, unknown>>;

const ANNOTATIONS = new Set(['description', 'examples', 'title', 'id', 'format', 'default', '$comment']);

/** What is wrong, one line per mistake with its place; none when the value fits. `resolve` finds what a `$ref` names. */
export function schemaMistakes(value: unknown, schema: unknown, resolve: (reference: string) => unknown, at = ''): readonly string[] {
  if (schema === true) return [];
  if (!isObject(schema)) return [`${at}: no schema`];
  return Object.entries(schema).flatMap(([keyword, expected]) => {
    if (ANNOTATIONS.has(keyword)) return [];
    const check = KEYWORDS[keyword];
    if (check === undefined) throw new Error(`the validator does not know the keyword ${keyword}`);
    return check({ value, expected, schema, at, resolve });
  });
}

interface Check {
  readonly value: unknown;
  readonly expected: unknown;
  readonly schema: Schema;
  readonly at: string;
  readonly resolve: (reference: string) => unknown;
}

const KEYWORDS: Readonly<Record<string, (check: Check) => readonly string[]>> = {
  $ref: ({ value, expected, at, resolve }) => schemaMistakes(value, resolve(String(expected)), resolve, at),
  type: ({ value, expected, at }) =>
    said(
      [expected].flat().some((type) => isOfType(value, type)),
      `${at}: expected ${String(expected)}, got ${shown(value)}`,
    ),
  const: ({ value, expected, at }) => said(value === expected, `${at}: expected ${shown(expected)}, got ${shown(value)}`),
  enum: ({ value, expected, at }) => said(listOf(expected).includes(value), `${at}: ${shown(value)} is none of ${shown(expected)}`),
  minimum: ({ value, expected, at }) => said(typeof value !== 'number' || value >= Number(expected), `${at}: ${shown(value)} < ${shown(expected)}`),
  maximum: ({ value, expected, at }) => said(typeof value !== 'number' || value <= Number(expected), `${at}: ${shown(value)} > ${shown(expected)}`),
  minLength: ({ value, expected, at }) => said(typeof value !== 'string' || [...value].length >= Number(expected), `${at}: too short`),
  maxLength: ({ value, expected, at }) => said(typeof value !== 'string' || [...value].length <= Number(expected), `${at}: too long`),
  minItems: ({ value, expected, at }) => said(!Array.isArray(value) || value.length >= Number(expected), `${at}: too few`),
  pattern: ({ value, expected, at }) =>
    said(typeof value !== 'string' || new RegExp(String(expected), 'u').test(value), `${at}: ${shown(value)} does not match ${String(expected)}`),
  required: ({ value, expected, at }) =>
    isObject(value) ? listOf(expected).flatMap((name) => said(Object.hasOwn(value, String(name)), `${at}: ${String(name)} is missing`)) : [],
  properties: ({ value, expected, at, resolve }) =>
    isObject(value) && isObject(expected)
      ? Object.entries(expected).flatMap(([name, schema]) =>
          Object.hasOwn(value, name) ? schemaMistakes(value[name], schema, resolve, `${at}/${name}`) : [],
        )
      : [],
  additionalProperties: ({ value, expected, schema, at, resolve }) => {
    if (!isObject(value)) return [];
    const known = isObject(schema['properties']) ? schema['properties'] : {};
    const others = Object.keys(value).filter((name) => !Object.hasOwn(known, name));
    if (expected === false) return others.map((name) => `${at}: ${name} is unknown`);
    return others.flatMap((name) => schemaMistakes(value[name], expected, resolve, `${at}/${name}`));
  },
  propertyNames: ({ value, expected, at, resolve }) =>
    isObject(value) ? Object.keys(value).flatMap((name) => schemaMistakes(name, expected, resolve, `${at} name`)) : [],
  items: ({ value, expected, at, resolve }) =>
    Array.isArray(value) ? value.flatMap((item, index) => schemaMistakes(item, expected, resolve, `${at}/${index}`)) : [],
  anyOf: ({ value, expected, at, resolve }) => {
    const tries = listOf(expected).map((schema) => schemaMistakes(value, schema, resolve, at));
    if (tries.some((mistakes) => mistakes.length === 0)) return [];
    return tries.reduce((least, mistakes) => (mistakes.length < least.length ? mistakes : least));
  },
};

function said(fits: boolean, mistake: string): readonly string[] {
  return fits ? [] : [mistake];
}

function isOfType(value: unknown, type: unknown): boolean {
  switch (type) {
    case 'object':
      return isObject(value);
    case 'array':
      return Array.isArray(value);
    case 'null':
      return value === null;
    case 'integer':
      return Number.isInteger(value);
    default:
      return typeof value === type;
  }
}

function isObject(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? 'undefined').slice(0, 80);
}
