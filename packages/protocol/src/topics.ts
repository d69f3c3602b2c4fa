/** Where a set of nodes meets on a broker; sets with other prefixes know nothing of each other. */
export interface Topics {
  /** Events, as base64. */
  readonly events: string;
  /** Records of a leader, as they are stored. */
  readonly log: string;
}

/** A key for messages that is shorter can be guessed. */
export const HMAC_KEY_BYTES_MIN = 32;

const PREFIX_BYTES_MAX = 256;

/** What is wrong with a prefix, or undefined when nothing is. */
export function topicPrefixProblem(prefix: string): string | undefined {
  if (prefix.length === 0) return 'must not be empty';
  if (/[+#]/.test(prefix)) return 'must not hold wildcards';
  if (prefix.startsWith('$')) return "must not begin with $, which is the broker's own";
  // eslint-disable-next-line no-control-regex -- They are what is looked for.
  if (/[\u0000-\u001f\u007f-\u009f\p{Surrogate}]/u.test(prefix)) return 'must not hold control characters';
  if (prefix.split('/').some((level) => level === '')) return 'must not have empty levels';
  if (new TextEncoder().encode(prefix).length > PREFIX_BYTES_MAX)
    return `must not be longer than ${PREFIX_BYTES_MAX} bytes`;
  return undefined;
}

export function topicsOf(prefix: string): Topics {
  const problem = topicPrefixProblem(prefix);
  if (problem !== undefined) throw new TypeError(`a prefix of topics ${problem}`);
  return { events: `${prefix}/replication/events`, log: `${prefix}/replication/log` };
}
