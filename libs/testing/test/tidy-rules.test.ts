// The test of the tidy test: each rule fires on a small tree that breaks it, and stays silent on the nearest tree that does not.
import { describe, expect, test } from 'vitest';
import { importsOf } from '../src/tidy/imports.ts';
import { mask } from '../src/tidy/mask.ts';
import { tidy } from '../src/tidy/tidy.ts';

/** The rules that a tree breaks; every file gets its first sentence, unless it brings its own comment. */
function broken(files: Readonly<Record<string, string>>): readonly string[] {
  const tree = Object.entries(files).map(([path, text]) => ({
    path,
    text: /^(\/|#)/.test(text) || /\.(md|json)$/.test(path) ? text : `// What it is for.\n${text}`,
  }));
  return tidy(tree).map(({ path, line, rule }) => `${path}:${line} ${rule}`);
}

const uses = (name: string): string => `import { x } from '${name}';`;

describe('import order', () => {
  test.each([
    ['libs/core/src/a.ts', '@tidemark/pipeline'],
    ['libs/core/src/a.ts', '@tidemark/definitions'],
    ['libs/definitions/src/a.ts', '@tidemark/codec'],
    ['libs/codec/src/a.ts', '@tidemark/pipeline'],
    ['libs/pipeline/src/a.ts', '@tidemark/redis'],
    ['libs/pipeline/src/a.ts', '@tidemark/runtime'],
    ['libs/kafka/src/a.ts', '@tidemark/clickhouse'],
    ['libs/redis/src/a.ts', '@tidemark/kafka'],
    ['libs/runtime/src/a.ts', '@tidemark/core'],
    ['libs/kafka/src/a.ts', '@tidemark/worker'],
    ['libs/core/src/a.ts', '@tidemark/testing'],
    ['services/worker/src/a.ts', '@tidemark/query'],
    ['services/worker/src/a.ts', '@tidemark/testing'],
    ['services/worker/src/a.ts', '@tidemark/local'],
    ['libs/kafka/test/a.test.ts', '@tidemark/redis'],
    ['services/worker/test/a.test.ts', '@tidemark/archiver'],
    ['libs/core/src/a.ts', '@tidemark/core'],
    ['libs/unheard/src/a.ts', '@tidemark/core'],
    ['deploy/local/src/a.ts', '@tidemark/core'],
  ])('%s must not import %s', (path, name) => {
    expect(broken({ [path]: uses(name) })).toEqual([`${path}:2 import-order`]);
  });

  test.each([
    ['libs/definitions/src/a.ts', '@tidemark/core'],
    ['libs/pipeline/src/a.ts', '@tidemark/codec'],
    ['libs/clickhouse/src/a.ts', '@tidemark/pipeline'],
    ['services/worker/src/a.ts', '@tidemark/kafka'],
    ['services/cli/src/a.ts', '@tidemark/local'],
    ['services/cli/src/a.ts', '@tidemark/testing'],
    ['libs/core/test/a.test.ts', '@tidemark/testing'],
    ['libs/core/bench/a.bench.ts', '@tidemark/testing'],
    ['libs/kafka/test/a.int.test.ts', '@tidemark/local'],
    ['libs/kafka/test/a.test.ts', '@tidemark/kafka'],
    ['libs/testing/src/a.ts', '@tidemark/local'],
    ['libs/definitions/scripts/a.ts', '@tidemark/testing'],
  ])('%s may import %s', (path, name) => {
    expect(broken({ [path]: uses(name) })).toEqual([]);
  });

  test('type imports, re-exports and dynamic imports count like all others', () => {
    for (const text of [
      "import type { X } from '@tidemark/redis';",
      "export * from '@tidemark/redis';",
      "await import('@tidemark/redis');",
      "import '@tidemark/redis';",
    ]) {
      expect(broken({ 'libs/core/src/a.ts': text })).toEqual(['libs/core/src/a.ts:2 import-order']);
    }
  });
});

describe('public entries', () => {
  test('no path reaches into another workspace, by name or by dots', () => {
    expect(broken({ 'libs/codec/src/a.ts': uses('@tidemark/core/src/day.ts') })).toEqual(['libs/codec/src/a.ts:2 public-entry']);
    expect(broken({ 'libs/codec/src/a.ts': uses('../../core/src/day.ts') })).toEqual(['libs/codec/src/a.ts:2 public-entry']);
    expect(broken({ 'libs/codec/test/a.test.ts': uses('../../core/src/day.ts') })).toEqual(['libs/codec/test/a.test.ts:2 public-entry']);
    expect(broken({ 'libs/codec/src/a.ts': uses('../../../../shared/x.ts') })).toEqual(['libs/codec/src/a.ts:2 public-entry']);
  });

  test('a path that the manifest exports is a public entry, its neighbour is not', () => {
    const manifest = {
      'libs/testing/package.json': '{ "name": "@tidemark/testing", "exports": { ".": "./src/index.ts", "./contracts": "./src/contracts/index.ts" } }',
    };
    expect(broken({ ...manifest, 'libs/redis/test/a.int.test.ts': uses('@tidemark/testing/contracts') })).toEqual([]);
    expect(broken({ ...manifest, 'libs/redis/test/a.int.test.ts': uses('@tidemark/testing/twins') })).toEqual([
      'libs/redis/test/a.int.test.ts:2 public-entry',
    ]);
  });

  test('own files and contracts are within reach', () => {
    expect(broken({ 'libs/codec/test/a.test.ts': uses('../src/a.ts') })).toEqual([]);
    expect(broken({ 'libs/codec/test/a.test.ts': uses('../../../schemas/events/event.json') })).toEqual([]);
  });
});

describe('drivers', () => {
  test.each([
    ['services/worker/src/a.ts', 'kafkajs'],
    ['libs/pipeline/src/a.ts', 'ioredis'],
    ['libs/redis/src/a.ts', '@clickhouse/client'],
    ['services/cli/src/a.ts', 'chdb/connection'],
    ['services/query/src/a.ts', 'vitest'],
    ['libs/core/src/a.ts', 'fast-check'],
  ])('%s must not import %s', (path, name) => {
    expect(broken({ [path]: uses(name) })).toEqual([`${path}:2 drivers`]);
  });

  test.each([
    ['libs/kafka/src/a.ts', 'kafkajs'],
    ['libs/redis/src/a.ts', 'ioredis'],
    ['libs/clickhouse/src/a.ts', '@clickhouse/client'],
    ['deploy/local/src/a.ts', 'kafkajs'],
    ['services/worker/test/a.int.test.ts', 'kafkajs'],
    ['libs/core/test/a.property.test.ts', 'fast-check'],
    ['vitest.config.ts', 'vitest/config'],
  ])('%s may import %s', (path, name) => {
    expect(broken({ [path]: uses(name) })).toEqual([]);
  });
});

describe('purity', () => {
  test.each([
    'Date.now()',
    'new Date(0)',
    'Math.random()',
    'crypto.randomUUID()',
    'setTimeout(f, 1)',
    'setInterval(f, 1)',
    'setImmediate(f)',
    'process.env',
    'performance.now()',
    'Temporal.Now.instant()',
  ])('pure rooms must not use %s', (code) => {
    for (const room of ['core', 'definitions', 'codec', 'pipeline'])
      expect(broken({ [`libs/${room}/src/a.ts`]: `const x = ${code};` })).toEqual([`libs/${room}/src/a.ts:2 purity`]);
    expect(broken({ 'services/worker/src/a.ts': `const x = ${code};`, 'libs/core/test/a.test.ts': `const x = ${code};` })).toEqual([]);
  });

  test('pure rooms must not import what reads the outside world', () => {
    expect(broken({ 'libs/core/src/a.ts': uses('node:fs') })).toEqual(['libs/core/src/a.ts:2 pure-imports']);
    expect(broken({ 'libs/core/src/a.ts': uses('node:crypto'), 'libs/redis/src/a.ts': uses('node:fs') })).toEqual([]);
  });

  test('words in comments, strings, templates and patterns are no code, but the expressions of a template are', () => {
    const quiet = [
      '// Date.now()',
      '/* Date.now() */',
      "const s = 'Date.now()';",
      'const s = `Date.now() ${s} Date.now()`;',
      'const r = /Date.now/;',
      String.raw`const s = 'it\'s Date.now()';`,
    ];
    expect(broken({ 'libs/core/src/a.ts': quiet.join('\n') })).toEqual([]);
    expect(broken({ 'libs/core/src/a.ts': 'const s = `a ${{ b: `${Date.now()}` }} c`;' })).toEqual(['libs/core/src/a.ts:2 purity']);
    expect(broken({ 'libs/core/src/a.ts': 'const half = n / 2; const t = Date.now(); const q = n / 2;' })).toEqual(['libs/core/src/a.ts:2 purity']);
  });
});

describe('cycles', () => {
  test('two files that import each other are found once, types included', () => {
    const tree = {
      'libs/core/src/a.ts': uses('./b.ts'),
      'libs/core/src/b.ts': "import type { x } from './a.ts';",
      'libs/core/src/c.ts': uses('./a.ts'),
    };
    expect(broken(tree)).toEqual(['libs/core/src/b.ts:2 cycles']);
  });

  test('a diamond is no cycle, a file that imports itself is', () => {
    expect(
      broken({
        'libs/core/src/a.ts': `${uses('./b.ts')}\n${uses('./c.ts')}`,
        'libs/core/src/b.ts': uses('./d.ts'),
        'libs/core/src/c.ts': uses('./d.ts'),
        'libs/core/src/d.ts': '',
      }),
    ).toEqual([]);
    expect(broken({ 'libs/core/src/a.ts': uses('./a.ts') })).toEqual(['libs/core/src/a.ts:2 cycles']);
  });
});

describe('the look of a file', () => {
  test('a file may have 400 lines and not one more', () => {
    const lines = (count: number): string => `// What it is for.\n${'x();\n'.repeat(count - 1)}`;
    expect(broken({ 'libs/core/src/a.ts': lines(400) })).toEqual([]);
    expect(broken({ 'libs/core/src/a.ts': lines(401) })).toEqual(['libs/core/src/a.ts:401 file-size']);
  });

  test('the README may have 150 lines, other pages any number', () => {
    expect(broken({ 'README.md': 'x\n'.repeat(150), 'deploy/runbook.md': 'x\n'.repeat(500) })).toEqual([]);
    expect(broken({ 'README.md': 'x\n'.repeat(151) })).toEqual(['README.md:151 readme-size']);
  });

  test('the first line is a sentence', () => {
    for (const text of ['//', '/**\n * Later.\n */', "#!/usr/bin/env node\nimport 'node:fs';"])
      expect(broken({ 'services/cli/src/a.ts': text })).toEqual(['services/cli/src/a.ts:1 first-line']);
    for (const text of ['// What it is for.', '/** What it is for. */', '#!/usr/bin/env node\n// What it is for.'])
      expect(broken({ 'services/cli/src/a.ts': text })).toEqual([]);
  });

  test('nothing is exported by default but a configuration', () => {
    expect(broken({ 'libs/core/src/a.ts': 'export default 1;' })).toEqual(['libs/core/src/a.ts:2 default-exports']);
    expect(broken({ 'libs/core/src/a.ts': 'export { x as default };' })).toEqual(['libs/core/src/a.ts:2 default-exports']);
    expect(broken({ 'vitest.config.ts': 'export default 1;' })).toEqual([]);
  });

  test('names that say nothing are refused, as a whole or as a word', () => {
    for (const path of ['libs/core/src/utils.ts', 'libs/core/src/date-helpers.ts', 'libs/core/src/shared/a.ts', 'libs/core/src/state-manager.ts'])
      expect(broken({ [path]: '' })).toEqual([`${path}:1 empty-names`]);
    expect(broken({ 'libs/core/src/commonality.ts': '' })).toEqual([]);
  });
});

describe('kinds of tests', () => {
  test('a suffix that no project takes would never run', () => {
    for (const name of ['a.spec.ts', 'a.e2e.test.ts', 'a.test.mjs'])
      expect(broken({ [`libs/core/test/${name}`]: '' })).toEqual([`libs/core/test/${name}:1 test-suffix`]);
    expect(broken({ 'libs/core/test/a.ts': "import { test } from 'vitest';\ntest('x', () => {});" })).toEqual(['libs/core/test/a.ts:1 test-suffix']);
  });

  test('the known kinds and support code without tests pass', () => {
    for (const name of ['a.test.ts', 'a.property.test.ts', 'a.sim.test.ts', 'a.int.test.ts', 'a.ui.test.ts', 'a.bench.ts', 'rows.ts'])
      expect(broken({ [`libs/core/test/${name}`]: '' })).toEqual([]);
    expect(broken({ 'libs/core/test/cases.ts': "import { expect } from 'vitest';\nexport const check = (x: number) => expect(x).toBe(1);" })).toEqual(
      [],
    );
  });
});

describe('laws', () => {
  test('a law without a test file that exists is found', () => {
    const table = '| L1 | incremental = recompute | `test/a.test.ts` |\n| L2 | any split | |\n| L3 | duplicates | `test/gone.test.ts` |\n';
    expect(broken({ 'libs/core/README.md': table, 'libs/core/test/a.test.ts': '' })).toEqual([
      'libs/core/README.md:2 laws',
      'libs/core/README.md:3 laws',
    ]);
  });
});

describe('reading the text', () => {
  test('masking keeps every offset and every line break', () => {
    const text = 'const a = `x\n${b}`; // c\n/* d\n */ const r = a.replace(/[/"]/g, \'"\'); const e = f / g / h;\n';
    const masked = mask(text);
    expect(masked).toHaveLength(text.length);
    expect(masked.split('\n').map((line) => line.length)).toEqual(text.split('\n').map((line) => line.length));
    expect(masked).toContain('const e = f / g / h;');
    expect(masked).not.toMatch(/[cd"]\s*$|\/\[/m);
  });

  test('imports are read across lines and with their place', () => {
    const text = "// x\nimport {\n  a,\n} from './a.ts';\nexport { b } from \"./b.ts\";\nconst c = await import('./c.ts');\n// from './d.ts'\n";
    expect(importsOf({ path: 'x.ts', text })).toEqual([
      { specifier: './a.ts', line: 4 },
      { specifier: './b.ts', line: 5 },
      { specifier: './c.ts', line: 6 },
    ]);
  });
});
