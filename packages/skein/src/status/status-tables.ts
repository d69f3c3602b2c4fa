import { styleText } from 'node:util';
import { parsePosition } from '@skein/protocol';
import { copyText, planTakeover } from '@skein/replication';
import Table from 'cli-table3';
import { isUnwell, type Answer, type Status } from './ask-status.ts';

type Row = (string | { readonly content: string; readonly colSpan: number })[];

/** What the nodes said, for a reader: each of them, then the members and who could lead, then whose writes are merged, then who follows whom. */
export function statusTables(answers: readonly Answer[]): string {
  const statuses = answers.flatMap((answer) => ('status' in answer ? [answer.status] : []));
  const followers = statuses.flatMap((status) => status.followers.map((slot) => followerRow(status, slot, statuses)));
  const tables = [tableOf(answers)];
  const peers = statuses.flatMap(peerRows);
  const members = memberRows(answers);
  if (members.length > 0) tables.push(table(['member', 'epoch', 'promised', 'could lead'], members));
  if (peers.length > 0) tables.push(table(['peer', 'of', 'state', 'read up to', 'lag', 'compared'], peers));
  if (followers.length > 0) tables.push(table(['follower', 'of', 'state', 'acknowledged', 'lag', 'seen'], followers));
  return tables.join('\n');
}

/** What each would need to be promoted now, as far as those that have been asked can tell. */
function memberRows(answers: readonly Answer[]): readonly Row[] {
  const statuses = answers.flatMap((answer) => ('status' in answer ? [answer] : []));
  const members = statuses.filter(({ status }) => (status.leadership?.peers.length ?? 0) > 0);
  return members.map(({ url, status }) => {
    const { promised, rival } = status.leadership!;
    const owed = promised.outstanding.map(({ counter, to }) => `${counter} to ${to}`);
    const promise = owed.length === 0 ? '–' : owed.join(', ');
    const epoch = status.epoch ?? '–';
    const epochText = rival === null ? epoch : red(`${epoch}, rival of ${rival}`);
    return [status.node, epochText, promise, couldLead({ url, status }, members)];
  });
}

function couldLead(
  { url, status }: { readonly url: string; readonly status: Status },
  members: readonly { readonly url: string; readonly status: Status }[],
): string {
  const { unfit, peers } = status.leadership!;
  if (status.role === 'leader' && status.healthy !== false) return 'leads';
  if (unfit !== null) return red(`no: ${unfit}`);
  const there = members.filter((member) => member.url !== url && member.status.log === status.log);
  const plan = planTakeover({
    members: peers.length + 1,
    minReplicas: Math.min(...members.map((member) => member.status.leadership!.min_replicas)),
    own: parsePosition(status.position),
    promises: [status, ...there.map((member) => member.status)].map(({ position }, i) => ({
      url: i === 0 ? null : there[i - 1]!.url,
      position: parsePosition(position),
    })),
    silent: peers.map((peer) => peer.url).filter((peer) => there.every((member) => member.url !== peer)),
    newestKnown: 0,
    acceptLoss: false,
  });
  switch (plan.kind) {
    case 'lead':
      return 'yes';
    case 'fetch':
      return `yes, with what ${plan.from} has`;
    case 'too-few':
      return `with --accept-loss: ${plan.given} of ${plan.needed} promises, behind ${plan.mayBeLost.after} may be lost`;
    case 'rivals':
      return `with --accept-loss: what ${plan.mayBeLost.members.join(', ')} has of its own is given up`;
  }
}

/** How far a node of a mesh is with what others write. */
function peerRows({ node, mesh }: Status): readonly Row[] {
  return (mesh?.peers ?? []).map((peer) => {
    const { url, cursor, lag_changes: lag, compared_at: at, compared_differing: differing } = peer;
    const compared = at === null ? 'not yet' : `${at}: ${differing ?? 'unknown'} differed`;
    const lagText = lag === null ? 'unknown' : `${lag} changes`;
    return [peer.node === null ? url : `${peer.node} at ${url}`, node, peerState(peer), cursor, lagText, compared];
  });
}

function peerState({ connected, gap, refused, last_error }: NonNullable<Status['mesh']>['peers'][number]): string {
  if (refused !== null) return red(`refused: ${refused}`);
  if (!connected) return red(last_error === null ? 'no contact' : `no contact: ${last_error}`);
  return gap === null ? 'merging' : `comparing: ${gap}`;
}

function followerRow({ node }: Status, slot: Status['followers'][number], statuses: readonly Status[]): string[] {
  const { id, state, refusal, applied, lag_changes: lag, seen_seconds_ago: seen } = slot;
  const stateText = refusal ? red(`refused: ${refusal}`) : state === 'lost' ? red(state) : state;
  const seenText = seen === null ? 'not since its start' : `${seen.toFixed(1)} s ago`;
  return [id, node, elsewhere(id, node, statuses) ?? stateText, applied, `${lag} changes`, seenText];
}

/** What a follower says that has left a node which still keeps its log for it: not late there, but gone. */
function elsewhere(id: string, node: string, statuses: readonly Status[]): string | undefined {
  const itself = statuses.find((status) => status.node === id);
  if (itself?.role === 'leader') return 'leads';
  const follows = itself?.leader?.path?.[0];
  return follows === undefined || follows === node ? undefined : `follows ${follows}`;
}

function table(head: string[], rows: readonly Row[]): string {
  const made = new Table({ head, style: { head: [], border: [] } });
  made.push(...rows);
  return made.toString();
}

function tableOf(answers: readonly Answer[]): string {
  const rows = answers.map((answer): Row =>
    'status' in answer
      ? rowOf(answer.url, answer.status)
      : ['–', '–', { content: red(answer.problem), colSpan: 5 }, answer.url],
  );
  return table(['node', 'role', 'state', 'position', 'tail', 'lag', 'follows', 'address'], rows);
}

function rowOf(url: string, status: Status): string[] {
  const { replication, store, state, lag } = status;
  const doing = store !== 'ready' ? store : replication === undefined ? state : phaseOf(replication);
  const isDoingWell = doing === 'running' || doing === 'following';
  const isWell = isDoingWell && !isUnwell(status);
  const worst = isDoingWell && !isWell ? 'unhealthy' : doing;
  const lagText = `${lag.changes ?? 'unknown'} changes, ${lag.seconds === null ? 'unknown' : `${lag.seconds.toFixed(1)} s`}`;
  const place = [status.position, String(status.tail), lagText, followedBy(status)];
  return [status.node, status.role, isWell ? worst : red(worst), ...place, url];
}

/** The nodes it follows, nearest first; the address that it was given while it does not know them. */
function followedBy({ leader }: Status): string {
  if (leader === undefined) return '–';
  return leader.path?.join(' → ') ?? leader.url ?? 'nobody';
}

/** What it does, and how far it is with that; between two attempts at a copy there is no telling. */
function phaseOf({ phase, connected, recovery }: NonNullable<Status['replication']>): string {
  if (phase === 'recovering' && recovery?.copy) return copyText(recovery.copy);
  return phase === 'following' && !connected ? 'no contact' : phase;
}

function red(text: string): string {
  return process.stdout.isTTY && process.env['NO_COLOR'] === undefined ? styleText('red', text) : text;
}
