/** One text is replaced by another, which must stand there exactly once. */
export interface Edit {
  /** Below `packages`: of the built code, or of the source when a test catches it there. */
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** A bug planted into the built code. */
export interface Mutant {
  readonly name: string;
  readonly edits: readonly Edit[];
  /** A test that catches it, where the simulator cannot: there is nothing to see before leaders change. */
  readonly test?: string;
  /** Only sets of members can show it: it is hunted in those alone. */
  readonly ofSets?: boolean;
  /** Or only nodes of a mesh. */
  readonly ofMeshes?: boolean;
}
