// Types for TypeScript from the published schema and the operations, for any client that takes
// typed documents (Apollo Client and urql do). `@graphql-codegen/cli` does the same with a
// configuration, and takes three times as much to install.
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { codegen } from '@graphql-codegen/core'
import * as operations from '@graphql-codegen/typescript-operations'
import * as documents from '@graphql-codegen/typed-document-node'
import { parse } from 'graphql'

const here = (path) => new URL(path, import.meta.url)
const parsed = async (path) => parse(await readFile(here(path), 'utf8'))

const files = (await readdir(here('../operations'))).map((name) => `../operations/${name}`).sort()
const output = here('__generated__/operations.ts')
const text = await codegen({
  filename: output.pathname,
  schema: await parsed('../../../api/graphql/schema.graphql'),
  documents: await Promise.all(
    files.map(async (location) => ({ location, document: await parsed(location) })),
  ),
  config: {
    useTypeImports: true,
    scalars: {
      // All of them travel as strings: numbers would be rounded by readers of JSON.
      BigInt: 'string',
      Cursor: 'string',
      Date: 'string',
      DateTime: 'string',
      Decimal: 'string',
      Points: 'string',
    },
  },
  plugins: [{ operations: {} }, { documents: {} }],
  pluginMap: { operations, documents },
})
await mkdir(here('__generated__/'), { recursive: true })
await writeFile(output, text)
