#!/usr/bin/env node
// The program that Prisma's Python client starts in place of the native query engine.
// `--version` is asked for at every start of the client, so it answers before anything heavy is loaded.
import { VERSION } from '../src/version.mjs';

if (process.argv.includes('--version')) {
  console.log(`query-engine ${VERSION}`);
} else {
  const { main } = await import('../src/main.mjs');
  await main(process.argv.slice(2), process.env);
}
