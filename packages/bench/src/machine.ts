import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism, cpus, totalmem } from 'node:os';

/** What Linux tells of a process, read from outside it. Elsewhere there is nothing to read and the answers are NaN. */

const TICKS_PER_SECOND = 100;
const BYTES_PER_KIB = 1024;

export const MIB = 1024 ** 2;

/** LevelDB fills one write buffer while it writes out the other; their size is a choice of the operator. */
export const WRITE_BUFFERS_MIB = 128;

/** CPU time a process has used, user and system, all threads, in seconds. */
export function cpuSecondsOf(pid: number): number {
  const stat = readProcess(pid, 'stat');
  // The command's name, in brackets, may hold anything; the fields are counted from behind it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SECOND;
}

/** Resident memory now, and the most there has been since `forgetPeak`, in bytes. */
export function memoryOf(pid: number): { readonly now: number; readonly peak: number } {
  const status = readProcess(pid, 'status');
  return { now: kibOf(status, 'VmRSS') * BYTES_PER_KIB, peak: kibOf(status, 'VmHWM') * BYTES_PER_KIB };
}

export function forgetPeak(pid: number): void {
  if (process.platform === 'linux') writeFileSync(`/proc/${pid}/clear_refs`, '5');
}

export function describeMachine(): Readonly<Record<string, string | number>> {
  return {
    node: process.version,
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memory_gib: Math.round(totalmem() / 1024 ** 3),
    platform: `${process.platform}-${process.arch}`,
  };
}

function readProcess(pid: number, file: string): string {
  return process.platform === 'linux' ? readFileSync(`/proc/${pid}/${file}`, 'latin1') : '';
}

function kibOf(status: string, field: string): number {
  return Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(status)?.[1] ?? Number.NaN);
}
