// The living page: every metric's figures, asked for again every two seconds and drawn only when they have moved. Text from outside is only ever text.

const POLL_EVERY_MS = 2_000;
const CATALOGUE_EVERY_MS = 30_000;
const KIND_TITLES = { kpi: 'Numbers', activity: 'Activity', activation: 'Activation', funnel: 'Funnels', retention: 'Retention' };
const SVG = 'http://www.w3.org/2000/svg';

/** @typedef {{ metric: any, element: HTMLElement, figure: HTMLElement, etag: string, body: any, problem: string }} Card */
/** @type {Card[]} */
let cards = [];
let catalogueTag = '';
let lastFiguresMs = 0;
let isOffline = false;

/**
 * @param {string} name
 * @param {Record<string, string>} [attributes]
 * @param {(Node | string)[]} children
 */
function make(name, attributes = {}, ...children) {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...children);
  return element;
}

/** @param {string} name @param {Record<string, string | number>} attributes */
function draw(name, attributes) {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}

/** Thin group spaces; fixed-point text is grouped as text, so that no digit is lost. @param {string | number | null} value */
function count(value) {
  if (value === null) return '–';
  const [whole = '', fraction] = String(value).split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, '\u202f').replace('-', '−');
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}

/** @param {number | null | undefined} share */
function percent(share) {
  return share === null || share === undefined ? '–' : `${(share * 100).toFixed(share > 0 && share < 0.1 ? 1 : 0)}\u202f%`;
}

/** @param {Element} element @param {string} id */
function byId(element, id) {
  const found = element.querySelector(id);
  if (!(found instanceof HTMLElement)) throw new Error(`${id} is missing`);
  return found;
}

/** Stacked bars over buckets; lighter where they may still change. @param {{ label: string, isOpen: boolean, parts: number[] }[]} bars @param {string} title */
function spark(bars, title) {
  const svg = draw('svg', {
    class: 'spark',
    viewBox: `0 0 ${Math.max(1, bars.length) * 10} 56`,
    preserveAspectRatio: 'none',
    role: 'img',
    'aria-label': title,
  });
  const highest = Math.max(1e-9, ...bars.map(({ parts }) => parts.reduce((sum, part) => sum + Math.max(0, part), 0)));
  for (const [index, { label, isOpen, parts }] of bars.entries()) {
    const group = draw('g', {});
    let base = 56;
    for (const [series, part] of parts.entries()) {
      const height = (Math.max(0, part) / highest) * 54;
      base -= height;
      group.append(draw('rect', { x: index * 10 + 1, width: 8, y: base, height, class: `c${series}${isOpen ? ' open' : ''}` }));
    }
    const tip = draw('title', {});
    tip.textContent = label + (isOpen ? ' (not final yet)' : '');
    group.append(tip);
    svg.append(group);
  }
  return svg;
}

/** @param {any} body @param {any} metric */
function kpi(body, metric) {
  const last = body.buckets.at(-1);
  const bars = body.buckets.map((/** @type {any} */ each) => ({
    label: `${each.bucket}: ${count(each.value)}`,
    isOpen: !each.complete,
    parts: [Number(each.value)],
  }));
  const target =
    body.target === null
      ? ''
      : ` · target ${body.target.direction === 'up' ? 'at least' : 'at most'} ${count(body.target.value)}${body.target.per ? ` per ${body.target.per}` : ''}`;
  return [
    make('p', { class: 'value' }, count(body.total), ' ', make('small', {}, `in ${body.buckets.length} ${body.unit}s`)),
    make('p', { class: 'quiet' }, `${last?.bucket ?? ''}: ${count(last?.value ?? null)}${target}`),
    spark(bars, `${metric.title} from ${body.from} to ${body.to}`),
  ];
}

