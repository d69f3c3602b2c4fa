import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take a minute or so, by a part of their paths. */
const LONG = /kill-loop|promotion|failing-disk|replicas|verify|cli\.test|import-export|copy\.test|classic-level/;

/** Has long files begin first, so that none of them is left to run alone at the end. */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const isLong = ({ moduleId }: TestSpecification): boolean => LONG.test(moduleId);
    const sorted = await super.sort(files);
    return [...sorted.filter(isLong), ...sorted.filter((file) => !isLong(file))];
  }
}
