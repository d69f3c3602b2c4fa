/** Says, at the head of a page, that its source is elsewhere. */
export function generatedFrom(source: string): string {
  return `<!-- Printed by \`npm run docs\` from ${source}; change it there. -->`;
}

/** A Markdown table with its columns aligned, as the formatter of this repository would write it. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const all = [head, ...rows].map((row) => row.map((cell) => cell.replaceAll('|', String.raw`\|`)));
  const widths = head.map((_, column) => Math.max(3, ...all.map((row) => row[column]!.length)));
  const lineOf = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const padded = all.map((row) => lineOf(row.map((cell, column) => cell.padEnd(widths[column]!))));
  return [padded[0]!, lineOf(widths.map((width) => '-'.repeat(width))), ...padded.slice(1)].join('\n');
}

export function code(text: string): string {
  return `\`${text}\``;
}

/** A paragraph, line by line as it is to stand. */
export function paragraph(...lines: readonly string[]): string {
  return lines.join('\n');
}

/** Paragraphs of a page, in order, with a line between them and one line end after the last. */
export function page(...paragraphs: readonly string[]): string {
  return `${paragraphs.join('\n\n')}\n`;
}
