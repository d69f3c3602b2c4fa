export interface RepositoryFile {
  /** From the top of the repository, with forward slashes. */
  readonly path: string;
  readonly text: string;
}

export interface Violation {
  readonly path: string;
  readonly line: number;
  readonly sentence: string;
}

export interface Package {
  readonly name: string;
  /** `packages/core` */
  readonly folder: string;
  readonly manifest: RepositoryFile;
}

/** The package whose manifest this file is. */
export function packageOf(manifest: RepositoryFile): Package | null {
  const folder = /^(packages\/[^/]+)\/package\.json$/.exec(manifest.path)?.[1];
  if (folder === undefined) return null;
  const { name } = JSON.parse(manifest.text) as { readonly name: string };
  return { name, folder, manifest };
}

/** Tests, and what a package's tests share in a folder beside its `src`. */
export function isTest(path: string): boolean {
  return /\.test\.[jt]s$|^packages\/[^/]+\/test\//.test(path);
}
