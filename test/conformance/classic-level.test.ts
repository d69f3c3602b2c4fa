import { createClassicLevel, storeConformance } from '@skein/testing';
import { describe, it } from 'vitest';

describe('a store on classic-level', () => storeConformance({ describe, it }, createClassicLevel));
