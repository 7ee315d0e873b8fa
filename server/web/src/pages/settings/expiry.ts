// When something ends: choices, and what has ended.

export type Period = '1h' | '1d' | '7d' | '30d' | '90d' | '365d' | 'never' | 'custom';

const hour = 3600e3;
const periods: Partial<Record<Period, [ms: number, label: string]>> = {
  '1h': [hour, '1 hour'], '1d': [24 * hour, '1 day'], '7d': [168 * hour, '7 days'], '30d': [720 * hour, '30 days'], '90d': [2160 * hour, '90 days'], '365d': [8760 * hour, '1 year'],
};

export const periodOptions = (all: readonly Period[]) =>
  all.map((p) => [p, periods[p]?.[1] ?? (p === 'never' ? 'Never' : 'At a time of your choice')] as const);

/** The time that the API takes, null for never; undefined while a custom one, local as datetime-local gives it, says nothing. */
export function expiryOf(period: Period, custom = '', now = Date.now()): string | null | undefined {
  if (period === 'never') return null;
  const ms = periods[period]?.[0];
  const at = new Date(ms === undefined ? custom : now + ms);
  return isNaN(+at) ? undefined : at.toISOString();
}

export type State = 'active' | 'expired' | 'revoked';

export const stateOf = ({ revoked, expires }: { revoked?: string | null; expires: string | null }, now = Date.now()): State =>
  revoked ? 'revoked' : expires !== null && +new Date(expires) <= now ? 'expired' : 'active';
