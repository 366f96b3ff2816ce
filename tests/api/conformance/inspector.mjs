// Compares schemas, or checks documents against one; prints as JSON what is wrong with each file.
//   inspector.mjs diff SCHEMA NEWER…          the changes that break clients of SCHEMA
//   inspector.mjs validate SCHEMA DOCUMENT…   what is invalid, or deprecated
import { readFileSync } from 'node:fs'
import { CriticalityLevel, diff, validate } from '@graphql-inspector/core'
import { buildSchema, Source } from 'graphql'

const [command, first, ...others] = process.argv.slice(2)
const text = (path) => readFileSync(path, 'utf8')
const schema = buildSchema(text(first))

const checks = {
  async diff(path) {
    const changes = await diff(schema, buildSchema(text(path)))
    return changes.filter(({ criticality }) => criticality.level === CriticalityLevel.Breaking)
  },
  validate: (path) =>
    validate(schema, [new Source(text(path), path)]).flatMap(({ errors, deprecated }) => [
      ...errors,
      ...deprecated,
    ]),
}

const found = {}
for (const path of others) found[path] = (await checks[command](path)).map(({ message }) => message)
console.log(JSON.stringify(found))
