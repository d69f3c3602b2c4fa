/** How far a copy is, as it is told on the wire. */
export interface CopyStatus {
  readonly step: string;
  readonly documents: number;
  readonly documents_total: number | null;
  readonly seconds_left: number | null;
}

/** How far a copy is, in few words; steps that this version does not know are named as they are. */
export function copyText(copy: CopyStatus): string {
  const { step, documents, documents_total: total, seconds_left: seconds } = copy;
  if (step !== 'copying') return step;
  const done = total === null ? `${documents} documents` : `${percentOf(documents, total)} %`;
  return seconds === null ? `${step} ${done}` : `${step} ${done}, about ${durationText(seconds)} left`;
}

/** Documents that are written meanwhile may make more than the whole. */
function percentOf(documents: number, total: number): number {
  return total === 0 ? 100 : Math.min(100, Math.floor((100 * documents) / total));
}

function durationText(seconds: number): string {
  return seconds < 120 ? `${seconds} s` : `${Math.round(seconds / 60)} min`;
}
