/**
 * Numbers and durations as people read them. Every number in the page goes through here.
 *
 * Invariant (format.test.ts): a missing or non-finite number is an en dash, never NaN and never 0.
 */
import type { MetricDefinition } from '../../metrics/registry.ts';

export const missing = '–';

/** A number with as many decimals as its size deserves. */
export function formatNumber(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return missing;
  const size = Math.abs(value);
  if (size >= 1000) return Math.round(value).toLocaleString('en-GB');
  if (size >= 100 || Number.isInteger(value)) return value.toFixed(0);
  if (size >= 10) return value.toFixed(1);
  if (size >= 0.01 || size === 0) return value.toFixed(2);
  return size >= 0.001 ? value.toFixed(3) : value.toExponential(1);
}

/** A share of one as a percentage. */
export function formatShare(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return missing;
  const percent = value * 100;
  return `${percent > 0 && percent < 10 ? percent.toFixed(1) : percent.toFixed(0)}%`;
}

export function formatMetric(value: number | null | undefined, unit: MetricDefinition['unit']): string {
  if (unit === 'share') return formatShare(value);
  // Calls are small numbers that are compared: always with two decimals.
  if (unit === 'calls' && value !== null && value !== undefined && Number.isFinite(value))
    return value.toFixed(2);
  if (unit === 'tokens' && value !== null && value !== undefined && Number.isFinite(value))
    return Math.round(value).toLocaleString('en-GB');
  return formatNumber(value);
}

/** Seconds as "45 s", "3 min 20 s", "2 h 5 min"; coarse on purpose. */
export function formatDuration(seconds: number | null | undefined): string {
  if (seconds === null || seconds === undefined || !Number.isFinite(seconds)) return missing;
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  if (minutes < 10) return `${minutes} min ${whole % 60} s`;
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** 104_832 parameters as "105k", 2_300_000 as "2.3M". */
export function formatCount(count: number | null | undefined): string {
  if (count === null || count === undefined || !Number.isFinite(count)) return missing;
  if (count >= 1e6) return `${(count / 1e6).toFixed(count >= 1e7 ? 0 : 1)}M`;
  if (count >= 1e4) return `${Math.round(count / 1e3)}k`;
  if (count >= 1e3) return `${(count / 1e3).toFixed(1)}k`;
  return count.toFixed(0);
}

/** A difference of two shares, in percentage points. */
export function formatPoints(value: number): string {
  return `${(value * 100).toFixed(Math.abs(value) < 0.0995 ? 1 : 0)} pts`;
}

/** A signed difference, with a real minus sign. */
export function formatDelta(value: number, format: (value: number) => string): string {
  const text = format(Math.abs(value));
  if (value === 0 || /^[0. pts%]*$/.test(text)) return '±0';
  return `${value > 0 ? '+' : '−'}${text}`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatNumber(count)} ${count === 1 ? one : many}`;
}
