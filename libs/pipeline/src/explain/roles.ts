/** What an event is to a metric: which of its selectors it matches, in words. */
import { type MetricDefinition, type MetricSet, matchesPlain, type Selector, type TimelineEvent } from '@tidemark/core';

/** Such as `start`, `step 2`, `condition Service Booked`; none for an event that the metric does not look at. */
export function rolesOf(set: MetricSet, metric: MetricDefinition, event: TimelineEvent): readonly string[] {
  return selectorsOf(metric).flatMap(([role, selector]) => (matchesPlain(selector, set.filter, event) ? [role] : []));
}

function selectorsOf(metric: MetricDefinition): readonly (readonly [string, Selector])[] {
  switch (metric.kind) {
    case 'retention':
      return [
        ['start', metric.start],
        ['return', metric.return],
      ];
    case 'funnel':
      return [
        ...metric.steps.map((step, index) => [`step ${index + 1}`, step] as const),
        ...metric.exclude.map(({ select }) => ['excluded', select] as const),
      ];
    case 'activation':
      return [['start', metric.start], ...metric.conditions.map(({ select }) => [`condition ${select.name}`, select] as const)];
    case 'activity':
      return [['activity', metric.event]];
    case 'kpi': {
      const { measure } = metric;
      if (measure.measure === 'formula') return [];
      if (measure.measure !== 'ratio') return [['counted', measure.of]];
      return [
        ['numerator', measure.numerator.of],
        ['denominator', measure.denominator.of],
      ];
    }
  }
}
