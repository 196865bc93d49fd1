/** Prometheus metrics under one prefix, with checked names and labels and a bound on the number of series. */
import { Counter as PromCounter, Gauge as PromGauge, Histogram as PromHistogram, Registry } from 'prom-client';
import { addProcessMetrics } from './process-metrics.ts';
import { boundText } from './redact.ts';

export const metricPrefix = 'tidemark_';

type LabelValue = string | number;
type LabelValues<L extends string> = Readonly<Record<L, LabelValue>>;
/** No argument for a metric without labels, exactly one for a metric with labels. */
type LabelArguments<L extends string> = [L] extends [never] ? [] : [labels: LabelValues<L>];

export interface MetricSpec<L extends string> {
  /** Without the prefix, in snake case with the unit last: `records_total`, `publish_duration_seconds`, `clock_timestamp_seconds` for a time since 1970. */
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly L[];
  /** Called before each exposition, for values that are read rather than counted. */
  readonly collect?: () => void;
}

export interface HistogramSpec<L extends string> extends MetricSpec<L> {
  /** Upper bounds, ascending, without infinity. */
  readonly buckets: readonly number[];
}

export interface CounterSeries {
  /** `amount` ≥ 0, default 1. */
  add(amount?: number): void;
  /** Sets the absolute value, for a total that is kept elsewhere, such as a count in recovered state. */
  setTotal(total: number): void;
}

export interface GaugeSeries {
  set(value: number): void;
  add(amount: number): void;
}

export interface HistogramSeries {
  observe(value: number): void;
}

/** A metric and its series; `with` checks its labels, so keep what it returns where it is hot. */
export interface Metric<L extends string, S> {
  with(...labels: LabelArguments<L>): S;
  /** Forgets one series, such as that of a revoked partition. */
  remove(...labels: LabelArguments<L>): void;
  /** Forgets every series: for values that are read anew at each exposition, so that what is gone is not shown for ever. */
  clear(): void;
}

export type Counter<L extends string = never> = Metric<L, CounterSeries>;
export type Gauge<L extends string = never> = Metric<L, GaugeSeries>;
export type Histogram<L extends string = never> = Metric<L, HistogramSeries>;

export interface Metrics {
  /** The name must end in `_total`. */
  counter<L extends string = never>(spec: MetricSpec<L>): Counter<L>;
  /** The name must not end in `_total`. */
  gauge<L extends string = never>(spec: MetricSpec<L>): Gauge<L>;
  histogram<L extends string = never>(spec: HistogramSpec<L>): Histogram<L>;
  /** Everything that `text()` may show, series or not, by name; for the table of the documentation. */
  describe(): readonly MetricDescription[];
  /** The exposition for `GET /metrics`; rejects when a `collect` throws. */
  text(): Promise<string>;
  /** The content type of `text()`. */
  readonly contentType: string;
}

export interface MetricDescription {
  /** As exposed, with its prefix. A histogram is exposed as `NAME_bucket`, `NAME_sum` and `NAME_count`. */
  readonly name: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
}

export interface MetricsOptions {
  /** Labels of every series. */
  readonly defaultLabels?: Readonly<Record<string, string>>;
  /** CPU, memory, descriptors and event loop of the process, read at exposition, without timers. Default true. */
  readonly processMetrics?: boolean;
  /** Series beyond this many per metric are dropped and counted in `tidemark_metric_series_dropped_total`. Default 2,000. */
  readonly maxSeriesPerMetric?: number;
}

/** Upper bounds for request and store latencies, in seconds. */
export const latencyBucketsSeconds: readonly number[] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

const maxLabelValueChars = 200;
/** Of Prometheus's own series of a histogram, and units that are not the base: seconds, bytes, ratio. */
const wrongSuffixPattern = /_(?:count|sum|bucket|ms|millis|milliseconds|micros|minutes|hours|days|kib|mib|kb|mb|percent)(?:_total)?$/;

/** Creates a registry of its own; nothing is registered globally. A name that breaks the rules or is taken throws. */
export function createMetrics(options: MetricsOptions = {}): Metrics {
  const registry = new Registry();
  if (options.defaultLabels) registry.setDefaultLabels(options.defaultLabels);
  if (options.processMetrics !== false) addProcessMetrics(registry);
  const maxSeries = options.maxSeriesPerMetric ?? 2000;
  const dropped = new PromCounter({
    name: `${metricPrefix}metric_series_dropped_total`,
    help: 'Updates of series that were dropped because their metric has too many.',
    labelNames: ['metric'],
    registers: [registry],
  });
  const series = (metric: ClearedMetric, { name, labelNames }: PromSettings): SeriesTable => ({
    name,
    labelNames,
    maxSeries,
    seen: new Set(),
    forget: (labels) => metric.remove(labels),
    forgetAll: () => metric.reset(),
    onDropped: () => dropped.inc({ metric: name }),
  });

  function counter<L extends string = never>(spec: MetricSpec<L>): Counter<L>;
  function counter(spec: MetricSpec<string>): Metric<string, CounterSeries> {
    const settings = promSettings(spec, registry);
    if (!settings.name.endsWith('_total')) throw new Error(`the name of counter ${settings.name} must end in _total`);
    const metric = new PromCounter(settings);
    const wrap = (labels: LabelValues<string>): CounterSeries => ({
      add: (amount = 1) => metric.inc(labels, amount),
      setTotal: (total) => {
        metric.remove(labels);
        metric.inc(labels, total);
      },
    });
    return seriesOf(series(metric, settings), wrap, { add: ignore, setTotal: ignore });
  }

  function gauge<L extends string = never>(spec: MetricSpec<L>): Gauge<L>;
  function gauge(spec: MetricSpec<string>): Metric<string, GaugeSeries> {
    const settings = promSettings(spec, registry);
    if (settings.name.endsWith('_total')) throw new Error(`the name of gauge ${settings.name} must not end in _total`);
    const metric = new PromGauge(settings);
    const wrap = (labels: LabelValues<string>): GaugeSeries => ({
      set: (value) => metric.set(labels, value),
      add: (amount) => metric.inc(labels, amount),
    });
    return seriesOf(series(metric, settings), wrap, { set: ignore, add: ignore });
  }

  function histogram<L extends string = never>(spec: HistogramSpec<L>): Histogram<L>;
  function histogram(spec: HistogramSpec<string>): Metric<string, HistogramSeries> {
    const buckets = checkBuckets(spec);
    const settings = promSettings(spec, registry);
    const metric = new PromHistogram({ ...settings, buckets });
    const wrap = (labels: LabelValues<string>): HistogramSeries => ({ observe: (value) => metric.observe(labels, value) });
    return seriesOf(series(metric, settings), wrap, { observe: ignore });
  }

  return { counter, gauge, histogram, describe: () => describeAll(registry), text: () => registry.metrics(), contentType: registry.contentType };
}

