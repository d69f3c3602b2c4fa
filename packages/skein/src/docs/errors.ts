import { ERRORS } from '@skein/protocol';
import { EXIT_CODES, type ExitReason } from '../cli/command-error.ts';
import { code, generatedFrom, page, paragraph, table } from './markdown.ts';

/** When a command ends with each of its exit codes. */
const EXIT_MEANINGS: Readonly<Record<ExitReason, string>> = {
  failed:
    'It failed; a data directory that is corrupt is one way. Of `skein verify`: the two differ; of `skein status`: a node is not healthy.',
  usage: 'The command line is not understood: an unknown command or option, a value out of range, something missing.',
  unavailable:
    'What is needed is not there: a port that is in use, a node that does not answer `skein status` or `verify`, an export that was cut off.',
  'try-later':
    'Another process has the data directory, or the disk is full; of `skein verify`: whether the two differ could not be told. Later it may be otherwise.',
  configuration: 'The configuration cannot work: a file, the environment, an address, or a directory of another role.',
};

/** docs/ERRORS.md, from the table of errors and that of exit codes. */
export function renderErrors(): string {
  return page(
    generatedFrom('packages/protocol/src/errors.ts and packages/skein/src/cli/command-error.ts'),
    '# Errors',
    paragraph(
      'A refusal over HTTP is `application/problem+json` (RFC 9457). `code` is stable and is what a program should look at;',
      '`title` and `detail` are for people and may improve. `type` is `urn:skein:error:` and the code. Some refusals say more:',
      'the `errors` of a body or query, the `operation` of a transaction, the `line` of a bulk load, the `head` of a log;',
      '[PROTOCOL.md](PROTOCOL.md) has them with each operation.',
    ),
    paragraph(
      '```json',
      '{',
      '  "type": "urn:skein:error:precondition_failed",',
      `  "title": "${ERRORS.precondition_failed.title}",`,
      `  "status": ${ERRORS.precondition_failed.status},`,
      '  "detail": "the document is at version 14.1-8tjjyp0d",',
      '  "code": "precondition_failed",',
      '  "collection": "orders",',
      '  "key": "o-1",',
      '  "version": "14.1-8tjjyp0d"',
      '}',
      '```',
    ),
    '## Over HTTP',
    table(
      ['code', 'status', 'meaning', 'what to do'],
      Object.entries(ERRORS).map(([name, { status, title, remedy }]) => [code(name), String(status), title, remedy]),
    ),
    '## Exit codes',
    'A command that fails says why in one sentence on stderr.',
    table(
      ['exit code', 'meaning'],
      [
        ['0', 'All is well; a node has been stopped and has closed its database.'],
        ...Object.entries(EXIT_CODES).map(([reason, exitCode]) => [
          String(exitCode),
          EXIT_MEANINGS[reason as ExitReason],
        ]),
      ],
    ),
  );
}
