/** The rows of a CSV answer that a JSON body asks for, as records of texts by column. */

export type CsvRecord = Readonly<Record<string, string>>;
type Body = Readonly<Record<string, unknown>>;

/** The rows of the parts that `expected` has, cut to its columns. No text of the shop needs quotes. */
export function recordsOfCsv(text: string, expected: readonly CsvRecord[]): readonly CsvRecord[] {
  const [header = '', ...lines] = text.trimEnd().split('\r\n');
  const columns = header.split(',');
  const wanted = Object.keys(expected[0] ?? {});
  const parts = new Set(expected.map(({ part }) => part));
  return lines
    .map((line) => line.split(','))
    .filter((cells) => parts.has(cells[columns.indexOf('part')] ?? ''))
    .map((cells) => Object.fromEntries(wanted.map((name) => [name, cells[columns.indexOf(name)] ?? `no column ${name}`])));
}

/** One record a cohort cell, step or bucket, in the order of the body. */
export function expectedRecords(body: Body): readonly CsvRecord[] {
  if (body['cohorts'] !== undefined) return list(body['cohorts']).flatMap((cohort) => cohortRecords(cohort, isSliced(body)));
  const lists = isSliced(body) ? list(body['slices']) : [body];
  return lists.flatMap((figures) => {
    const slice = isSliced(body) ? { slice_value: figures['value'] } : {};
    const { steps } = figures;
    if (steps !== undefined) return stepRecords(list(steps), { part: 'range', ...slice, bucket: null, complete: body['complete'] });
    return list(figures['buckets']).flatMap((bucket) => {
      const lead = { part: 'bucket', ...slice, bucket: bucket['bucket'], complete: bucket['complete'] };
      return bucket['steps'] === undefined ? [textsOf({ ...lead, ...bucketFigures(bucket) })] : stepRecords(list(bucket['steps']), lead);
    });
  });
}

/** Only of a body whose cohorts name a value, or that has lists of slices. */
function isSliced(body: Body): boolean {
  return body['slices'] !== undefined || list(body['cohorts']).some(({ value }) => value !== null);
}

function cohortRecords(cohort: Body, sliced: boolean): readonly CsvRecord[] {
  const lead = { part: 'cohort', ...(sliced ? { slice_value: cohort['value'] } : {}), cohort: cohort['cohort'], size: cohort['size'] };
  const { activated, rate, low, high, complete } = cohort;
  if (activated !== undefined) {
    const { n, mean, p50, p90 } = record(cohort['time']);
    return [textsOf({ ...lead, activated, rate, low, high, complete, n, mean, p50, p90 })];
  }
  return list(cohort['cells']).map((cell) =>
    textsOf({
      ...lead,
      k: cell['k'],
      retained: cell['retained'],
      rate: cell['rate'],
      on_or_after: cell['onOrAfter'],
      complete: cell['complete'],
      closes_at: cell['closesAt'],
    }),
  );
}

function stepRecords(steps: readonly Body[], lead: Body): readonly CsvRecord[] {
  return steps.map((step) => {
    const [previous, first] = [record(step['fromPrevious']), record(step['fromFirst'])];
    return textsOf({
      ...lead,
      step: step['step'],
      name: step['name'],
      uniques: step['uniques'],
      entries: step['entries'],
      of_first: step['ofFirst'],
      of_previous: step['ofPrevious'],
      timed: first['n'],
      from_previous_mean: previous['mean'],
      from_first_p50: first['p50'],
      from_first_p90: first['p90'],
    });
  });
}

/** Of a kpi `value` and `count`; of an activity its figures, those by window under a name with the window. */
function bucketFigures({ bucket: _, complete: __, value, of, rolling, stickiness, ...figures }: Body): Body {
  const isKpi = rolling === undefined;
  return {
    ...Object.fromEntries(Object.entries(record(of)).map(([name, figure]) => [`of_${name}`, figure])),
    ...(isKpi ? { value } : {}),
    ...figures,
    ...Object.fromEntries(Object.entries(record(rolling)).map(([n, actors]) => [`rolling_${n}`, actors])),
    ...Object.fromEntries(Object.entries(record(stickiness)).map(([n, ratio]) => [`stickiness_${n}`, ratio])),
  };
}

function textsOf(cells: Body): CsvRecord {
  return Object.fromEntries(Object.entries(cells).map(([name, cell]) => [name, cell === null ? '' : String(cell)]));
}

function list(value: unknown): readonly Body[] {
  return Array.isArray(value) ? value.map(record) : [];
}

function record(value: unknown): Body {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
