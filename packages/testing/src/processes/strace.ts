import { execaSync } from 'execa';

/** System calls on some files that fail as if the disk had. */
export interface DiskFault {
  readonly call: 'write' | 'fdatasync';
  readonly error: 'ENOSPC' | 'EIO';
  /** Which of the calls, counted from 1: `60`, or `60..70`. */
  readonly when: string;
  readonly paths: readonly string[];
}

/** Why there can be no disk faults here; undefined when there can. */
export function straceProblem(): string | undefined {
  const { exitCode, failed, stderr } = execaSync('strace', ['-qq', '-o', '/dev/null', 'true'], { reject: false });
  if (exitCode === undefined) return 'strace is not installed';
  return failed ? `strace does not work here: ${stderr}` : undefined;
}

/** A command that runs a node and makes its system calls fail. It counts by thread: give the node one for its disk. */
export function straceWith({ call, error, when, paths }: DiskFault): readonly string[] {
  const inject = `inject=${call}:error=${error}:when=${when}`;
  const options = ['-f', '--seccomp-bpf', '-qq', '-o', '/dev/null', '-e', `trace=${call}`, '-e', inject];
  return ['strace', ...options, ...paths.flatMap((path) => ['-P', path])];
}
