/** An answer to a question that was asked for nothing else: at that time, all that had been written ended at a head. */
export interface Proven {
  readonly head: number;
  readonly askedAtMs: number;
}

/**
 * What is kept of such answers, oldest first: the newest that is here, the oldest that is not, and the newest. A newer answer
 * never takes the place of one that is waited for: where writes go on and on, each would be overtaken by the next.
 */
export type ProvenAnswers = readonly Proven[];

export function provenAfter(before: ProvenAnswers, answer: Proven, applied: number): ProvenAnswers {
  const all = [...before, answer];
  const here = all.filter(({ head }) => head <= applied);
  const awaited = all.filter(({ head }) => head > applied);
  return [...here.slice(-1), ...awaited.slice(0, 1), ...awaited.slice(1).slice(-1)];
}

/** As of when the log up to an offset is known to have been all there was; null when it is not. */
export function provenAsOfMs(answers: ProvenAnswers, offset: number): number | null {
  return answers.findLast(({ head }) => head <= offset)?.askedAtMs ?? null;
}
