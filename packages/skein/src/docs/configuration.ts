import { EXIT_CODES } from '../cli/command-error.ts';
import {
  defaultOf,
  environmentName,
  helpOf,
  NODE_COMMANDS,
  OPTION_NAMES,
  optionsOf,
  placeholderOf,
  type NodeCommand,
  type OptionName,
} from '../config/options.ts';
import { code, generatedFrom, page, paragraph, table } from './markdown.ts';

/** docs/CONFIGURATION.md, from the table of options. */
export function renderConfiguration(): string {
  return page(
    generatedFrom('packages/skein/src/config/options.ts'),
    '# Configuration',
    paragraph(
      'The options of `skein leader`, `skein follower` and `skein mesh`. One name serves everywhere: `--max-lag 10s` on the command line,',
      '`max-lag: 10s` in a YAML file given with `--config` (or `SKEIN_CONFIG`), `SKEIN_MAX_LAG=10s` in the environment.',
    ),
    paragraph(
      'Later wins: defaults, then the file, then the environment, then flags. A name nobody knows is an error in each of',
      `them: exit code ${EXIT_CODES.usage} for a flag, ${EXIT_CODES.configuration} for a key of the file or a variable that begins with \`SKEIN_\`. What is an option of the`,
      'other roles only is passed over in a file and in the environment, so that all roles can share one. `skein config',
      'leader`, `skein config follower` and `skein config mesh` print what a node would run with, and where each value',
      'comes from.',
    ),
    paragraph(
      'Durations are written `500ms`, `10s`, `2m` or `1h`; sizes `512B`, `64KiB`, `64MiB` or `1GiB`; switches `on` or',
      '`off`.',
    ),
    ...NODE_COMMANDS.flatMap((command) => [`## skein ${command}`, optionTable(command)]),
    '## A file',
    paragraph(
      '```yaml',
      '# skein follower --config edge.yaml',
      'leader: http://10.0.0.5:7400',
      'node-id: edge-1',
      'data: /var/lib/skein',
      'max-lag: 10s',
      '```',
    ),
    '## Environment',
    table(
      ['variable', 'option'],
      OPTION_NAMES.map((name) => [code(environmentName(name)), code(`--${name}`)]),
    ),
  );
}

function optionTable(command: NodeCommand): string {
  return table(
    ['option', 'default', 'meaning'],
    optionsOf(command).map((name) => [code(flagOf(name)), presetOf(name, command), helpOf(name, command)]),
  );
}

function flagOf(name: OptionName): string {
  const placeholder = placeholderOf(name);
  return placeholder === undefined ? `--${name}` : `--${name} ${placeholder}`;
}

function presetOf(name: OptionName, command: NodeCommand): string {
  const preset = defaultOf(name, command);
  return preset === null ? '' : code(preset);
}