function ignore(): void {}

/** By name. prom-client tells label names on its objects, not in its types. */
function describeAll(registry: Registry): MetricDescription[] {
  const descriptions = registry.getMetricsAsArray().map((metric): MetricDescription => {
    const labels = 'labelNames' in metric && Array.isArray(metric.labelNames) ? metric.labelNames.filter((name) => name !== 'le').map(String) : [];
    const type = metric instanceof PromCounter ? 'counter' : metric instanceof PromHistogram ? 'histogram' : 'gauge';
    return { name: metric.name, type, help: metric.help, labels };
  });
  return descriptions.sort((left, right) => (left.name < right.name ? -1 : 1));
}

interface ClearedMetric {
  remove(labels: LabelValues<string>): void;
  reset(): void;
}

interface SeriesTable {
  readonly name: string;
  readonly labelNames: readonly string[];
  readonly maxSeries: number;
  readonly seen: Set<string>;
  forget(labels: LabelValues<string>): void;
  forgetAll(): void;
  onDropped(): void;
}

function seriesOf<S>(table: SeriesTable, wrap: (labels: LabelValues<string>) => S, nothing: S): Metric<string, S> {
  return {
    with: (labels = {}) => {
      const values = checkedLabels(table, labels);
      const key = JSON.stringify(table.labelNames.map((name) => values[name]));
      if (!table.seen.has(key)) {
        if (table.seen.size >= table.maxSeries) {
          table.onDropped();
          return nothing;
        }
        table.seen.add(key);
      }
      return wrap(values);
    },
    remove: (labels = {}) => {
      const values = checkedLabels(table, labels);
      table.seen.delete(JSON.stringify(table.labelNames.map((name) => values[name])));
      table.forget(values);
    },
    clear: () => {
      table.seen.clear();
      table.forgetAll();
    },
  };
}

function checkedLabels(table: SeriesTable, labels: LabelValues<string>): Record<string, string> {
  const names = Object.keys(labels);
  if (names.length !== table.labelNames.length || !table.labelNames.every((name) => Object.hasOwn(labels, name))) {
    throw new Error(`metric ${table.name} takes the labels [${table.labelNames.join(', ')}], not [${names.join(', ')}]`);
  }
  return Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, boundText(String(value).toWellFormed(), maxLabelValueChars)]));
}

interface PromSettings {
  readonly name: string;
  readonly help: string;
  readonly labelNames: string[];
  readonly registers: Registry[];
  readonly collect?: () => void;
}

function promSettings(spec: MetricSpec<string>, registry: Registry): PromSettings {
  const labelNames = [...(spec.labels ?? [])];
  if (!/^[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/.test(spec.name) || spec.name.startsWith(metricPrefix)) {
    throw new Error(`metric name "${spec.name}" must be snake case without the prefix ${metricPrefix}`);
  }
  const suffix = wrongSuffixPattern.exec(spec.name)?.[0];
  if (suffix !== undefined)
    throw new Error(`the name of metric ${spec.name} must not end in ${suffix}: base units, spelled out, without what Prometheus itself appends`);
  const wrong = labelNames.find(
    (name, index) => !/^[a-z][a-z0-9]*(?:_[a-z0-9]+)*$/.test(name) || name === 'le' || name === 'quantile' || labelNames.indexOf(name) !== index,
  );
  if (wrong !== undefined) throw new Error(`label "${wrong}" of metric ${spec.name} must be snake case, given once, and neither le nor quantile`);
  if (spec.help.trim() === '') throw new Error(`metric ${spec.name} needs a help text`);
  const settings = { name: `${metricPrefix}${spec.name}`, help: spec.help, labelNames, registers: [registry] };
  return spec.collect ? { ...settings, collect: spec.collect } : settings;
}

function checkBuckets(spec: HistogramSpec<string>): number[] {
  const ascending = spec.buckets.every((bound, index) => Number.isFinite(bound) && (index === 0 || bound > (spec.buckets[index - 1] ?? 0)));
  if (spec.buckets.length === 0 || !ascending) throw new Error(`the buckets of histogram ${spec.name} must be finite and ascending`);
  return [...spec.buckets];
}
