/** The other end of an `Actor`: what every process of a bench does the same way. */

/** The arguments this process was started with. */
export function given(): unknown {
  return JSON.parse(process.argv[2]!);
}

export function say(message: unknown): void {
  process.send!(message);
}

/** The last words of a process that has done what it was started for; it ends when nothing else keeps it. */
export function sayLast(message: unknown): void {
  process.send!(message, () => process.disconnect());
}

/** Milliseconds of the machine's monotonic clock: the same in all of its processes. */
export function machineMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Runs `stop` and ends, when the bench says so or is gone. */
export function endWith(stop: () => Promise<void>): void {
  let isEnding = false;
  const end = (): void => {
    if (isEnding) return;
    isEnding = true;
    void stop().finally(() => process.exit());
  };
  process.once('SIGTERM', end);
  process.once('disconnect', end);
}