/** @param {any} body @param {any} metric */
function activity(body, metric) {
  const last = body.buckets.at(-1);
  const bars = body.buckets.map((/** @type {any} */ each) => ({
    label: `${each.bucket}: ${count(each.active)} active, ${count(each.new)} new, ${count(each.returning)} returning, ${count(each.resurrecting)} resurrecting`,
    isOpen: !each.complete,
    parts: [each.returning, each.resurrecting, each.new],
  }));
  const rolling = Object.entries(last?.rolling ?? {}).map(
    ([n, value]) => `last ${n} ${body.unit}s ${count(Number(value))} (stickiness ${percent(last.stickiness[n])})`,
  );
  const legend = ['returning', 'resurrecting', 'new'].flatMap((name, series) => [make('span', { class: `key c${series}` }), name]);
  return [
    make('p', { class: 'value' }, count(last?.active ?? null), ' ', make('small', {}, `active in ${last?.bucket ?? ''}`)),
    make('p', { class: 'quiet' }, [...rolling, `${count(body.uniques)} in the range`, `${count(last?.ever ?? null)} ever`].join(' · ')),
    spark(bars, `${metric.title} from ${body.from} to ${body.to}`),
    make('p', { class: 'quiet' }, ...legend),
  ];
}

/** @param {any} body */
function funnel(body) {
  const steps = body.steps.map((/** @type {any} */ step) => {
    const bar = make('span');
    bar.style.setProperty('--share', String(step.ofFirst ?? 0));
    const left = step.step === 1 || step.ofPrevious === null ? '' : ` · −${percent(1 - step.ofPrevious)} left before it`;
    const numbers = `${count(step.uniques)} people · ${count(step.entries)} entries`;
    return make(
      'li',
      {},
      make('p', { class: 'step' }, make('span', {}, `${step.step}. ${step.name}`), make('span', {}, percent(step.ofFirst))),
      make('div', { class: 'bar' }, bar),
      make('p', { class: 'quiet' }, numbers + left),
    );
  });
  return [
    make('ol', { class: 'steps' }, ...steps),
    make('p', { class: 'quiet' }, `opened from ${body.from} to ${body.to}${body.complete ? '' : ', not final yet'}`),
  ];
}

/** @param {any} body @param {any} metric */
function retention(body, metric) {
  const columns = body.overall.map((/** @type {any} */ cell) => cell.k);
  const highest = Math.max(
    0.01,
    ...body.cohorts.flatMap((/** @type {any} */ cohort) => cohort.cells.map((/** @type {any} */ cell) => cell.rate ?? 0)),
  );
  const head = make(
    'tr',
    {},
    make('th', { scope: 'col' }, body.unit),
    make('th', { scope: 'col' }, 'size'),
    ...columns.map((/** @type {number} */ k) => make('th', { scope: 'col' }, String(k))),
  );
  const shaded = (/** @type {number | null} */ rate, /** @type {string} */ tip, /** @type {string} */ kind) => {
    const share = (rate ?? 0) / highest;
    const cell = make('td', { class: `cell ${kind}${share > 0.8 ? ' deep' : ''}`, title: tip }, rate === null ? '' : percent(rate));
    cell.style.setProperty('--share', share.toFixed(3));
    return cell;
  };
  const pooled = body.overall.map((/** @type {any} */ cell) =>
    shaded(
      cell.rate,
      `${count(cell.retained)} of ${count(cell.of)} in ${cell.cohorts} cohorts; 95 %: ${percent(cell.low)} to ${percent(cell.high)}`,
      '',
    ),
  );
  // Cohorts from before the first event say nothing.
  const since = Math.max(
    0,
    body.cohorts.findIndex((/** @type {any} */ cohort) => cohort.size > 0),
  );
  const rows = body.cohorts
    .slice(since)
    .toReversed()
    .map((/** @type {any} */ cohort, /** @type {number} */ age) => {
      const cells = cohort.cells.map((/** @type {any} */ cell) => {
        // The range ends at the watermark's bucket, so the age of a cohort is how many buckets have begun since.
        if (cell.k > age) return make('td', { class: 'future' });
        const closing = cell.complete ? '' : `; can change until ${cell.closesAt.slice(0, 16).replace('T', ' ')} UTC`;
        return shaded(
          cell.rate,
          `${count(cell.retained)} of ${count(cohort.size)}, on or after ${count(cell.onOrAfter)}${closing}`,
          cell.complete ? '' : 'open',
        );
      });
      return make('tr', {}, make('th', { scope: 'row' }, cohort.cohort), make('td', {}, count(cohort.size)), ...cells);
    });
  const overall = make('tr', { class: 'overall' }, make('th', { scope: 'row' }, 'all, final cells'), make('td', {}, ''), ...pooled);
  const caption = make('caption', {}, `${metric.title}: share of each ${body.unit}'s cohort that came back k ${body.unit}s later`);
  return [make('table', {}, caption, make('thead', {}, head), make('tbody', {}, overall, ...rows))];
}

