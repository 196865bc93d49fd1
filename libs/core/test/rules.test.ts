/** The table of rules is whole: each rule names a test that exists, numbers have no gaps, and every sentence of the page that states the rules is quoted. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../../..');
const page = join(root, '../shared/metrics.md');
const rules = rulesOf(readFileSync(join(root, 'libs/core/rules.md'), 'utf8'));

interface Rule {
  readonly id: string;
  readonly statedAs: string;
  readonly file: string;
  readonly title: string;
}

function rulesOf(table: string): Rule[] {
  // A backslash keeps the character after it from meaning something to Markdown.
  return table
    .split('\n')
    .filter((line) => /^\| [A-Z]\d+ +\|/.test(line))
    .map((line) => {
      const [, id = '', , statedAs = '', file = '', title = ''] = line.split(/(?<!\\)\|/).map((cell) => cell.trim().replace(/\\([^\w\s])/g, '$1'));
      return { id, statedAs, file, title };
    });
}

/** Whether a test, or a row of a table of tests, bears the title. */
function hasTest(source: string, title: string): boolean {
  return ["'", '"', '`'].some((quote) => {
    for (let at = source.indexOf(quote + title + quote); at >= 0; at = source.indexOf(quote + title + quote, at + 1)) {
      const after = source.slice(at + title.length + 2).trimStart();
      if (/[([]\s*$/.test(source.slice(0, at)) && after.startsWith(',')) return true;
    }
    return false;
  });
}

describe('the table of rules', () => {
  test('names for each rule a test that exists under exactly this title', () => {
    expect(rules.length).toBeGreaterThan(150);
    const missing = rules.filter(({ file, title }) => !existsSync(join(root, file)) || !hasTest(readFileSync(join(root, file), 'utf8'), title));
    expect(missing.map(({ id, file, title }) => `${id}: ${file}: ${title}`)).toEqual([]);
  });

  test('numbers the rules of each group from 1 on, without gaps', () => {
    const groups = Map.groupBy(rules, ({ id }) => id.slice(0, 1));
    for (const [letter, group] of groups) expect(group.map(({ id }) => id)).toEqual(group.map((_, index) => `${letter}${index + 1}`));
  });

  test('quotes the page that states the rules, and every sentence of it', ({ skip }) => {
    if (!existsSync(page)) skip('shared/metrics.md is not beside the project');
    const { sentences, examples } = partsOf(readFileSync(page, 'utf8'));
    const unstated = rules.filter(({ statedAs }) => ![...sentences, ...examples].some((part) => part.includes(statedAs)));
    expect(unstated.map(({ id, statedAs }) => `${id}: ${statedAs}`)).toEqual([]);
    const stating = [...sentences.filter((sentence) => !STATES_NO_RULE.some((start) => sentence.startsWith(start))), ...examples.filter(isCommented)];
    expect(stating.length).toBeGreaterThan(80);
    expect(stating.filter((part) => !rules.some(({ statedAs }) => part.includes(statedAs)))).toEqual([]);
  });
});

const STATES_NO_RULE = ['Every rule below is normative', 'Where this page is silent', 'Leave room'];

/** What an example says beside itself is a rule. */
function isCommented(line: string): boolean {
  return line.includes(' # ');
}

/** The sentences of the text, and the lines of its examples; white space is single. */
function partsOf(text: string): { sentences: string[]; examples: string[] } {
  const [prose, examples]: [string[], string[]] = [[], []];
  let isExample = false;
  for (const line of text.split('\n')) {
    if (line.startsWith('```')) isExample = !isExample;
    else if (isExample) examples.push(line);
    else prose.push(/^#|^$/.test(line) ? '\n' : `${line.startsWith('- ') ? '\n' : ''}${line} `);
  }
  const ends = /(?<=[.!?]["”)]?) (?=[A-Z*`"(])/;
  const single = (part: string): string => part.replace(/\s+/g, ' ').trim();
  const sentences = prose
    .join('')
    .split('\n')
    .flatMap((block) => single(block).split(ends));
  return { sentences: sentences.filter((sentence) => sentence !== ''), examples: examples.map(single) };
}
