import { ValueType } from "@opentelemetry/api";
import { emptyResource } from "@opentelemetry/resources";
import {
  AggregationTemporality,
  type CollectionResult,
  type DataPoint,
  DataPointType,
  type MetricData,
  type MetricProducer,
} from "@opentelemetry/sdk-metrics";
import type { MetricDefinition } from "./catalogue.ts";
import { hrTime } from "./hr-time.ts";
import type { Labels } from "./metrics.ts";
import type { Family, HistogramCell, Registry } from "./registry.ts";

/** Shows the plain numbers of a registry to the OpenTelemetry SDK, whenever one of its readers collects. */
export function metricProducer(registry: Registry, now: () => number): MetricProducer {
  const start = hrTime(now());
  return {
    async collect(): Promise<CollectionResult> {
      const errors: unknown[] = [];
      const end = hrTime(now());
      const point = <T>(attributes: Labels, value: T): DataPoint<T> => ({
        startTime: start,
        endTime: end,
        attributes,
        value,
      });
      const metrics: MetricData[] = [];
      for (const family of registry.counters.values()) {
        metrics.push({
          descriptor: descriptor(family.definition),
          aggregationTemporality: AggregationTemporality.CUMULATIVE,
          dataPointType: DataPointType.SUM,
          isMonotonic: true,
          dataPoints: counted(family, (cell) => cell.value !== 0).map(({ labels, cell }) => point(labels, cell.value)),
        });
      }
      for (const family of registry.gauges.values()) {
        let readings: readonly { labels: Labels; value: number }[] = [];
        try {
          readings = readGauge(family);
        } catch (error) {
          errors.push(error);
        }
        metrics.push({
          descriptor: descriptor(family.definition),
          aggregationTemporality: AggregationTemporality.CUMULATIVE,
          dataPointType: DataPointType.GAUGE,
          dataPoints: readings.map(({ labels, value }) => point(labels, value)),
        });
      }
      for (const family of registry.histograms.values()) {
        metrics.push({
          descriptor: descriptor(family.definition),
          aggregationTemporality: AggregationTemporality.CUMULATIVE,
          dataPointType: DataPointType.HISTOGRAM,
          dataPoints: counted(family, (cell) => cell.count !== 0).map(({ labels, cell }) =>
            point(labels, histogram(cell)),
          ),
        });
      }
      return {
        resourceMetrics: { resource: emptyResource(), scopeMetrics: [{ scope: { name: "sipmesh" }, metrics }] },
        errors,
      };
    },
  };
}

function descriptor(definition: MetricDefinition): MetricData["descriptor"] {
  return {
    name: definition.name,
    description: definition.help,
    unit: definition.unit ?? "",
    valueType: ValueType.DOUBLE,
  };
}

/** All label sets; the one without labels only where it is the metric's own or was used. */
function counted<Cell>(family: Family<Cell>, used: (cell: Cell) => boolean): { labels: Labels; cell: Cell }[] {
  const plain = (family.definition.labels?.length ?? 0) === 0;
  return [...family.entries()].filter(({ cell }) => cell !== family.root || plain || used(cell));
}

function readGauge(
  family: Registry["gauges"] extends Map<string, infer F> ? F : never,
): { labels: Labels; value: number }[] {
  const reading = family.read?.();
  if (typeof reading === "number") return [{ labels: {}, value: reading }];
  if (reading !== undefined) return [...reading];
  return counted(family, (cell) => cell.value !== 0).map(({ labels, cell }) => ({ labels, value: cell.value }));
}

function histogram(cell: HistogramCell) {
  return {
    buckets: { boundaries: [...cell.bounds], counts: [...cell.counts] },
    count: cell.count,
    sum: cell.sum,
    ...(cell.count === 0 ? {} : { min: cell.min, max: cell.max }),
  };
}