/** Seconds in the largest unit that leaves a number above one. @param {number | null} seconds */
function lasting(seconds) {
  if (seconds === null) return '–';
  const units = /** @type {const} */ ([
    [86_400, 'd'],
    [3_600, 'h'],
    [60, 'min'],
  ]);
  const [size, name] = units.find(([unit]) => seconds >= unit) ?? [1, 's'];
  return `${(seconds / size).toFixed(1)}\u202f${name}`;
}

/** @param {any} body @param {any} metric */
function activation(body, metric) {
  const bars = body.cohorts.map((/** @type {any} */ each) => ({
    label: `${each.cohort}: ${count(each.activated)} of ${count(each.size)} (${percent(each.rate)})`,
    isOpen: !each.complete,
    parts: [each.activated, each.size - each.activated],
  }));
  const [pooled] = body.overall;
  const size = body.cohorts.reduce((/** @type {number} */ sum, /** @type {any} */ each) => sum + each.size, 0);
  const last = body.cohorts.findLast((/** @type {any} */ each) => each.size > 0);
  const names = last?.conditions ?? [];
  const steps = names.map((/** @type {any} */ condition, /** @type {number} */ index) => {
    const met = body.cohorts.reduce((/** @type {number} */ sum, /** @type {any} */ each) => sum + each.conditions[index].met, 0);
    const bar = make('span');
    bar.style.setProperty('--share', String(size === 0 ? 0 : met / size));
    const share = make('p', { class: 'step' }, make('span', {}, condition.name), make('span', {}, percent(size === 0 ? null : met / size)));
    return make('li', {}, share, make('div', { class: 'bar' }, bar));
  });
  const of = `${count(pooled.activated)} of ${count(pooled.of)} in ${pooled.cohorts} final cohorts; 95 %: ${percent(pooled.low)} to ${percent(pooled.high)}`;
  const time =
    last === undefined ? '' : `${last.cohort}: half of the activated within ${lasting(last.time.p50)}, nine in ten within ${lasting(last.time.p90)}`;
  return [
    make('p', { class: 'value' }, percent(pooled.rate), ' ', make('small', {}, 'activated')),
    make('p', { class: 'quiet' }, of),
    spark(bars, `${metric.title} from ${body.from} to ${body.to}`),
    make('ol', { class: 'steps' }, ...steps),
    make('p', { class: 'quiet' }, time),
  ];
}

/** @type {Record<string, (body: any, metric: any) => Node[]>} */
const DRAWINGS = { kpi, activity, activation, funnel, retention };

/** @param {any} metric @returns {Card} */
function cardOf(metric) {
  const figure = make('div', { class: metric.kind === 'retention' ? 'figure scroll' : 'figure', 'aria-busy': 'true' });
  if (metric.kind === 'retention') figure.tabIndex = 0;
  const facts = [metric.owner === null ? '' : `owner ${metric.owner}`, `revision ${metric.revision.slice(0, 8)}`, metric.timezone]
    .filter((fact) => fact !== '')
    .join(' · ');
  const link = make('a', { href: metric.path }, 'JSON');
  const definition = make('p', { class: 'definition', title: metric.definition }, metric.description ?? metric.definition);
  const element = make(
    'article',
    { id: metric.id, class: metric.kind === 'retention' ? 'wide' : '' },
    make('h3', {}, metric.title),
    definition,
    figure,
    make('p', { class: 'quiet' }, `${facts} · `, link),
  );
  return { metric, element, figure, etag: '', body: null, problem: '' };
}

