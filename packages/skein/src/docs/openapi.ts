import { openApiText } from '@skein/http';
import { VERSION } from '../version.ts';

/** docs/openapi.json, as every node serves it. */
export function renderOpenApi(): Promise<string> {
  return openApiText(VERSION);
}