async function refreshCatalogue() {
  const response = await fetch('/v1/metrics', catalogueTag === '' ? {} : { headers: { 'if-none-match': catalogueTag } });
  if (!response.ok) return;
  catalogueTag = response.headers.get('etag') ?? '';
  const { metrics } = await response.json();
  const kinds = Object.keys(KIND_TITLES);
  metrics.sort((/** @type {any} */ a, /** @type {any} */ b) => kinds.indexOf(a.kind) - kinds.indexOf(b.kind));
  cards = metrics.map(cardOf);
  byId(document.body, '#figures').replaceChildren(...cards.map(({ element }) => element));
  const entries = Object.entries(KIND_TITLES).flatMap(([kind, title]) => {
    const links = cards.filter(({ metric }) => metric.kind === kind).map(({ metric }) => make('a', { href: `#${metric.id}` }, metric.title));
    return links.length === 0 ? [] : [make('h2', {}, title), ...links];
  });
  byId(document.body, '#rail').replaceChildren(...entries);
}

/** @param {Card} card */
async function refreshCard(card) {
  const response = await fetch(card.metric.path, card.etag === '' ? {} : { headers: { 'if-none-match': card.etag } });
  lastFiguresMs = Date.now();
  if (response.status === 304) {
    card.problem = '';
    return;
  }
  const body = await response.json();
  if (!response.ok) {
    card.problem = String(body.detail ?? `status ${response.status}`);
    if (card.body === null) card.figure.replaceChildren(make('p', { class: 'quiet' }, card.problem));
    return;
  }
  const before = card.figure.querySelector('.value')?.textContent ?? null;
  Object.assign(card, { body, problem: '', etag: response.headers.get('etag') ?? '' });
  card.figure.replaceChildren(...(DRAWINGS[card.metric.kind]?.(body, card.metric) ?? []));
  card.figure.removeAttribute('aria-busy');
  const value = card.figure.querySelector('.value');
  if (before !== null && value?.textContent !== before) value?.classList.add('changed');
}

/** The freshness mark says in words what the figures on the page are worth. */
function showMark() {
  const bodies = cards.flatMap(({ body }) => (body === null ? [] : [body.asOf]));
  const halted = new Set(bodies.flatMap((asOf) => asOf.halted.map((/** @type {any} */ each) => each.partition)));
  const problem = cards.find((card) => card.problem !== '')?.problem;
  const newest = Math.max(0, ...bodies.map((asOf) => Date.parse(asOf.publishedAt)));
  const seconds = Math.max(0, (Date.now() - newest) / 1_000);
  const age =
    seconds < 100
      ? `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`
      : seconds < 7_200
        ? `${Math.round(seconds / 60)} min`
        : `${Math.round(seconds / 3_600)} h`;
  const [kind, words] = isOffline
    ? [
        'trouble',
        lastFiguresMs === 0
          ? 'the service does not answer; asking again'
          : `offline, showing figures of ${new Date(lastFiguresMs).toLocaleTimeString()}; reconnecting`,
      ]
    : problem !== undefined
      ? ['trouble', problem]
      : halted.size > 0
        ? ['trouble', `partition ${[...halted].join(', ')} halted`]
        : bodies.some((asOf) => asOf.stale)
          ? ['trouble', `stale: last published ${age} ago`]
          : bodies.length === 0
            ? ['waiting', 'asking for figures']
            : ['live', `live, last published ${age} ago`];
  byId(document.body, '#mark').className = `mark ${kind}`;
  byId(document.body, '#mark-words').textContent = words ?? '';
  const first = bodies[0];
  if (first)
    byId(document.body, '#mark').title = `watermark ${first.watermark ?? 'none yet'}, from ${first.source}, positions ${Object.entries(
      first.positions,
    )
      .map(([partition, next]) => `${partition}: ${next}`)
      .join(', ')}`;
}

let catalogueAtMs = 0;
async function refresh() {
  if (document.hidden) return;
  try {
    if (Date.now() - catalogueAtMs > CATALOGUE_EVERY_MS || cards.length === 0) {
      await refreshCatalogue();
      catalogueAtMs = Date.now();
    }
    await Promise.all(cards.map(refreshCard));
    isOffline = false;
  } catch {
    isOffline = true;
  }
  showMark();
}

async function run() {
  for (;;) {
    await refresh();
    await new Promise((resolve) => setTimeout(resolve, POLL_EVERY_MS));
  }
}

void run();
setInterval(showMark, 500);
document.addEventListener('visibilitychange', () => void refresh());
